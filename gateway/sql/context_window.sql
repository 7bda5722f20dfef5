-- $1 conversation, $2 its owner, $3 how many -> the newest cleaned turns, oldest first: seq, speaker, text
SELECT seq, speaker, cleaned_text FROM (
    SELECT t.seq, t.speaker, t.cleaned_text
    FROM turns t JOIN conversations c ON c.id = t.conversation_id
    WHERE c.id = $1::uuid AND c.user_id = $2::uuid AND t.conversation_id = $1::uuid AND t.state = 'done'
    ORDER BY t.seq DESC LIMIT $3::bigint) newest
ORDER BY seq
