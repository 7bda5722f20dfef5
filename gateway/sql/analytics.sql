-- Quality and performance of conversation $1 of user $2, of its last $3 turns: one row of JSON texts and numbers, none when it
-- is not theirs. What of it is kept by the commits (totals, confidence) is of all turns.
WITH c AS (
    SELECT * FROM conversations WHERE id = $1::uuid AND user_id = $2::uuid
), t AS MATERIALIZED (
    SELECT t.agent, t.level, t.state, t.metadata::jsonb AS m
    FROM c JOIN turns t ON t.conversation_id = c.id
    WHERE t.seq > c.turn_count - $3::integer AND t.state <> 'queued'
), person AS (
    SELECT t.*, (t.m->>'processing_time_ms')::double precision AS ms FROM t WHERE NOT t.agent
)
SELECT c.id, c.turn_count, c.queued_count, c.user_done, c.agent_done, c.failed_count, c.high_count, c.medium_count, c.low_count,
    (SELECT count(*) FROM t) AS considered,
    (SELECT json_build_object('none', count(*) FILTER (WHERE level = 0), 'light', count(*) FILTER (WHERE level = 1),
        'full', count(*) FILTER (WHERE level = 2))::text FROM person) AS levels,
    (SELECT coalesce(json_object_agg(kind, n ORDER BY kind), '{}')::text FROM (
        SELECT e->>'kind' AS kind, count(*) AS n FROM t, jsonb_array_elements(t.m->'corrections') AS e GROUP BY 1) AS k) AS corrections,
    (SELECT json_build_object('count', count(ms), 'average', avg(ms), 'p50', percentile_cont(0.5) WITHIN GROUP (ORDER BY ms),
        'p95', percentile_cont(0.95) WITHIN GROUP (ORDER BY ms), 'p99', percentile_cont(0.99) WITHIN GROUP (ORDER BY ms),
        'max', max(ms))::text FROM person WHERE state = 'done') AS processing,
    (SELECT json_build_object('turns', count(*), 'share', CASE WHEN (SELECT count(*) FROM person) > 0
        THEN count(*)::double precision / (SELECT count(*) FROM person) END)::text
        FROM person WHERE m->>'ai_model_used' IS NOT NULL) AS answered,
    (SELECT coalesce(json_object_agg(cause, n ORDER BY cause), '{}')::text FROM (
        SELECT m->>'fallback' AS cause, count(*) AS n FROM t WHERE m->>'fallback' IS NOT NULL GROUP BY 1) AS f) AS fallbacks,
    (SELECT json_build_object('calls', count(DISTINCT (batch, n)), 'prompt', coalesce(sum(prompt_tokens), 0),
        'cached', coalesce(sum(cached_tokens), 0), 'output', coalesce(sum(output_tokens), 0),
        'thinking', coalesce(sum(thinking_tokens), 0))::text FROM turn_calls WHERE conversation_id = c.id) AS tokens,
    (SELECT coalesce(json_agg(json_build_object('currency', currency, 'amount', amount)), '[]')::text FROM (
        SELECT currency, sum(cost) AS amount FROM turn_calls WHERE conversation_id = c.id AND cost IS NOT NULL
        GROUP BY 1 ORDER BY 1) AS s) AS cost
FROM c
