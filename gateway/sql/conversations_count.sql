-- $1 user, $2 status or NULL -> how many conversations
SELECT count(*) FROM conversations WHERE user_id = $1::uuid AND ($2::text IS NULL OR status = $2)
