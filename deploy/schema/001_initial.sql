-- 001_initial.sql: users, conversations, turns, and what makes each step have its effect once.
--
-- Lock order everywhere: conversation, then turn; several conversations in the order of their ids.

CREATE TABLE users (
    id            uuid PRIMARY KEY,
    email         text NOT NULL,
    password_hash text NOT NULL,                 -- Argon2id, libsodium's string form
    role          text NOT NULL DEFAULT 'user' CHECK (role IN ('user', 'operator')),
    created_at    timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX users_email ON users (lower(email));

-- A refresh token is opaque; its successor is derived from it and the server's secret, so that a token replaced a moment
-- ago can be answered with the same new pair without either being stored.
CREATE TABLE refresh_tokens (
    hash        bytea PRIMARY KEY,               -- SHA-256 of the token
    family      uuid NOT NULL,                   -- all descendants of one login
    user_id     uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    issued_at   timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    replaced_at timestamptz                      -- used: its successor stands
);
CREATE INDEX refresh_tokens_family ON refresh_tokens (family);
CREATE INDEX refresh_tokens_expiry ON refresh_tokens (expires_at);

CREATE TABLE api_keys (
    id         uuid PRIMARY KEY,
    hash       bytea NOT NULL UNIQUE,            -- SHA-256 of the key
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    name       text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz
);
CREATE INDEX api_keys_user ON api_keys (user_id);

CREATE TABLE conversations (
    id              uuid PRIMARY KEY,
    user_id         uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    name            text NOT NULL,
    description     text,
    external_id     text,
    status          text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'paused', 'completed')),
    metadata        jsonb NOT NULL DEFAULT '{}',
    -- options, NULL where the conversation sets none
    opt_deadline_ms integer,
    opt_formats     integer,
    opt_verbatim    boolean,
    opt_profile     text,
    -- kept by the commits that change them, so that the list and the status are one index read
    turn_count      integer NOT NULL DEFAULT 0,  -- also the last seq
    queued_count    integer NOT NULL DEFAULT 0,
    user_done       integer NOT NULL DEFAULT 0,  -- the person's turns, processed
    agent_done      integer NOT NULL DEFAULT 0,  -- the agent's, passed through
    failed_count    integer NOT NULL DEFAULT 0,
    high_count      integer NOT NULL DEFAULT 0,
    medium_count    integer NOT NULL DEFAULT 0,
    low_count       integer NOT NULL DEFAULT 0,
    processing_ms   double precision NOT NULL DEFAULT 0, -- sum over user_done
    active_contexts text[] NOT NULL DEFAULT '{}',
    last_turn_at    timestamptz,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now()   -- the last activity: orders the list
);
CREATE INDEX idx_conversations_user_created ON conversations (user_id, created_at DESC);
CREATE INDEX idx_conversations_user_updated ON conversations (user_id, updated_at DESC, id);
CREATE INDEX idx_conversations_active ON conversations (user_id, updated_at DESC) WHERE status = 'active';
CREATE UNIQUE INDEX conversations_external ON conversations (user_id, external_id) WHERE external_id IS NOT NULL;

CREATE TABLE conversation_contexts (
    conversation_id uuid NOT NULL REFERENCES conversations ON DELETE CASCADE,
    context_type    text NOT NULL CHECK (context_type IN ('user_info', 'business_info', 'session_notes')),
    shared_context  text NOT NULL,
    updated_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (conversation_id, context_type)
);

CREATE TABLE context_transitions (
    conversation_id uuid NOT NULL REFERENCES conversations ON DELETE CASCADE,
    seq             integer NOT NULL,            -- the turn that brought it
    at              timestamptz NOT NULL DEFAULT now(),
    from_contexts   text[] NOT NULL,
    to_contexts     text[] NOT NULL,
    reason          text NOT NULL DEFAULT '',
    PRIMARY KEY (conversation_id, seq)
);

CREATE TABLE turns (
    id              uuid PRIMARY KEY,
    conversation_id uuid NOT NULL REFERENCES conversations ON DELETE CASCADE,
    seq             integer NOT NULL,
    speaker         text NOT NULL,
    agent           boolean NOT NULL,            -- a bypass speaker's
    raw_text        text NOT NULL,               -- never changed
    cleaned_text    text,
    state           text NOT NULL CHECK (state IN ('queued', 'done', 'failed')),
    revision        integer NOT NULL DEFAULT 0,
    level           smallint NOT NULL,           -- 0 none, 1 light, 2 full: the decision's
    forced          boolean NOT NULL DEFAULT false,
    reason          text NOT NULL DEFAULT '',    -- the decision's code
    metadata        text,                        -- api.md's object as JSON, as it was sent; NULL while queued
    -- what a cleaner needs to do the turn again when Redis has lost it
    gateway         text NOT NULL DEFAULT '',
    shared_context  text,
    priority        smallint NOT NULL DEFAULT 0,
    words           text,
    deadline_ms     integer NOT NULL,
    verbatim        boolean NOT NULL,
    formats         integer NOT NULL,
    profile         text,
    traceparent     text,
    received_at     timestamptz NOT NULL,
    started_at      timestamptz,
    ended_at        timestamptz,
    created_at      timestamptz NOT NULL DEFAULT now(),
    finished_at     timestamptz,
    fence           bigint NOT NULL DEFAULT 0,   -- the lease that finished it
    UNIQUE (conversation_id, seq)
);
CREATE INDEX idx_turns_conversation_speaker ON turns (conversation_id, speaker, created_at);
CREATE INDEX turns_queued ON turns (conversation_id, seq) WHERE state = 'queued';

-- Results whose event is not yet known to be in the log: written by the commit that finished the turn, deleted by the
-- notifier once the event is appended, sent again by the decider's sweep until then.
CREATE TABLE outbox (
    turn_id  uuid NOT NULL REFERENCES turns ON DELETE CASCADE,
    revision integer NOT NULL,
    at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (turn_id, revision)
);
CREATE INDEX outbox_at ON outbox (at);

-- Idempotency-Key: the key reserves the id of what will be made; the answer is stored when there is one.
CREATE TABLE idempotency_keys (
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    route      text NOT NULL,
    key        text NOT NULL,
    body_hash  bytea NOT NULL,
    object_id  uuid NOT NULL,
    status     integer,                          -- NULL while the first request is at work
    body       text,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, route, key)
);
CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at);
