-- A statement that is the first of its transaction to delete captured rows, and is sent by itself, makes
-- its group at once: nothing is left to do at the end, where nearly all such transactions are at it.
CREATE FUNCTION {schema}.book_captured(of_group bigint, in_schema text, in_table text, of_shapes int[],
    of_counts bigint[], by_table jsonb, is_many bool)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    _uuid uuid := {schema}.new_group_uuid();
    _by text := {schema}.capture_by();
    _reason text := NULLIF(pg_catalog.current_setting('trashd.reason', true), '');
    _request text := NULLIF(pg_catalog.current_setting('trashd.request', true), '');
    _size bigint := of_counts[1];
    _root text;
    _tenant text;
BEGIN
    SELECT COALESCE(i.object_id, ''), i.payload[(SELECT c.tenant_place FROM {schema}.capture c
        WHERE c.shape OPERATOR(pg_catalog.=) i.shape)] INTO _root, _tenant
    FROM {schema}.item i
    WHERE i.group_id OPERATOR(pg_catalog.=) of_group AND i.ordinal OPERATOR(pg_catalog.=) 1;
    FOR _n IN 2 .. pg_catalog.cardinality(of_counts) LOOP
        _size := _size OPERATOR(pg_catalog.+) of_counts[_n];
    END LOOP;
    INSERT INTO {schema}.trash_group (id, uuid, created_at, deleted_by, reason, request_id, root_shape,
        root_object, shapes, counts, size, links, captured_in, many, tenant)
    VALUES (of_group, _uuid, pg_catalog.now(), _by, _reason, _request, of_shapes[1], _root, of_shapes,
        of_counts, _size, 0, pg_catalog.pg_current_xact_id(), is_many, _tenant);
    INSERT INTO {schema}.ledger (at, action, by, reason, schema_name, table_name, request_id, address,
        object_id, group_uuid, counts, tenant)
    VALUES (pg_catalog.now(), 'trashed', _by, _reason, in_schema, in_table, _request,
        pg_catalog.host(pg_catalog.inet_client_addr()), _root, _uuid, by_table, _tenant);
END
$$;

CREATE OR REPLACE FUNCTION {schema}.keep_captured(of_group bigint, of_shapes int[], of_counts bigint[],
    is_many bool)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    _schema text;
    _table text;
BEGIN
    SELECT s.schema_name, s.table_name INTO _schema, _table FROM {schema}.shape s
    WHERE s.id OPERATOR(pg_catalog.=) of_shapes[1];
    PERFORM {schema}.book_captured(of_group, _schema, _table, of_shapes, of_counts, (
        SELECT pg_catalog.jsonb_object_agg(pg_catalog.concat(s.schema_name, '.', s.table_name), u.amount)
        FROM ROWS FROM (pg_catalog.unnest(of_shapes), pg_catalog.unnest(of_counts)) u(shape, amount)
        JOIN {schema}.shape s ON s.id OPERATOR(pg_catalog.=) u.shape), is_many);
    DELETE FROM {schema}.capture_part p WHERE p.group_id OPERATOR(pg_catalog.=) of_group;
END
$$;

-- A reference that is cut after a group was made may have been one to its rows: the end of the
-- transaction looks, or the end of the statement where constraints are checked at once. Once is enough.
CREATE OR REPLACE FUNCTION {schema}.take_late_cut() RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off AS $$
BEGIN
    IF {schema}.capturing() IS NULL
        AND pg_catalog.cardinality({schema}.captured_groups()) OPERATOR(pg_catalog.>) 0 THEN
        INSERT INTO {schema}.capture_part (group_id, first, tx, shape, amount, roots)
        VALUES (pg_catalog.nextval('{schema}.trash_group_id_seq'::pg_catalog.regclass), 1,
            pg_catalog.pg_current_xact_id(), 0, 0, 0);
    END IF;
END
$$;

-- The tables here are small or empty when these plans are made, and are not when they are used.
ALTER FUNCTION {schema}.finish_capture() SET enable_seqscan = off;

-- Where policies hold, code of the table's owner would run as the service's role.
CREATE OR REPLACE FUNCTION {schema}.capture_truncate() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    _n bigint;
BEGIN
    IF pg_catalog.current_setting('trashd.own', true) IS NOT NULL AND {schema}.is_own() THEN
        RETURN NULL;
    END IF;
    IF pg_catalog.current_setting('trashd.hard', true) OPERATOR(pg_catalog.=) 'on' THEN
        IF pg_catalog.row_security_active(TG_RELID) THEN
            RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
                MESSAGE = pg_catalog.format('row-level security keeps the rows of %I.%I from being counted',
                    TG_TABLE_SCHEMA, TG_TABLE_NAME),
                HINT = 'Use DELETE, or give BYPASSRLS to the role that trashd has.';
        END IF;
        EXECUTE pg_catalog.format('SELECT pg_catalog.count(*) FROM %I.%I', TG_TABLE_SCHEMA, TG_TABLE_NAME)
            INTO _n;
        PERFORM {schema}.delete_hard(TG_TABLE_SCHEMA, TG_TABLE_NAME, NULL, _n);
        RETURN NULL;
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
        MESSAGE = pg_catalog.format('TRUNCATE would take the rows of %I.%I past the trash',
            TG_TABLE_SCHEMA, TG_TABLE_NAME),
        HINT = 'Use DELETE, or SET trashd.hard = on as a role that may, or trashd capture off.';
END
$$;
