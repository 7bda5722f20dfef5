-- Batches that nobody will report again: their cleaners have long had the answer. A few at a time.
DELETE FROM spend_batches WHERE id IN (
    SELECT id FROM spend_batches WHERE at < now() - interval '1 day' ORDER BY at LIMIT 100)
