-- Answers kept under the keys that clients chose, so that a repeated request changes nothing twice.
CREATE TABLE {schema}.idempotency (
    principal text NOT NULL,
    key text NOT NULL,
    fingerprint text NOT NULL,           -- of the request: another one under the same key is refused
    claim uuid NOT NULL DEFAULT pg_catalog.gen_random_uuid(),  -- who runs it
    claimed_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    status int,                          -- NULL: it still runs
    media_type text,
    headers text[],                      -- name, value, name, value ...
    body text,
    PRIMARY KEY (principal, key)
);
CREATE INDEX idempotency_age ON {schema}.idempotency (claimed_at);
COMMENT ON TABLE {schema}.idempotency IS 'answers by Idempotency-Key, for as long as they are kept';
