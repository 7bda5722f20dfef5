-- An open alert, $1, that nobody looks after any more: its rule or metric is gone, or the metric has a newer one.
UPDATE alerts SET state = 'resolved', resolved_at = now(), changed_at = now() WHERE id = $1::uuid AND state = 'open'
