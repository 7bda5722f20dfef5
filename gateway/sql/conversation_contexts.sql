-- $1 conversation, $2 its owner -> id, active contexts as JSON
SELECT id, to_json(active_contexts) FROM conversations WHERE id = $1::uuid AND user_id = $2::uuid
