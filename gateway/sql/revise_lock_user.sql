-- The user, whose learned pairs are about to be counted: one at a time.
SELECT id FROM users WHERE id = $1::uuid FOR NO KEY UPDATE
