-- Takes terms out of the glossary of conversation $1, or, where that is NULL, of user $2. $3 NULL: all of them.
DELETE FROM glossary_terms WHERE owner = coalesce($1::uuid, $2::uuid) AND user_id = $2::uuid
    AND ($3::text[] IS NULL OR term = ANY ($3::text[]))
