-- A page of a conversation's turns, up to the one before $2, newest first.
SELECT t.id, t.conversation_id, t.seq, t.speaker, t.raw_text, t.cleaned_text, t.state, t.revision,
    (extract(epoch FROM t.created_at) * 1000000)::bigint AS created_us,
    (extract(epoch FROM t.started_at) * 1000000)::bigint AS started_us,
    (extract(epoch FROM t.ended_at) * 1000000)::bigint AS ended_us, t.metadata
FROM turns t JOIN conversations c ON c.id = t.conversation_id
WHERE t.conversation_id = $1::uuid AND c.user_id = $4::uuid AND t.seq < $2::integer
ORDER BY t.seq DESC LIMIT $3::integer
