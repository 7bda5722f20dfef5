-- The first queued turns of a conversation before turn $2, with all that a cleaner needs (common/store/job_row.h's columns).
SELECT t.id, t.conversation_id, c.user_id, t.seq, t.gateway, t.speaker, t.raw_text, t.level, t.forced, t.reason,
    t.shared_context, t.priority, t.words, t.deadline_ms, t.verbatim, t.formats, t.profile,
    (extract(epoch FROM t.received_at) * 1000000)::bigint, (extract(epoch FROM t.created_at) * 1000000)::bigint,
    (extract(epoch FROM t.started_at) * 1000000)::bigint, (extract(epoch FROM t.ended_at) * 1000000)::bigint, t.traceparent
FROM turns t JOIN conversations c ON c.id = t.conversation_id
WHERE t.conversation_id = $1::uuid AND t.seq < $2::integer AND t.state = 'queued' AND c.status <> 'paused'
ORDER BY t.seq LIMIT $3::bigint
