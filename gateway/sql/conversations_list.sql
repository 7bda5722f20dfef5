-- $1 user, $2 status or NULL, $3 how many, $4 how many before -> conversations' columns, the last active first
SELECT id, name, description, external_id, status, turn_count,
    (extract(epoch FROM last_turn_at) * 1000000)::bigint, (extract(epoch FROM created_at) * 1000000)::bigint,
    (extract(epoch FROM updated_at) * 1000000)::bigint, metadata,
    opt_deadline_ms, opt_formats, opt_verbatim, opt_profile
FROM conversations WHERE user_id = $1::uuid AND ($2::text IS NULL OR status = $2)
ORDER BY updated_at DESC, id LIMIT $3::bigint OFFSET $4::bigint
