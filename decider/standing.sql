-- How each turn of a batch stands after accept.sql, in the batch's order: for the verdicts. `existed`: stored by an
-- earlier transaction, so this was a repeat. cleaned_text is NULL where it equals raw_text.
SELECT c.id IS NOT NULL AS owned, c.status, t.id IS NOT NULL AS stored,
    coalesce(t.made_by <> pg_current_xact_id()::xid, false) AS existed, t.seq, t.state, t.revision,
    nullif(t.cleaned_text, t.raw_text) AS cleaned_text, t.metadata,
    (extract(epoch FROM t.created_at) * 1000000)::bigint AS created_us, t.deadline_ms, t.verbatim, t.formats, t.profile,
    c.queued_count, coalesce(c.processing_ms / nullif(c.user_done, 0), 0)::bigint AS average_ms,
    c.high_count, c.medium_count, c.low_count
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) WITH ORDINALITY AS i (turn_id, conversation_id, user_id, ord)
LEFT JOIN conversations c ON c.id = i.conversation_id AND (c.user_id = i.user_id) IS TRUE
LEFT JOIN LATERAL ( -- by its id, whatever the planner thinks of conversations: they may have thousands of turns
    SELECT x.*, x.xmin AS made_by FROM turns x WHERE x.id = i.turn_id OFFSET 0
) t ON t.conversation_id = c.id
ORDER BY i.ord
