-- $1 conversation, $2 its owner, $3 type, $4 text, NULL to remove it. The version that knowledge.sql reads tells cleaners that
-- what they keep of the conversation is old.
WITH owned AS (
    SELECT id FROM conversations WHERE id = $1::uuid AND user_id = $2::uuid
), version AS (
    UPDATE conversations c SET rejected_version = c.rejected_version + 1 FROM owned WHERE c.id = owned.id
), removed AS (
    DELETE FROM conversation_contexts s USING owned
    WHERE s.conversation_id = owned.id AND s.context_type = $3 AND $4::text IS NULL
)
INSERT INTO conversation_contexts (conversation_id, context_type, shared_context)
SELECT id, $3, $4::text FROM owned WHERE $4::text IS NOT NULL
ON CONFLICT (conversation_id, context_type) DO UPDATE SET shared_context = excluded.shared_context, updated_at = now()
