-- Deletes conversations, with all that is theirs, that nothing has happened to for $1 days and that have nothing queued; $2 at
-- a time. In the order of their ids, as everybody locks them; one that is being used just now is left for the next time.
DELETE FROM conversations WHERE id = ANY (ARRAY(
    SELECT id FROM conversations WHERE updated_at < now() - $1::bigint * interval '1 day' AND queued_count = 0
    ORDER BY id LIMIT $2::bigint FOR UPDATE SKIP LOCKED
))
