-- How many turns a conversation of the user's own has.
SELECT turn_count FROM conversations WHERE id = $1::uuid AND user_id = $2::uuid
