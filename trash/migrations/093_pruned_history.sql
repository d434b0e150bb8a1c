-- Ended groups and entries of the ledger are forgotten when they are older than the configuration keeps them
-- (docs/decisions/pruned-history.md). What was forgotten leaves a checkpoint, so that the chain of hashes
-- still proves what is left, and tells whoever deletes an entry in another way.
CREATE TABLE {schema}.ledger_checkpoint (
    id bigint PRIMARY KEY,               -- 1, 2, 3 ...
    at timestamptz NOT NULL,             -- when it was written
    before timestamptz NOT NULL,         -- entries that were written before this time are gone
    entries bigint NOT NULL,             -- how many this one has taken
    groups bigint NOT NULL,              -- and of the groups that had ended
    pruned int8multirange NOT NULL,      -- ids of the entries that it has taken
    seal bigint NOT NULL,                -- the last seal that is gone, with all before it; 0: none
    upto bigint NOT NULL,                -- of that seal
    hash bytea NOT NULL,                 -- of that seal; empty: there is none
    heads bytea NOT NULL,                -- hashes of the seals that this one has taken, 32 bytes each
    digest bytea NOT NULL,               -- SHA-256 of the previous checkpoint's digest and all of this
    entry bigint NOT NULL                -- of the ledger, which has id and digest as its object
);
COMMENT ON TABLE {schema}.ledger_checkpoint IS 'what was pruned from the ledger; the chain goes on from here';
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {schema}.ledger_checkpoint
    FOR EACH STATEMENT EXECUTE FUNCTION {schema}.refuse_change();

-- What the newest checkpoint does not tell of does not go. Entries of the same transaction go as before.
CREATE FUNCTION {schema}.refuse_unpruned() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.id OPERATOR(pg_catalog.<@) (
            SELECT c.pruned FROM {schema}.ledger_checkpoint c ORDER BY c.id DESC LIMIT 1)) IS NOT TRUE THEN
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
    END IF;
    RETURN OLD;
END
$$;
CREATE FUNCTION {schema}.refuse_unpruned_seal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.id OPERATOR(pg_catalog.<=) (
            SELECT c.seal FROM {schema}.ledger_checkpoint c ORDER BY c.id DESC LIMIT 1)) IS NOT TRUE THEN
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
    END IF;
    RETURN OLD;
END
$$;
DROP TRIGGER append_only_rows ON {schema}.ledger;
CREATE TRIGGER append_only_rows BEFORE DELETE ON {schema}.ledger
    FOR EACH ROW WHEN (old.at OPERATOR(pg_catalog.<>) pg_catalog.now())
    EXECUTE FUNCTION {schema}.refuse_unpruned();
DROP TRIGGER append_only ON {schema}.ledger_seal;
CREATE TRIGGER append_only BEFORE UPDATE OR TRUNCATE ON {schema}.ledger_seal
    FOR EACH STATEMENT EXECUTE FUNCTION {schema}.refuse_change();
CREATE TRIGGER append_only_rows BEFORE DELETE ON {schema}.ledger_seal
    FOR EACH ROW EXECUTE FUNCTION {schema}.refuse_unpruned_seal();

-- The part of a checkpoint that the digest is of, as verifying reads it too.
CREATE FUNCTION {schema}.checkpoint_digest(c {schema}.ledger_checkpoint, previous bytea) RETURNS bytea
LANGUAGE sql STABLE AS $$
    SELECT pg_catalog.sha256(previous OPERATOR(pg_catalog.||) pg_catalog.int8send(c.id)
        OPERATOR(pg_catalog.||) pg_catalog.timestamptz_send(c.at)
        OPERATOR(pg_catalog.||) pg_catalog.timestamptz_send(c.before)
        OPERATOR(pg_catalog.||) pg_catalog.int8send(c.entries)
        OPERATOR(pg_catalog.||) pg_catalog.int8send(c.groups)
        OPERATOR(pg_catalog.||) pg_catalog.convert_to(c.pruned::pg_catalog.text, 'UTF8')
        OPERATOR(pg_catalog.||) pg_catalog.int8send(c.seal)
        OPERATOR(pg_catalog.||) pg_catalog.int8send(c.upto)
        OPERATOR(pg_catalog.||) c.hash OPERATOR(pg_catalog.||) c.heads)
$$;

