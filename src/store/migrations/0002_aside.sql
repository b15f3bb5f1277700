-- What is not an event: bodies kept aside, exact counts, quotas.

CREATE TABLE falconer.quarantine (
    id       int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    received timestamptz NOT NULL,
    cluster  int4  NOT NULL REFERENCES falconer.cluster,
    about    text  NOT NULL,
    reason   text  NOT NULL,
    digest   bytea NOT NULL,                    -- sha256 of body
    body     bytea NOT NULL,
    replayed timestamptz,
    UNIQUE (cluster, digest, received)          -- a batch stored again does not keep it twice
);
CREATE INDEX quarantine_received ON falconer.quarantine (received);

-- cause: 1 over quota, 2 quarantine full
CREATE TABLE falconer.tally (
    minute   timestamptz NOT NULL,
    cluster  int4 NOT NULL REFERENCES falconer.cluster,
    rule     int4,                              -- null: cause 2
    cause    int2 NOT NULL,
    priority int2 NOT NULL,
    count    int8 NOT NULL
);
CREATE UNIQUE INDEX tally_key ON falconer.tally
    (minute, cluster, coalesce(rule, 0), cause, priority);

-- Batches whose tallies have been added.
CREATE TABLE falconer.applied_batch (
    id uuid PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX applied_batch_at ON falconer.applied_batch (at);

CREATE TABLE falconer.quota_state (
    cluster  int4 PRIMARY KEY REFERENCES falconer.cluster,
    ordinary float8 NOT NULL,
    urgent   float8 NOT NULL,
    at       timestamptz NOT NULL DEFAULT clock_timestamp()
);
