-- The queued turns of one conversation: after its resume.
SELECT t.id, t.conversation_id, t.seq FROM turns t JOIN conversations c ON c.id = t.conversation_id
WHERE t.conversation_id = $1::uuid AND t.state = 'queued' AND c.status <> 'paused'
ORDER BY t.seq LIMIT $2::bigint