-- Forgets what is older than `before` among the next `most` entries behind the one with the id `place`. last:
-- the last of these; NULL: there are none. Only what is sealed goes; entries of groups in the trash stay, and
-- so do those of groups that others have locked. Seals go from the first on, as far as none of their entries
-- is left, but never the last one: the chain begins behind them.
CREATE FUNCTION {schema}.prune_history(before timestamptz, place bigint, most int,
    OUT last bigint, OUT entries bigint, OUT groups bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    _old {schema}.ledger_checkpoint;
    _new {schema}.ledger_checkpoint;
    _newest {schema}.ledger_seal;
    _uuids uuid[];
    _ended uuid[];
    _there uuid[];
    _ids bigint[];
    _gone bigint[];
    _left bigint;
    _others bool;
BEGIN
    entries := 0;
    groups := 0;
    SELECT s.* INTO _newest FROM {schema}.ledger_seal s ORDER BY s.id DESC LIMIT 1;
    SELECT pg_catalog.max(p.id),
        pg_catalog.array_agg(DISTINCT p.group_uuid) FILTER (
            WHERE p.at OPERATOR(pg_catalog.<) before AND p.group_uuid IS NOT NULL)
    INTO last, _uuids
    FROM (SELECT l.id, l.at, l.group_uuid FROM {schema}.ledger l
        WHERE l.id OPERATOR(pg_catalog.>) place AND l.id OPERATOR(pg_catalog.<=) _newest.upto
        ORDER BY l.id LIMIT most) p;
    IF last IS NULL THEN RETURN; END IF;
    -- An undo may put such a group into the trash again, which it locks before.
    SELECT pg_catalog.array_agg(e.uuid) INTO _ended
    FROM (SELECT g.uuid FROM {schema}.trash_group g
        WHERE g.uuid OPERATOR(pg_catalog.=) ANY (_uuids) AND g.state OPERATOR(pg_catalog.<>) 'trashed'
        FOR UPDATE SKIP LOCKED) e;
    SELECT pg_catalog.array_agg(g.uuid) INTO _there FROM {schema}.trash_group g
    WHERE g.uuid OPERATOR(pg_catalog.=) ANY (_uuids);
    SELECT pg_catalog.array_agg(l.id ORDER BY l.id), pg_catalog.bool_or(l.action OPERATOR(pg_catalog.<>) 'pruned')
    INTO _ids, _others
    FROM {schema}.ledger l
    WHERE l.id OPERATOR(pg_catalog.>) place AND l.id OPERATOR(pg_catalog.<=) last
      AND l.at OPERATOR(pg_catalog.<) before
      AND (l.group_uuid IS NULL
        OR l.group_uuid OPERATOR(pg_catalog.=) ANY (_ended)
        OR (l.group_uuid OPERATOR(pg_catalog.=) ANY (_there)) IS NOT TRUE);
    -- What tells of pruning alone is not worth another entry that tells of it.
    IF _others IS NOT TRUE THEN RETURN; END IF;

    SELECT c.* INTO _old FROM {schema}.ledger_checkpoint c ORDER BY c.id DESC LIMIT 1;
    SELECT pg_catalog.min(l.id) INTO _left
    FROM (SELECT l.id FROM {schema}.ledger l
        WHERE l.id NOT IN (SELECT u.id FROM pg_catalog.unnest(_ids) u(id))
        ORDER BY l.id LIMIT 1) l;
    _new.id := COALESCE(_old.id, 0) OPERATOR(pg_catalog.+) 1;
    _new.at := pg_catalog.now();
    _new.before := before;
    _new.entries := pg_catalog.cardinality(_ids);
    _new.pruned := (SELECT pg_catalog.range_agg(pg_catalog.int8range(u.id, u.id OPERATOR(pg_catalog.+) 1))
        FROM pg_catalog.unnest(_ids) u(id));
    SELECT COALESCE(pg_catalog.max(s.id), _old.seal, 0),
        COALESCE(pg_catalog.string_agg(s.hash, '' ORDER BY s.id), '')
    INTO _new.seal, _new.heads
    FROM (SELECT s.id, s.hash FROM {schema}.ledger_seal s
        WHERE s.id OPERATOR(pg_catalog.<) _newest.id
          AND (_left IS NULL OR s.upto OPERATOR(pg_catalog.<) _left)
        ORDER BY s.id LIMIT 10000) s;
    _new.upto := COALESCE(
        (SELECT s.upto FROM {schema}.ledger_seal s WHERE s.id OPERATOR(pg_catalog.=) _new.seal), _old.upto, 0);
    _new.hash := COALESCE(
        (SELECT s.hash FROM {schema}.ledger_seal s WHERE s.id OPERATOR(pg_catalog.=) _new.seal), _old.hash, '');

    WITH ended AS (
        DELETE FROM {schema}.trash_group g
        WHERE g.uuid OPERATOR(pg_catalog.=) ANY (_ended) AND g.ended_at OPERATOR(pg_catalog.<) before
        RETURNING g.id)
    SELECT pg_catalog.array_agg(e.id), pg_catalog.count(*) INTO _gone, _new.groups FROM ended e;
    DELETE FROM {schema}.part p WHERE p.group_id OPERATOR(pg_catalog.=) ANY (_gone);
    DELETE FROM {schema}.rehearsal r WHERE r.group_id OPERATOR(pg_catalog.=) ANY (_gone);
    DELETE FROM {schema}.undo_item u WHERE u.entry OPERATOR(pg_catalog.=) ANY (_ids);
    DELETE FROM {schema}.undo_link u WHERE u.entry OPERATOR(pg_catalog.=) ANY (_ids);
    DELETE FROM {schema}.undo_together u WHERE u.entry OPERATOR(pg_catalog.=) ANY (_ids);

    _new.digest := {schema}.checkpoint_digest(_new, COALESCE(_old.digest, ''));
    INSERT INTO {schema}.ledger (at, action, by, reason, schema_name, table_name, object_id, counts, tenant)
    SELECT _new.at, 'pruned', 'retention',
        pg_catalog.concat('written before ', pg_catalog.to_char(
            pg_catalog.timezone('UTC', before), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')),
        n.nspname, 'ledger_checkpoint',
        pg_catalog.concat(_new.id, '-', pg_catalog.encode(_new.digest, 'hex')),
        pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
            pg_catalog.concat(n.nspname, '.ledger'), _new.entries,
            pg_catalog.concat(n.nspname, '.trash_group'), NULLIF(_new.groups, 0))), NULL
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
    WHERE c.oid OPERATOR(pg_catalog.=) (SELECT m.tableoid FROM {schema}.migration m LIMIT 1)
    RETURNING id INTO _new.entry;
    INSERT INTO {schema}.ledger_checkpoint SELECT _new.*;
    DELETE FROM {schema}.ledger l WHERE l.id OPERATOR(pg_catalog.=) ANY (_ids);
    DELETE FROM {schema}.ledger_seal s WHERE s.id OPERATOR(pg_catalog.<=) _new.seal;
    entries := _new.entries;
    groups := _new.groups;
END
$$;
REVOKE ALL ON FUNCTION {schema}.prune_history FROM PUBLIC;
