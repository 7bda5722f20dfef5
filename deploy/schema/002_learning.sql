-- 002_learning.sql: revisions of turns, glossaries, and what is learned from a person's edits and verdicts.
--
-- Lock order: conversation, then turn, then user. A user's row is locked by what changes their glossary or learned pairs.

-- Who made the revision that stands.
ALTER TABLE turns ADD COLUMN source text NOT NULL DEFAULT 'engine'
    CHECK (source IN ('engine', 'user', 'verdict', 'model'));

-- The revisions that do not stand any more. The one that does is the row of turns; raw_text is the same for all.
CREATE TABLE turn_revisions (
    turn_id      uuid NOT NULL REFERENCES turns ON DELETE CASCADE,
    revision     integer NOT NULL,
    source       text NOT NULL,
    state        text NOT NULL,
    cleaned_text text,
    metadata     text,
    replaced_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (turn_id, revision)
);

-- Here and not in the statements that make revisions, so that none of them can forget it.
CREATE FUNCTION keep_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO turn_revisions (turn_id, revision, source, state, cleaned_text, metadata)
    VALUES (OLD.id, OLD.revision, OLD.source, OLD.state, OLD.cleaned_text, OLD.metadata);
    RETURN NULL;
END $$;
CREATE TRIGGER turns_keep_revision AFTER UPDATE OF revision ON turns FOR EACH ROW
    WHEN (OLD.revision > 0 AND NEW.revision > OLD.revision) EXECUTE FUNCTION keep_revision();

-- What a person said of a correction, or what an edit of theirs says about it. One that an edit made is there with verdict
-- accept. heard and meant: what is learned from it, NULL for nothing. correction: as it stood in metadata, to put it back.
CREATE TABLE turn_verdicts (
    turn_id         uuid NOT NULL REFERENCES turns ON DELETE CASCADE,
    correction_id   text NOT NULL,
    conversation_id uuid NOT NULL,
    verdict         text NOT NULL CHECK (verdict IN ('accept', 'reject')),
    by_edit         boolean NOT NULL,
    original        text NOT NULL,
    corrected       text NOT NULL,
    heard           text,
    meant           text,
    correction      text NOT NULL,
    at              timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (turn_id, correction_id)
);
CREATE INDEX turn_verdicts_rejected ON turn_verdicts (conversation_id, at DESC) WHERE verdict = 'reject';

-- Counts over all of a user's turns, each turn once. heard '' is a term that the agent used; accepted counts its uses then.
-- dropped: the user took it out of the glossary; it is not learned again.
CREATE TABLE learned_pairs (
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    heard      text NOT NULL,
    meant      text NOT NULL,
    accepted   integer NOT NULL DEFAULT 0,
    rejected   integer NOT NULL DEFAULT 0,
    dropped    boolean NOT NULL DEFAULT false,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, heard, meant)
);

-- The terms that a user wrote: their own (conversation_id NULL) and each conversation's. Learned ones are not here: they
-- are the pairs above that have passed the threshold.
CREATE TABLE glossary_terms (
    owner           uuid NOT NULL GENERATED ALWAYS AS (coalesce(conversation_id, user_id)) STORED,
    user_id         uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    conversation_id uuid REFERENCES conversations ON DELETE CASCADE,
    place           integer NOT NULL,            -- the order in which they were given
    term            text NOT NULL,
    sounds_like     text[] NOT NULL DEFAULT '{}',
    category        text,
    PRIMARY KEY (owner, term)
);
CREATE INDEX glossary_terms_user ON glossary_terms (user_id);
CREATE INDEX glossary_terms_conversation ON glossary_terms (conversation_id) WHERE conversation_id IS NOT NULL;

-- Grow with each change: ETags, and how a cleaner knows whether what it keeps is still true. A user's counts the learned
-- pairs, too.
ALTER TABLE users ADD COLUMN glossary_version bigint NOT NULL DEFAULT 0;
ALTER TABLE conversations ADD COLUMN glossary_version bigint NOT NULL DEFAULT 0,
    ADD COLUMN rejected_version bigint NOT NULL DEFAULT 0, -- the rejections
    ADD COLUMN taught_seq integer NOT NULL DEFAULT 0;      -- the agent's turns up to here have taught their terms
