-- The last cleaned turns of a conversation of the user's own, newest first: a cleaner's window.
SELECT t.seq, t.agent, t.speaker, coalesce(t.cleaned_text, t.raw_text) AS text
FROM conversations c LEFT JOIN turns t ON t.conversation_id = c.id AND t.state IN ('done', 'failed')
WHERE c.id = $1::uuid AND c.user_id = $2::uuid
ORDER BY t.seq DESC NULLS LAST LIMIT 10
