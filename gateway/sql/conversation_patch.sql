-- $1 conversation, $2 its owner, $3 name or NULL, $4 is a description given, $5 it, $6 status or NULL, $7 is metadata given,
-- $8 it -> a conversation's columns
UPDATE conversations SET name = coalesce($3, name),
    description = CASE WHEN $4::boolean THEN $5 ELSE description END,
    status = coalesce($6, status),
    metadata = CASE WHEN $7::boolean THEN coalesce($8::jsonb, '{}') ELSE metadata END,
    updated_at = now()
WHERE id = $1::uuid AND user_id = $2::uuid
RETURNING id, name, description, external_id, status, turn_count,
    (extract(epoch FROM last_turn_at) * 1000000)::bigint, (extract(epoch FROM created_at) * 1000000)::bigint,
    (extract(epoch FROM updated_at) * 1000000)::bigint, metadata,
    opt_deadline_ms, opt_formats, opt_verbatim, opt_profile
