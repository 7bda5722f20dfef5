-- $1 id, $2 owner, $3 name, $4 description, $5 external_id, $6 metadata, $7.. options: deadline_ms, formats, verbatim, profile
INSERT INTO conversations (id, user_id, name, description, external_id, metadata, opt_deadline_ms, opt_formats, opt_verbatim,
    opt_profile)
VALUES ($1::uuid, $2::uuid, $3, $4, $5, $6::jsonb, $7::integer, $8::integer, $9::boolean, $10)
ON CONFLICT (id) DO NOTHING
