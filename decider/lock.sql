-- The conversations of a batch, locked in the order of their ids, so that two deciders cannot deadlock. A statement of its
-- own: the next one's snapshot is taken after the locks, and sees what another decider has just inserted.
SELECT id FROM conversations WHERE id = ANY ($1::uuid[]) ORDER BY id FOR NO KEY UPDATE
