-- Results that are committed and not known to be in the event log, after ($1, $2, $3) in the order of their commits, $4 at most; each
-- with the place after which the next page begins. A conversation's in the order of its turns.
WITH page AS (
    SELECT turn_id, revision, at FROM outbox WHERE at >= $1::timestamptz AND (at, turn_id, revision) > ($1::timestamptz, $2::uuid, $3::integer)
    ORDER BY at, turn_id, revision LIMIT $4::bigint
), last AS (SELECT at, turn_id, revision FROM page ORDER BY at DESC, turn_id DESC, revision DESC LIMIT 1)
SELECT p.turn_id, p.revision, t.conversation_id, t.seq, t.speaker, t.raw_text, t.cleaned_text, t.state, t.revision,
    (extract(epoch FROM t.created_at) * 1000000)::bigint, (extract(epoch FROM t.started_at) * 1000000)::bigint,
    (extract(epoch FROM t.ended_at) * 1000000)::bigint, t.metadata, t.gateway, last.at::text, last.turn_id, last.revision
FROM page p JOIN turns t ON t.id = p.turn_id, last
ORDER BY t.conversation_id, t.seq, p.revision
