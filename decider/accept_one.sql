-- accept.sql and standing.sql for a batch of one turn, which most are while the load is light: the same rows and the same
-- answer (tests/e2e/accept_test.py holds them against each other) for a third less of the server's time. The parameters are
-- accept.sql's, each one value; the columns of the answer are standing.sql's.
-- IS TRUE, here and there: whose conversation it is, is asked of the row. Of an index of the user's conversations it would read
-- all that the user has, and before its first ANALYZE a table's indexes are all the same to the planner.
WITH c AS (
    SELECT c.id, c.status, c.turn_count, c.queued_count, c.processing_ms, c.user_done, c.high_count, c.medium_count,
        c.low_count, c.opt_deadline_ms, c.opt_formats, c.opt_verbatim, c.opt_profile,
        $10::text IS NULL OR (NOT $5::boolean AND (c.status = 'paused' OR (
            $9::text = 'well_formed' AND (c.glossary_version > 0 OR u.glossary_version > 0
                OR ($16::integer & 8 = 0 AND c.opt_profile IS NOT NULL))))) AS waits
    FROM conversations c JOIN users u ON u.id = c.user_id WHERE c.id = $2::uuid AND (c.user_id = $3::uuid) IS TRUE
), made AS (
    INSERT INTO turns (id, conversation_id, seq, speaker, agent, raw_text, cleaned_text, state, revision, level, forced,
        reason, metadata, gateway, shared_context, priority, words, deadline_ms, verbatim, formats, profile, traceparent,
        received_at, started_at, ended_at, created_at, finished_at)
    SELECT $1::uuid, id, turn_count + 1, $4::text, $5, $6::text, CASE WHEN NOT waits THEN $6 END,
        CASE WHEN waits THEN 'queued' ELSE 'done' END, CASE WHEN waits THEN 0 ELSE 1 END, $7::smallint, $8::boolean, $9,
        CASE WHEN NOT waits THEN $10 END, $12::text, $13::text, $14::smallint, $15::text,
        CASE WHEN $16::integer & 1 <> 0 THEN $17::integer ELSE coalesce(opt_deadline_ms, 500) END,
        CASE WHEN $16 & 4 <> 0 THEN $18::boolean ELSE coalesce(opt_verbatim, false) END,
        CASE WHEN $16 & 2 <> 0 THEN $19::integer ELSE coalesce(opt_formats, 1023) END,
        CASE WHEN $16 & 8 <> 0 THEN $20::text ELSE opt_profile END, $21::text,
        'epoch'::timestamptz + $22::bigint * interval '1 microsecond',
        'epoch'::timestamptz + $23::bigint * interval '1 microsecond',
        'epoch'::timestamptz + $24::bigint * interval '1 microsecond', now(), CASE WHEN NOT waits THEN now() END
    FROM c WHERE status <> 'completed'
    ON CONFLICT (id) DO NOTHING
    RETURNING id, seq, state, revision, metadata, deadline_ms, verbatim, formats, profile,
        (state = 'queued')::integer AS waiting, (state = 'done' AND NOT agent)::integer AS users
), announced AS (
    INSERT INTO outbox (turn_id, revision) SELECT id, 1 FROM made WHERE state = 'done'
), counted AS (
    UPDATE conversations c SET turn_count = c.turn_count + 1, queued_count = c.queued_count + m.waiting,
        agent_done = c.agent_done + (1 - m.waiting - m.users), user_done = c.user_done + m.users,
        high_count = c.high_count + m.users, processing_ms = c.processing_ms + m.users * $11::double precision,
        last_turn_at = now(), updated_at = now()
    FROM made m WHERE c.id = $2
)
SELECT c.id IS NOT NULL AS owned, c.status, coalesce(m.id, t.id) IS NOT NULL AS stored, t.id IS NOT NULL AS existed,
    coalesce(m.seq, t.seq) AS seq, coalesce(m.state, t.state) AS state, coalesce(m.revision, t.revision) AS revision,
    nullif(t.cleaned_text, t.raw_text) AS cleaned_text, CASE WHEN m.id IS NOT NULL THEN m.metadata ELSE t.metadata END AS metadata,
    (extract(epoch FROM CASE WHEN m.id IS NOT NULL THEN now() ELSE t.created_at END) * 1000000)::bigint AS created_us,
    coalesce(m.deadline_ms, t.deadline_ms) AS deadline_ms, coalesce(m.verbatim, t.verbatim) AS verbatim,
    coalesce(m.formats, t.formats) AS formats, CASE WHEN m.id IS NOT NULL THEN m.profile ELSE t.profile END AS profile,
    c.queued_count + coalesce(m.waiting, 0) AS queued_count,
    coalesce((c.processing_ms + coalesce(m.users, 0) * $11) / nullif(c.user_done + coalesce(m.users, 0), 0), 0)::bigint AS average_ms,
    c.high_count + coalesce(m.users, 0) AS high_count, c.medium_count, c.low_count
FROM (SELECT) AS one LEFT JOIN c ON true LEFT JOIN made m ON true LEFT JOIN turns t ON t.id = $1 AND t.conversation_id = c.id
