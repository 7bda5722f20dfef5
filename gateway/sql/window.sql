-- The last cleaned turns of a conversation of the user's own, newest first (a cleaner's window), and its options. One row of
-- NULL turn: it has none yet. No row: it is not theirs.
SELECT t.seq, t.agent, t.speaker, t.text, c.opt_verbatim, c.opt_formats, c.opt_profile
FROM conversations c LEFT JOIN LATERAL (
    SELECT seq, agent, speaker, coalesce(cleaned_text, raw_text) AS text FROM turns
    WHERE conversation_id = c.id AND state <> 'queued' ORDER BY seq DESC LIMIT 10
) t ON true
WHERE c.id = $1::uuid AND c.user_id = $2::uuid
ORDER BY t.seq DESC
