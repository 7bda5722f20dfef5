-- The turn of seq $2 in conversation $1, which a later one puts right, unless a person has had a word on it: an edit, a verdict that
-- made a revision, a rejected change.
SELECT t.id, t.raw_text, t.cleaned_text, t.revision, t.metadata, t.speaker,
    (extract(epoch FROM t.created_at) * 1000000)::bigint, (extract(epoch FROM t.started_at) * 1000000)::bigint,
    (extract(epoch FROM t.ended_at) * 1000000)::bigint
FROM turns t
WHERE t.conversation_id = $1::uuid AND t.seq = $2::integer AND t.state = 'done' AND NOT t.agent AND t.source IN ('engine', 'model')
    AND NOT EXISTS (SELECT 1 FROM turn_verdicts v WHERE v.turn_id = t.id AND v.verdict = 'reject')
