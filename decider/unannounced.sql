-- Results that are committed but, $1 ms later, not known to be in the event log.
SELECT o.turn_id, o.revision, t.conversation_id, t.seq, t.speaker, t.raw_text, t.cleaned_text, t.state, t.revision,
    (extract(epoch FROM t.created_at) * 1000000)::bigint, (extract(epoch FROM t.started_at) * 1000000)::bigint,
    (extract(epoch FROM t.ended_at) * 1000000)::bigint, t.metadata, t.gateway
FROM outbox o JOIN turns t ON t.id = o.turn_id
WHERE o.at < now() - $1::bigint * interval '1 millisecond'
ORDER BY t.conversation_id, t.seq, o.revision LIMIT $2::bigint
