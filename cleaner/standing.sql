-- How the turn stands after finish.sql. No row: the conversation is gone. `mine`: this lease finished it, now or in a commit
-- whose answer was lost. `later`: this lease or a later one did, also when it is queued again. Text and metadata only when another
-- lease did: ours are at hand.
SELECT c.status, t.id IS NOT NULL AS there, t.state, t.revision, t.fence = $3::bigint AS mine, t.fence >= $3::bigint AS later,
    CASE WHEN t.fence <> $3::bigint THEN t.cleaned_text END AS cleaned_text,
    CASE WHEN t.fence <> $3::bigint THEN t.metadata END AS metadata,
    EXISTS (SELECT 1 FROM turns e WHERE e.conversation_id = c.id AND e.seq < t.seq AND e.state = 'queued') AS earlier,
    array_to_json(x.from_contexts)::text AS from_contexts, array_to_json(x.to_contexts)::text AS to_contexts,
    x.reason, u.glossary_version, c.glossary_version + c.rejected_version AS conversation_version,
    json_build_object('HIGH', c.high_count, 'MEDIUM', c.medium_count, 'LOW', c.low_count)::text AS confidence
FROM conversations c
JOIN users u ON u.id = c.user_id
LEFT JOIN turns t ON t.id = $1::uuid AND (t.conversation_id = c.id) IS TRUE
LEFT JOIN context_transitions x ON x.conversation_id = c.id AND x.seq = t.seq
WHERE c.id = $2::uuid
