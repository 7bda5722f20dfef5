-- The turn's conversation, locked before the turn (the lock order everywhere), in a statement of its own: the next one's
-- snapshot is taken after the lock.
SELECT id FROM conversations WHERE id = $1::uuid AND user_id = $2::uuid FOR NO KEY UPDATE
