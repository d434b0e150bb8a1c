-- How long groups stay in the trash (docs/configuration.md#retention). Deletes ask, captured ones too, so
-- that it is so while no service runs.
ALTER TABLE {schema}.trash_group ADD expiry_by text;   -- who set expires_at by hand; NULL: nobody

CREATE TABLE {schema}.keep (
    rank int NOT NULL CHECK (rank IN (1, 2, 3)),  -- the lowest counts: of a table, of a tenant, of all
    schema_name text NOT NULL,           -- of the table, else empty
    name text NOT NULL,                  -- of the table or tenant; empty: all
    seconds bigint CHECK (seconds > 0),  -- NULL: for ever
    PRIMARY KEY (rank, schema_name, name)
);
COMMENT ON TABLE {schema}.keep IS 'how long rows are kept in the trash, as the configuration says';

-- A group of these forms and so many rows of each lives as long as its longest-lived member. NULL: for ever.
CREATE FUNCTION {schema}.keep_of(shapes int[], counts bigint[], tenant text) RETURNS interval
LANGUAGE plpgsql STABLE AS $$
DECLARE
    _ever bool;
    _seconds bigint;
BEGIN
    SELECT pg_catalog.bool_or(k.seconds IS NULL), pg_catalog.max(k.seconds) INTO _ever, _seconds
    FROM ROWS FROM (pg_catalog.unnest(keep_of.shapes), pg_catalog.unnest(keep_of.counts)) u(shape, amount)
    JOIN {schema}.shape s ON s.id OPERATOR(pg_catalog.=) u.shape
    LEFT JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) s.relation
    LEFT JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
    LEFT JOIN LATERAL (
        SELECT k.seconds FROM {schema}.keep k
        WHERE k.rank OPERATOR(pg_catalog.=) 3
           OR k.rank OPERATOR(pg_catalog.=) 2 AND k.name OPERATOR(pg_catalog.=) keep_of.tenant
           OR k.rank OPERATOR(pg_catalog.=) 1
              AND k.name OPERATOR(pg_catalog.=) COALESCE(c.relname::pg_catalog.text, s.now_table, s.table_name)
              AND k.schema_name OPERATOR(pg_catalog.=)
                  COALESCE(n.nspname::pg_catalog.text, s.now_schema, s.schema_name)
        ORDER BY k.rank LIMIT 1) k ON true
    WHERE u.amount OPERATOR(pg_catalog.>) 0;
    IF _ever THEN RETURN NULL; END IF;
    RETURN pg_catalog.make_interval(secs => _seconds);
END
$$;

-- As before, and with the time until which the groups are kept.
CREATE OR REPLACE FUNCTION {schema}.enter_captured(groups bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM {schema}.keep) THEN
        UPDATE {schema}.trash_group g SET expires_at = g.created_at OPERATOR(pg_catalog.+)
            {schema}.keep_of(g.shapes, g.counts, g.tenant)
        WHERE g.id OPERATOR(pg_catalog.=) ANY (groups);
    END IF;
    INSERT INTO {schema}.ledger (at, action, by, reason, schema_name, table_name, request_id, address,
        object_id, group_uuid, counts, tenant)
    SELECT g.created_at, 'trashed', g.deleted_by, g.reason, r.schema_name, r.table_name, g.request_id,
        pg_catalog.host(pg_catalog.inet_client_addr()), g.root_object, g.uuid, c.counts, g.tenant
    FROM {schema}.trash_group g
    JOIN {schema}.shape r ON r.id OPERATOR(pg_catalog.=) g.root_shape
    CROSS JOIN LATERAL (SELECT pg_catalog.jsonb_object_agg(
            pg_catalog.concat(s.schema_name, '.', s.table_name), u.amount) AS counts
        FROM ROWS FROM (pg_catalog.unnest(g.shapes), pg_catalog.unnest(g.counts)) u(shape, amount)
        JOIN {schema}.shape s ON s.id OPERATOR(pg_catalog.=) u.shape) c
    WHERE g.id OPERATOR(pg_catalog.=) ANY (groups);
END
$$;

-- The same where a statement makes its group at once.
CREATE OR REPLACE FUNCTION {schema}.book_captured(of_group bigint, in_schema text, in_table text,
    of_shapes int[], of_counts bigint[], by_table jsonb, is_many bool)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    _uuid uuid := {schema}.new_group_uuid();
    _by text := {schema}.capture_by();
    _reason text := NULLIF(pg_catalog.current_setting('trashd.reason', true), '');
    _request text := NULLIF(pg_catalog.current_setting('trashd.request', true), '');
    _size bigint := of_counts[1];
    _root text;
    _tenant text;
    _expires timestamptz;
BEGIN
    SELECT COALESCE(i.object_id, ''), i.payload[(SELECT c.tenant_place FROM {schema}.capture c
        WHERE c.shape OPERATOR(pg_catalog.=) i.shape)] INTO _root, _tenant
    FROM {schema}.item i
    WHERE i.group_id OPERATOR(pg_catalog.=) of_group AND i.ordinal OPERATOR(pg_catalog.=) 1;
    FOR _n IN 2 .. pg_catalog.cardinality(of_counts) LOOP
        _size := _size OPERATOR(pg_catalog.+) of_counts[_n];
    END LOOP;
    IF EXISTS (SELECT FROM {schema}.keep) THEN
        _expires := pg_catalog.now() OPERATOR(pg_catalog.+) {schema}.keep_of(of_shapes, of_counts, _tenant);
    END IF;
    INSERT INTO {schema}.trash_group (id, uuid, created_at, deleted_by, reason, request_id, root_shape,
        root_object, shapes, counts, size, links, captured_in, many, tenant, expires_at)
    VALUES (of_group, _uuid, pg_catalog.now(), _by, _reason, _request, of_shapes[1], _root, of_shapes,
        of_counts, _size, 0, pg_catalog.pg_current_xact_id(), is_many, _tenant, _expires);
    INSERT INTO {schema}.ledger (at, action, by, reason, schema_name, table_name, request_id, address,
        object_id, group_uuid, counts, tenant)
    VALUES (pg_catalog.now(), 'trashed', _by, _reason, in_schema, in_table, _request,
        pg_catalog.host(pg_catalog.inet_client_addr()), _root, _uuid, by_table, _tenant);
END
$$;
