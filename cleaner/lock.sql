-- The turn's conversation, locked before the turn (the lock order everywhere), in a statement of its own: the next one's
-- snapshot is taken after the lock.
SELECT id FROM conversations WHERE id = $1::uuid FOR NO KEY UPDATE
