-- How far each web hook has been told what the ledger says (docs/events.md). One instance at a time tells it:
-- who has the lease. Who lost it changes nothing here any more.
CREATE TABLE {schema}.webhook (
    url text PRIMARY KEY,
    after bigint NOT NULL,               -- the last entry of the ledger that was taken up
    failures int NOT NULL DEFAULT 0,     -- tries in a row for which the partner could not be reached
    paused_until timestamptz,
    told_at timestamptz,                 -- the last entry that was taken
    error text,                          -- of the last try; NULL: it was taken
    given_up bigint NOT NULL DEFAULT 0,  -- entries that were tried for too long
    owner uuid,
    leased_until timestamptz
);
COMMENT ON TABLE {schema}.webhook IS 'web hooks, and how far each has been told';

-- Entries that wait to be tried again, and those behind them that are of the same group.
CREATE TABLE {schema}.webhook_retry (
    url text NOT NULL REFERENCES {schema}.webhook ON DELETE CASCADE,
    entry bigint NOT NULL,               -- of the ledger
    group_uuid uuid,
    tries int NOT NULL,
    since timestamptz NOT NULL DEFAULT pg_catalog.now(),
    next_at timestamptz NOT NULL,
    PRIMARY KEY (url, entry)
);
COMMENT ON TABLE {schema}.webhook_retry IS 'entries that a web hook has not taken yet';
CREATE INDEX webhook_retry_group ON {schema}.webhook_retry (url, group_uuid, entry);
