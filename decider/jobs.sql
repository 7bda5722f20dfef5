-- What a cleaner needs of the queued turns among $1, in order.
SELECT t.id, t.conversation_id, c.user_id, t.seq, t.gateway, t.speaker, t.raw_text, t.level, t.forced, t.reason,
    t.shared_context, t.priority, t.words, t.deadline_ms, t.verbatim, t.formats, t.profile,
    (extract(epoch FROM t.received_at) * 1000000)::bigint, (extract(epoch FROM t.created_at) * 1000000)::bigint,
    (extract(epoch FROM t.started_at) * 1000000)::bigint, (extract(epoch FROM t.ended_at) * 1000000)::bigint, t.traceparent
FROM turns t JOIN conversations c ON c.id = t.conversation_id
WHERE t.id = ANY ($1::uuid[]) AND t.state = 'queued' AND c.status <> 'paused'
ORDER BY t.conversation_id, t.seq
