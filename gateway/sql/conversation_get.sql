-- $1 conversation, $2 its owner -> a conversation's columns
SELECT id, name, description, external_id, status, turn_count,
    (extract(epoch FROM last_turn_at) * 1000000)::bigint, (extract(epoch FROM created_at) * 1000000)::bigint,
    (extract(epoch FROM updated_at) * 1000000)::bigint, metadata,
    opt_deadline_ms, opt_formats, opt_verbatim, opt_profile
FROM conversations WHERE id = $1::uuid AND user_id = $2::uuid
