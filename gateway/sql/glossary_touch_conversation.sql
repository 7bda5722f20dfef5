-- The same for a conversation's glossary: $1 conversation, $3 its owner. No row: it is not there.
UPDATE conversations SET glossary_version = CASE WHEN $2::bigint[] IS NULL OR glossary_version = ANY ($2::bigint[])
    THEN glossary_version + 1 END
WHERE id = $1::uuid AND user_id = $3::uuid
