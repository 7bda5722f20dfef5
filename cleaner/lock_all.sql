-- As lock.sql, for the turns of several conversations in one transaction, which none of them may hold up: where another has a
-- conversation locked it is given up (55P03), and each turn goes alone. In the order of the ids, as the deciders lock.
SELECT id FROM conversations WHERE id = ANY ($1::uuid[]) ORDER BY id FOR NO KEY UPDATE NOWAIT
