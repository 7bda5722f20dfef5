-- $1 conversation, $2 its owner, $3 how many -> the newest changes of context, oldest first: when, from, to, reason
SELECT at, from_contexts, to_contexts, reason FROM (
    SELECT t.seq, (extract(epoch FROM t.at) * 1000000)::bigint AS at, to_json(t.from_contexts) AS from_contexts,
        to_json(t.to_contexts) AS to_contexts, t.reason
    FROM context_transitions t JOIN conversations c ON c.id = t.conversation_id
    WHERE c.id = $1::uuid AND c.user_id = $2::uuid ORDER BY t.seq DESC LIMIT $3::bigint) newest
ORDER BY seq
