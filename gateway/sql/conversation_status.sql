-- $1 conversation, $2 its owner -> what its status is made of: the kept columns and the newest turn's state
SELECT queued_count, turn_count, user_done, agent_done, failed_count, high_count, medium_count, low_count, processing_ms,
    to_json(active_contexts),
    (SELECT t.state FROM turns t WHERE t.conversation_id = c.id AND t.seq = c.turn_count)
FROM conversations c WHERE id = $1::uuid AND user_id = $2::uuid
