-- A page of the queued turns after ($1, $2), for a cleaner that works without Redis: job_row.h's columns of those that may be
-- done now (nothing or light cleaning, first of their conversation, not paused), NULL for the others; then where each stands.
WITH page AS (
    SELECT id, conversation_id, seq FROM turns WHERE state = 'queued' AND (conversation_id, seq) > ($1::uuid, $2::integer)
    ORDER BY conversation_id, seq LIMIT $3::bigint
)
SELECT t.id, t.conversation_id, c.user_id, t.seq, t.gateway, t.speaker, t.raw_text, t.level, t.forced, t.reason,
    t.shared_context, t.priority, t.words, t.deadline_ms, t.verbatim, t.formats, t.profile,
    (extract(epoch FROM t.received_at) * 1000000)::bigint, (extract(epoch FROM t.created_at) * 1000000)::bigint,
    (extract(epoch FROM t.started_at) * 1000000)::bigint, (extract(epoch FROM t.ended_at) * 1000000)::bigint, t.traceparent,
    p.conversation_id, p.seq
FROM page p
JOIN conversations c ON c.id = p.conversation_id
LEFT JOIN turns t ON t.id = p.id AND t.level <= 1 AND c.status <> 'paused' AND NOT EXISTS (
    SELECT 1 FROM turns e WHERE e.conversation_id = p.conversation_id AND e.seq < p.seq AND e.state = 'queued')
ORDER BY p.conversation_id, p.seq
