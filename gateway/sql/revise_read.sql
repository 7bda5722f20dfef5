-- Turn $1 of user $2 in conversation $3, the columns of a turn first; what was said of correction $4 (NULL: none asked for);
-- the conversation's counts.
SELECT t.id, t.conversation_id, t.seq, t.speaker, t.raw_text, t.cleaned_text, t.state, t.revision,
    (extract(epoch FROM t.created_at) * 1000000)::bigint AS created_us,
    (extract(epoch FROM t.started_at) * 1000000)::bigint AS started_us,
    (extract(epoch FROM t.ended_at) * 1000000)::bigint AS ended_us, t.metadata,
    v.verdict, v.correction, c.high_count, c.medium_count, c.low_count
FROM turns t JOIN conversations c ON c.id = t.conversation_id
LEFT JOIN turn_verdicts v ON v.turn_id = t.id AND v.correction_id = $4::text
WHERE t.id = $1::uuid AND c.user_id = $2::uuid AND t.conversation_id = $3::uuid
