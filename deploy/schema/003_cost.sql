-- 003_cost.sql: what the calls of a language model took, in tokens and money: by turn, and by UTC day.
--
-- A cleaner reports calls in batches with an id of their own, so that a report whose answer was lost counts once. Tokens of
-- kind prompt have the cached ones among them; thinking is beside output. Costs are NULL where no price is configured.

CREATE TABLE spend_batches (
    id uuid PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX spend_batches_at ON spend_batches (at);

-- A call's share of each turn that it was made for.
CREATE TABLE turn_calls (
    turn_id         uuid NOT NULL REFERENCES turns ON DELETE CASCADE,
    batch           uuid NOT NULL,
    n               integer NOT NULL,            -- the call's place in its batch
    conversation_id uuid NOT NULL,
    at              timestamptz NOT NULL,
    provider        text NOT NULL,
    model           text NOT NULL,
    tier            text NOT NULL,               -- that served it, as the service said; '' when it did not
    prompt_tokens   bigint NOT NULL,
    cached_tokens   bigint NOT NULL,
    output_tokens   bigint NOT NULL,
    thinking_tokens bigint NOT NULL,
    cost            numeric(20, 9),
    currency        text NOT NULL,               -- '' without a cost
    PRIMARY KEY (turn_id, batch, n)
);
CREATE INDEX turn_calls_conversation ON turn_calls (conversation_id);

-- Stays when conversations are deleted.
CREATE TABLE model_days (
    day             date NOT NULL,
    provider        text NOT NULL,
    model           text NOT NULL,
    tier            text NOT NULL,
    currency        text NOT NULL,
    calls           bigint NOT NULL,
    unanswered      bigint NOT NULL,             -- of them, calls that nobody told the cost of
    prompt_tokens   bigint NOT NULL,
    cached_tokens   bigint NOT NULL,
    output_tokens   bigint NOT NULL,
    thinking_tokens bigint NOT NULL,
    cost            numeric(20, 9),
    PRIMARY KEY (day, provider, model, tier, currency)
);
