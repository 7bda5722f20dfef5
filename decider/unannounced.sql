-- The oldest results that are committed but, $1 ms later, not known to be in the event log.
WITH late AS (
    SELECT turn_id, revision FROM outbox
    WHERE at < now() - $1::bigint * interval '1 millisecond' ORDER BY at LIMIT $2::bigint
)
SELECT o.turn_id, o.revision, t.conversation_id, t.seq, t.speaker, t.raw_text, t.cleaned_text, t.state, t.revision,
    (extract(epoch FROM t.created_at) * 1000000)::bigint, (extract(epoch FROM t.started_at) * 1000000)::bigint,
    (extract(epoch FROM t.ended_at) * 1000000)::bigint, t.metadata, t.gateway
FROM late o JOIN turns t ON t.id = o.turn_id
ORDER BY t.conversation_id, t.seq, o.revision
