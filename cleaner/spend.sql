-- A batch $1 of calls, once: $2 when (us), $3 provider, $4 model, $5 tier, $6 answered, $7..$10 tokens, $11 cost in 1e-9 of the
-- currency $12 or NULL; side by side. $13 turns with $14 the call's place (from 1), $15 the turn's place among $16 that share it.
WITH fresh AS (
    INSERT INTO spend_batches (id) VALUES ($1::uuid) ON CONFLICT DO NOTHING RETURNING id
), calls AS (
    SELECT u.*, to_timestamp(u.us / 1000000.0) AS at, CASE WHEN u.nano IS NULL THEN '' ELSE $12::text END AS currency
    FROM fresh, unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::bigint[], $8::bigint[], $9::bigint[],
        $10::bigint[], $11::bigint[]) WITH ORDINALITY
        AS u (us, provider, model, tier, answered, prompt, cached, output, thinking, nano, n)
), shared AS (
    -- k of m: floor(x k / m) - floor(x (k - 1) / m), so that the shares of a call are the call
    INSERT INTO turn_calls (turn_id, batch, n, conversation_id, at, provider, model, tier, prompt_tokens, cached_tokens,
        output_tokens, thinking_tokens, cost, currency)
    SELECT t.id, $1::uuid, c.n, t.conversation_id, c.at, c.provider, c.model, c.tier,
        c.prompt * s.k / s.m - c.prompt * (s.k - 1) / s.m, c.cached * s.k / s.m - c.cached * (s.k - 1) / s.m,
        c.output * s.k / s.m - c.output * (s.k - 1) / s.m, c.thinking * s.k / s.m - c.thinking * (s.k - 1) / s.m,
        (c.nano * s.k / s.m - c.nano * (s.k - 1) / s.m) / 1000000000::numeric, c.currency
    FROM unnest($13::uuid[], $14::integer[], $15::integer[], $16::integer[]) AS s (turn_id, n, k, m)
    JOIN calls c ON c.n = s.n
    -- locked: one that is being deleted is waited for and left out, instead of failing the whole batch
    JOIN LATERAL (SELECT x.id, x.conversation_id FROM turns x WHERE x.id = s.turn_id FOR KEY SHARE) t ON true
    ON CONFLICT DO NOTHING
)
INSERT INTO model_days AS d (day, provider, model, tier, currency, calls, unanswered, prompt_tokens, cached_tokens, output_tokens,
    thinking_tokens, cost)
SELECT (c.at AT TIME ZONE 'UTC')::date, c.provider, c.model, c.tier, c.currency, count(*), count(*) FILTER (WHERE NOT c.answered),
    sum(c.prompt), sum(c.cached), sum(c.output), sum(c.thinking), sum(c.nano) / 1000000000::numeric
FROM calls c GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
ON CONFLICT (day, provider, model, tier, currency) DO UPDATE SET calls = d.calls + excluded.calls,
    unanswered = d.unanswered + excluded.unanswered, prompt_tokens = d.prompt_tokens + excluded.prompt_tokens,
    cached_tokens = d.cached_tokens + excluded.cached_tokens, output_tokens = d.output_tokens + excluded.output_tokens,
    thinking_tokens = d.thinking_tokens + excluded.thinking_tokens, cost = d.cost + excluded.cost
