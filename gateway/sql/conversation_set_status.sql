-- $1 conversation, $2 its owner, $3 the status it gets, unless it has $4 -> a conversation's columns
UPDATE conversations SET status = $3, updated_at = now()
WHERE id = $1::uuid AND user_id = $2::uuid AND status <> $4
RETURNING id, name, description, external_id, status, turn_count,
    (extract(epoch FROM last_turn_at) * 1000000)::bigint, (extract(epoch FROM created_at) * 1000000)::bigint,
    (extract(epoch FROM updated_at) * 1000000)::bigint, metadata,
    opt_deadline_ms, opt_formats, opt_verbatim, opt_profile
