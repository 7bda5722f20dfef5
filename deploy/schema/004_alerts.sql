-- 004_alerts.sql: targets that were missed again and again, from the opening of an alert to its end. The monitor writes them;
-- what operators say of them is the gateway's.

CREATE TABLE alerts (
    id              uuid PRIMARY KEY,            -- of version 7, drawn when it is opened: their order
    alert           text NOT NULL,               -- the rule's name
    metric          text NOT NULL,
    severity        text NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
    action          text NOT NULL,
    state           text NOT NULL CHECK (state IN ('open', 'resolved')),
    has_data        boolean NOT NULL,            -- open without: nobody knows
    value           double precision,            -- p99 at the last change with data, in the unit; of a rate the least
    limit_value     double precision NOT NULL,
    target          double precision NOT NULL,
    unit            text NOT NULL,
    window_name     text NOT NULL,               -- 1m, 5m, 1h: what was looked at ..
    samples         bigint NOT NULL,             -- .. had so many ..
    over            bigint NOT NULL,             -- .. and so many of them past the limit
    opened_at       timestamptz NOT NULL,
    changed_at      timestamptz NOT NULL,
    resolved_at     timestamptz,
    acknowledged_at timestamptz,
    acknowledged_by uuid REFERENCES users ON DELETE SET NULL
);
CREATE INDEX alerts_open ON alerts (id) WHERE state = 'open';
CREATE INDEX alerts_resolved ON alerts (resolved_at) WHERE state = 'resolved';
