-- The turns $2 .. $3 of a conversation as a cleaner sees them. A queued one among them comes first: this turn is too early.
-- doubtful: its doubtful words, one a line.
SELECT seq, agent, speaker, coalesce(cleaned_text, raw_text) AS text, state = 'queued' AS queued,
    (SELECT string_agg(d ->> 'text', E'\n') FROM json_array_elements(metadata::json -> 'doubtful') d) AS doubtful
FROM turns WHERE conversation_id = $1::uuid AND seq BETWEEN $2::integer AND $3::integer ORDER BY seq
