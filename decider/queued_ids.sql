-- A page of the turns that should be in the queue, after ($2, $3), older than $1 ms: the sweep asks Redis which it knows.
SELECT t.id, t.conversation_id, t.seq
FROM turns t JOIN conversations c ON c.id = t.conversation_id
WHERE t.state = 'queued' AND c.status <> 'paused' AND t.created_at < now() - $1::bigint * interval '1 millisecond'
    AND (t.conversation_id, t.seq) > ($2::uuid, $3::integer)
ORDER BY t.conversation_id, t.seq LIMIT $4::bigint
