-- A ledger that can be believed: what was written stays as it was, or `trashd ledger verify` tells.
ALTER TABLE {schema}.ledger ADD address text;   -- of whom the request came from

CREATE TABLE {schema}.ledger_seal (
    id bigint PRIMARY KEY,               -- 1, 2, 3 ...
    at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    after bigint NOT NULL,               -- covers the entries with ids from after + 1 ...
    upto bigint NOT NULL,                -- ... to here; there will be no others
    entries bigint[] NOT NULL,
    digests bytea[] NOT NULL,            -- SHA-256 of each
    hash bytea NOT NULL                  -- SHA-256 of the previous seal's hash and all of this
);
COMMENT ON TABLE {schema}.ledger_seal IS 'a chain of hashes over the ledger';

CREATE FUNCTION {schema}.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END
$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {schema}.ledger
    FOR EACH STATEMENT EXECUTE FUNCTION {schema}.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {schema}.ledger_seal
    FOR EACH STATEMENT EXECUTE FUNCTION {schema}.refuse_change();
