-- Of the conversations $1, those that somebody else has locked just now. Waits for none of them.
WITH free AS MATERIALIZED (
    SELECT id FROM conversations WHERE id = ANY ($1::uuid[]) FOR NO KEY UPDATE SKIP LOCKED
)
SELECT id FROM conversations WHERE id = ANY ($1::uuid[]) AND id NOT IN (SELECT id FROM free)
