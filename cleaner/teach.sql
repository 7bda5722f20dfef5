-- Names that the agent used in turns of conversation $1: $2 seqs and $3 names, side by side. Turns up to taught_seq have
-- taught theirs already; $4 is the last one looked at. A name counts once a turn; from $5 turns on it is a learned term, and
-- the user's glossary another. At most $6 pairs are kept of a user, and none of what they wrote themselves.
WITH c AS (
    SELECT id, user_id, taught_seq FROM conversations WHERE id = $1::uuid AND taught_seq < $4::integer
), used AS (
    SELECT c.user_id, u.term, count(DISTINCT u.seq)::integer AS n
    FROM c JOIN unnest($2::integer[], $3::text[]) AS u (seq, term) ON u.seq > c.taught_seq
    WHERE NOT EXISTS (SELECT 1 FROM glossary_terms g WHERE g.owner IN (c.id, c.user_id) AND g.term = u.term)
    GROUP BY c.user_id, u.term
), moved AS (
    UPDATE conversations SET taught_seq = $4::integer WHERE id = $1::uuid AND taught_seq < $4::integer
), counted AS (
    INSERT INTO learned_pairs AS p (user_id, heard, meant, accepted)
    SELECT u.user_id, '', u.term, u.n FROM used u
    WHERE (SELECT count(*) FROM learned_pairs l WHERE l.user_id = u.user_id) < $6::integer
        OR EXISTS (SELECT 1 FROM learned_pairs l WHERE l.user_id = u.user_id AND l.heard = '' AND l.meant = u.term)
    ORDER BY u.term
    ON CONFLICT (user_id, heard, meant) DO UPDATE SET accepted = p.accepted + excluded.accepted, updated_at = now()
    RETURNING p.user_id, p.meant, p.accepted, p.dropped
)
UPDATE users SET glossary_version = glossary_version + 1
WHERE id IN (SELECT k.user_id FROM counted k JOIN used u ON u.term = k.meant
    WHERE NOT k.dropped AND k.accepted >= $5::integer AND k.accepted - u.n < $5::integer)
