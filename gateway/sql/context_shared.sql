-- $1 conversation, $2 its owner -> type and text of each shared context
SELECT s.context_type, s.shared_context
FROM conversation_contexts s JOIN conversations c ON c.id = s.conversation_id
WHERE c.id = $1::uuid AND c.user_id = $2::uuid ORDER BY s.context_type
