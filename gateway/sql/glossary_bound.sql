-- Refuses (division by zero) a glossary of more than $3 terms.
SELECT 1 / (count(*) <= $3::integer)::integer FROM glossary_terms WHERE owner = coalesce($1::uuid, $2::uuid)
