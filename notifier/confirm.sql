-- These results are in the event log.
DELETE FROM outbox o USING unnest($1::uuid[], $2::integer[]) AS d (turn_id, revision)
WHERE o.turn_id = d.turn_id AND o.revision = d.revision
