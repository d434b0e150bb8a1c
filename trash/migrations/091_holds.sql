-- What is held cannot be purged, by anyone or anything, until it is released or its time is over
-- (docs/operations.md#holds). Who purges locks this table as one writes, and asks afterwards; who makes a
-- hold locks it against those: either the purge was first, or the hold is seen.
CREATE TABLE {schema}.hold (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id uuid NOT NULL UNIQUE DEFAULT pg_catalog.gen_random_uuid(),
    at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    by text NOT NULL,
    reason text NOT NULL,
    until timestamptz,                   -- NULL: until it is released
    group_uuid uuid,                     -- a group; NULL: objects
    schema_name text,                    -- of the table of the objects, when it was made
    table_name text,
    relation oid,
    object_id text,                      -- one object; NULL: a condition named them
    condition text,                      -- that condition, as it was sent
    tenant text DEFAULT NULLIF(pg_catalog.current_setting('trashd.tenant', true), ''),
    released_at timestamptz,
    released_by text,
    release_reason text
);
COMMENT ON TABLE {schema}.hold IS 'what must not be purged';
CREATE INDEX hold_in_force ON {schema}.hold (number) WHERE released_at IS NULL;

CREATE TABLE {schema}.hold_object (
    hold bigint NOT NULL,                -- its number
    object_id text NOT NULL,
    PRIMARY KEY (hold, object_id)
);
COMMENT ON TABLE {schema}.hold_object IS 'objects that a hold holds';

-- Whether there is any hold of objects: rows that would be deleted past the trash must be looked at.
CREATE FUNCTION {schema}.holds_objects() RETURNS bool LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM {schema}.hold h
        WHERE h.released_at IS NULL AND h.group_uuid IS NULL
          AND (h.until IS NULL OR h.until OPERATOR(pg_catalog.>) pg_catalog.now()));
END
$$;

-- What holds which of the groups; positive: by items with such ordinals alone, or such that are not; NULL:
-- by all. A table is known by its number, and in a copy by its name.
CREATE FUNCTION {schema}.held(groups bigint[], positive bool)
RETURNS TABLE (group_id bigint, hold bigint) LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
BEGIN
    IF NOT EXISTS (SELECT FROM {schema}.hold h WHERE h.released_at IS NULL) THEN RETURN; END IF;
    RETURN QUERY
    WITH f AS MATERIALIZED (SELECT h.* FROM {schema}.hold h
        WHERE h.released_at IS NULL
          AND (h.until IS NULL OR h.until OPERATOR(pg_catalog.>) pg_catalog.now()))
    SELECT g.id, f.number FROM f
    JOIN {schema}.trash_group g ON g.uuid OPERATOR(pg_catalog.=) f.group_uuid
    WHERE g.id OPERATOR(pg_catalog.=) ANY (groups)
    UNION
    SELECT i.group_id, f.number FROM f
    JOIN {schema}.hold_object o ON o.hold OPERATOR(pg_catalog.=) f.number
    JOIN {schema}.shape s ON s.relation OPERATOR(pg_catalog.=) f.relation
        OR s.schema_name OPERATOR(pg_catalog.=) f.schema_name
           AND s.table_name OPERATOR(pg_catalog.=) f.table_name
        OR s.now_schema OPERATOR(pg_catalog.=) f.schema_name
           AND s.now_table OPERATOR(pg_catalog.=) f.table_name
    JOIN {schema}.item i ON i.shape OPERATOR(pg_catalog.=) s.id
        AND i.object_id OPERATOR(pg_catalog.=) o.object_id
    WHERE i.group_id OPERATOR(pg_catalog.=) ANY (groups)
      AND (positive IS NULL OR (i.ordinal OPERATOR(pg_catalog.>) 0) OPERATOR(pg_catalog.=) positive);
END
$$;

-- As before, but not for what is held. object NULL: all rows of the table.
CREATE OR REPLACE FUNCTION {schema}.delete_hard(table_schema text, table_name text, object text, amount bigint)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    _role text := CASE pg_catalog.current_setting('role') WHEN 'none' THEN session_user::text
        ELSE pg_catalog.current_setting('role') END;
BEGIN
    IF NOT EXISTS (SELECT FROM {schema}.capture_hard h
        JOIN pg_catalog.pg_roles r ON r.rolname OPERATOR(pg_catalog.=) h.role_name
        WHERE pg_catalog.pg_has_role(_role, r.oid, 'MEMBER')) THEN
        RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
            MESSAGE = pg_catalog.format('the role %s may not delete past the trash', _role),
            HINT = 'Leave trashd.hard unset, or name the role in [capture] hard of the configuration.';
    END IF;
    LOCK TABLE {schema}.hold IN ROW EXCLUSIVE MODE;
    IF EXISTS (SELECT FROM {schema}.hold h
        JOIN {schema}.hold_object o ON o.hold OPERATOR(pg_catalog.=) h.number
        LEFT JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) h.relation
        LEFT JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
        WHERE h.released_at IS NULL AND (h.until IS NULL OR h.until OPERATOR(pg_catalog.>) pg_catalog.now())
          AND COALESCE(c.relname::pg_catalog.text, h.table_name) OPERATOR(pg_catalog.=) delete_hard.table_name
          AND COALESCE(n.nspname::pg_catalog.text, h.schema_name) OPERATOR(pg_catalog.=)
              delete_hard.table_schema) THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = pg_catalog.format('rows of %I.%I are held, so none may be deleted past the trash',
                table_schema, table_name),
            HINT = 'Leave trashd.hard unset, or release the holds: GET /v1/holds lists them.';
    END IF;
    INSERT INTO {schema}.ledger (at, action, by, reason, schema_name, table_name, request_id, address,
        object_id, group_uuid, counts)
    SELECT pg_catalog.now(), 'deleted', {schema}.capture_by(),
        NULLIF(pg_catalog.current_setting('trashd.reason', true), ''), table_schema, table_name,
        NULLIF(pg_catalog.current_setting('trashd.request', true), ''),
        pg_catalog.host(pg_catalog.inet_client_addr()), COALESCE(object, ''), NULL,
        pg_catalog.jsonb_build_object(pg_catalog.concat(table_schema, '.', table_name), amount);
END
$$;
