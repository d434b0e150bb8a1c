-- Deletes that do not come through the service: triggers on the users' tables write what goes into
-- the trash, and the end of the transaction makes groups of it (docs/decisions/captured-by-triggers.md).
ALTER TABLE {schema}.trash_group
    ADD captured_in xid8,       -- the transaction that deleted the rows otherwise; NULL: trashd did
    ADD many bool NOT NULL DEFAULT false;  -- its topmost rows are many that one statement deleted
-- The transaction that wrote an entry may take it back, as long as it runs.
DROP TRIGGER append_only ON {schema}.ledger;
CREATE TRIGGER append_only BEFORE UPDATE OR TRUNCATE ON {schema}.ledger
    FOR EACH STATEMENT EXECUTE FUNCTION {schema}.refuse_change();
CREATE TRIGGER append_only_rows BEFORE DELETE ON {schema}.ledger
    FOR EACH ROW WHEN (OLD.at OPERATOR(pg_catalog.<>) pg_catalog.now())
    EXECUTE FUNCTION {schema}.refuse_change();

CREATE TABLE {schema}.capture (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    schema_name text NOT NULL,
    table_name text NOT NULL,
    asked text,                          -- command, config; NULL: because of a table that it refers to
    shape int NOT NULL,
    tenant_place int,                    -- of the tenant's column in item.payload; NULL: none
    fingerprint text NOT NULL DEFAULT '',-- of the table, for which the function was made
    definition text NOT NULL DEFAULT '', -- of its function
    UNIQUE (schema_name, table_name)
);
COMMENT ON TABLE {schema}.capture IS 'tables whose deletes are captured by triggers';

CREATE TABLE {schema}.capture_key (
    number int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    schema_name text NOT NULL,           -- of the table that it stands on
    table_name text NOT NULL,
    name text NOT NULL,                  -- of the constraint
    child int NOT NULL,                  -- shapes
    parent int NOT NULL,
    rank int NOT NULL,                   -- which of several parents of a row it goes with: the lowest
    definition text NOT NULL DEFAULT '', -- of its function and trigger
    pairs text NOT NULL,                 -- SELECT child, parent: ordinals in the group $1
    cuts text,                           -- SELECT note, parent: of the notes of $2; NULL: none is taken
    UNIQUE (schema_name, table_name, name)
);
COMMENT ON TABLE {schema}.capture_key IS 'foreign keys between captured tables, as joins of items';

-- What is in the transactions' own care needs no write-ahead log: it ends with them.
CREATE UNLOGGED TABLE {schema}.capture_cut (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tx xid8 NOT NULL,
    number int NOT NULL,                 -- of capture_key
    shape int NOT NULL,                  -- of the row whose reference was set to null or default
    object_id text,
    key text[] NOT NULL,
    attnums int2[] NOT NULL,
    places int[] NOT NULL,               -- of these columns in the payload
    was text[] NOT NULL,
    left_as text[] NOT NULL,
    row_was text[],                      -- where triggers may change more: the whole row
    row_left text[]
);
-- What each statement of a transaction has added to the items of its group.
CREATE UNLOGGED TABLE {schema}.capture_part (
    group_id bigint NOT NULL,
    first int NOT NULL,                  -- ordinal; 1: it began the group
    tx xid8 NOT NULL,
    shape int NOT NULL,
    amount bigint NOT NULL,
    roots bigint NOT NULL,               -- rows under none that was captured before or with them
    PRIMARY KEY (group_id, first)
);
CREATE INDEX capture_part_tx ON {schema}.capture_part (tx) WHERE first = 1;
COMMENT ON TABLE {schema}.capture_part IS 'what statements have captured, until the transaction ends';

CREATE INDEX capture_cut_tx ON {schema}.capture_cut (tx);
COMMENT ON TABLE {schema}.capture_cut IS 'references that were set to null, until the transaction ends';

CREATE TABLE {schema}.capture_hard (
    role_name text PRIMARY KEY
);
COMMENT ON TABLE {schema}.capture_hard IS 'who may delete past the trash with trashd.hard';

-- What the service sets in its own sessions, so that what it deletes itself is not captured again. A
-- trash that was loaded from another has the other's as well.
CREATE TABLE {schema}.capture_secret (
    secret text PRIMARY KEY DEFAULT pg_catalog.gen_random_uuid()::text
);
INSERT INTO {schema}.capture_secret DEFAULT VALUES;
COMMENT ON TABLE {schema}.capture_secret IS 'tells deletes of the service from those of others';

-- Its first half is the time, as that of the service's own.
CREATE FUNCTION {schema}.new_group_uuid() RETURNS uuid LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    _hex text := pg_catalog.replace(pg_catalog.gen_random_uuid()::pg_catalog.text, '-', '');
BEGIN
    RETURN pg_catalog.concat(
        pg_catalog.lpad(pg_catalog.to_hex(pg_catalog.floor(pg_catalog.date_part('epoch',
            pg_catalog.clock_timestamp()) OPERATOR(pg_catalog.*) 1000)::pg_catalog.int8), 12, '0'),
        '7', pg_catalog.substr(_hex, 14, 3), pg_catalog.substr(_hex, 17, 4),
        pg_catalog.substr(_hex, 21, 4), '00000000')::pg_catalog.uuid;
END
$$;

CREATE FUNCTION {schema}.capture_by() RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN pg_catalog.concat('sql:', COALESCE(
        NULLIF(pg_catalog.current_setting('trashd.by', true), ''), session_user));
END
$$;

CREATE FUNCTION {schema}.is_own() RETURNS bool LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM {schema}.capture_secret s
        WHERE s.secret OPERATOR(pg_catalog.=) pg_catalog.current_setting('trashd.own', true));
END
$$;

-- Whoever is not named is refused, so that nobody takes for gone what is in the trash.
CREATE FUNCTION {schema}.delete_hard(table_schema text, table_name text, object text, amount bigint)
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
    INSERT INTO {schema}.ledger (at, action, by, reason, schema_name, table_name, request_id, address,
        object_id, group_uuid, counts)
    SELECT pg_catalog.now(), 'deleted', {schema}.capture_by(),
        NULLIF(pg_catalog.current_setting('trashd.reason', true), ''), table_schema, table_name,
        NULLIF(pg_catalog.current_setting('trashd.request', true), ''),
        pg_catalog.host(pg_catalog.inet_client_addr()), COALESCE(object, ''), NULL,
        pg_catalog.jsonb_build_object(pg_catalog.concat(table_schema, '.', table_name), amount);
END
$$;

CREATE FUNCTION {schema}.capture_truncate() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    _n bigint;
BEGIN
    IF pg_catalog.current_setting('trashd.own', true) IS NOT NULL AND {schema}.is_own() THEN
        RETURN NULL;
    END IF;
    IF pg_catalog.current_setting('trashd.hard', true) OPERATOR(pg_catalog.=) 'on' THEN
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

CREATE FUNCTION {schema}.refuse_stale(table_name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
        MESSAGE = pg_catalog.format('rows of %s cannot be captured: it has changed since capture was set up',
            table_name),
        HINT = 'Run "trashd capture renew", or start trashd, which renews it within seconds.';
END
$$;

-- The number that statements of this transaction add items to; NULL: there is none yet, or it ended
-- early, with SET CONSTRAINTS.
CREATE FUNCTION {schema}.capturing() RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN (SELECT p.group_id FROM {schema}.capture_part p
        WHERE p.tx OPERATOR(pg_catalog.=) pg_catalog.pg_current_xact_id() AND p.first OPERATOR(pg_catalog.=) 1);
END
$$;

-- Groups of this transaction whose end came early.
CREATE FUNCTION {schema}.captured_groups() RETURNS bigint[] LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN ARRAY(SELECT g.id FROM {schema}.trash_group g
        WHERE g.created_at OPERATOR(pg_catalog.=) pg_catalog.now()
          AND g.state OPERATOR(pg_catalog.=) 'trashed'
          AND g.captured_in OPERATOR(pg_catalog.=) pg_catalog.pg_current_xact_id() ORDER BY g.id);
END
$$;

CREATE FUNCTION {schema}.enter_captured(groups bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
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

-- Of what was captured just now there are no statistics: compared row by row it would take for ever.
-- Puts all of them under one number, in the order in which they were captured; gives it, and the
-- ordinals that statements took which deleted many rows that hang on none.
CREATE FUNCTION {schema}.captured_as_one(groups bigint[], OUT one bigint, OUT many int4range[])
LANGUAGE plpgsql
SET enable_nestloop = off AS $$
BEGIN
    WITH s AS (
        SELECT i.group_id, pg_catalog.sum(pg_catalog.count(*)) OVER (ORDER BY i.group_id)
            OPERATOR(pg_catalog.-) pg_catalog.count(*) AS before
        FROM {schema}.item i WHERE i.group_id OPERATOR(pg_catalog.=) ANY (groups) GROUP BY i.group_id),
    p AS (
        SELECT g.id, 1 AS first, g.size AS amount FROM {schema}.trash_group g
        WHERE g.id OPERATOR(pg_catalog.=) ANY (groups) AND g.many
        UNION ALL SELECT c.group_id, c.first, c.amount FROM {schema}.capture_part c
        WHERE c.group_id OPERATOR(pg_catalog.=) ANY (groups) AND c.roots OPERATOR(pg_catalog.>=) 1000)
    SELECT pg_catalog.array_agg(pg_catalog.int4range(
        (s.before OPERATOR(pg_catalog.+) p.first)::int,
        (s.before OPERATOR(pg_catalog.+) p.first OPERATOR(pg_catalog.+) p.amount)::int)) INTO many
    FROM p JOIN s ON s.group_id OPERATOR(pg_catalog.=) p.id;
    one := groups[1];
    IF pg_catalog.cardinality(groups) OPERATOR(pg_catalog.>) 1 THEN
        one := pg_catalog.nextval('{schema}.trash_group_id_seq'::pg_catalog.regclass);
        WITH m AS (SELECT i.group_id, i.ordinal, pg_catalog.row_number() OVER (
                ORDER BY i.group_id, i.ordinal) AS place
            FROM {schema}.item i WHERE i.group_id OPERATOR(pg_catalog.=) ANY (groups))
        UPDATE {schema}.item i SET group_id = one, ordinal = m.place FROM m
        WHERE i.group_id OPERATOR(pg_catalog.=) m.group_id
          AND i.ordinal OPERATOR(pg_catalog.=) m.ordinal;
    END IF;
    DELETE FROM {schema}.link l WHERE l.group_id OPERATOR(pg_catalog.=) ANY (groups);
    DELETE FROM {schema}.ledger l USING {schema}.trash_group g
    WHERE g.id OPERATOR(pg_catalog.=) ANY (groups) AND l.group_uuid OPERATOR(pg_catalog.=) g.uuid;
    DELETE FROM {schema}.capture_part p WHERE p.group_id OPERATOR(pg_catalog.=) ANY (groups);
END
$$;

-- Which reference that became null was one to a row of the group: notes, and ordinals of those rows.
CREATE FUNCTION {schema}.captured_cuts(of_group bigint, OUT notes bigint[], OUT parents int[])
LANGUAGE plpgsql
SET enable_nestloop = off AS $$
DECLARE
    _query text;
BEGIN
    SELECT pg_catalog.string_agg(k.cuts, ' UNION ALL ') INTO _query FROM {schema}.capture_key k
    WHERE k.cuts IS NOT NULL AND k.number OPERATOR(pg_catalog.=) ANY (ARRAY(
        SELECT c.number FROM {schema}.capture_cut c
        WHERE c.tx OPERATOR(pg_catalog.=) pg_catalog.pg_current_xact_id()));
    IF _query IS NULL THEN RETURN; END IF;
    EXECUTE pg_catalog.format('SELECT pg_catalog.array_agg(x.note ORDER BY x.note),
        pg_catalog.array_agg(x.parent ORDER BY x.note) FROM (%s) x(note, parent)', _query)
        INTO notes, parents USING of_group, pg_catalog.pg_current_xact_id();
END
$$;

-- A row that was deleted after its reference had been cut gets it back in the trash. Gives the notes
-- of rows that are live.
CREATE FUNCTION {schema}.uncut_captured(of_group bigint, notes bigint[]) RETURNS bigint[]
LANGUAGE plpgsql AS $$
DECLARE
    _note record;
    _payload text[];
    _ordinal int;
    _live bigint[] := '{}';
BEGIN
    FOR _note IN SELECT * FROM {schema}.capture_cut c WHERE c.id OPERATOR(pg_catalog.=) ANY (notes)
        ORDER BY c.id DESC LOOP
        SELECT i.ordinal, i.payload INTO _ordinal, _payload FROM {schema}.item i
        WHERE i.group_id OPERATOR(pg_catalog.=) of_group
          AND i.shape OPERATOR(pg_catalog.=) _note.shape
          AND CASE WHEN _note.object_id IS NULL THEN i.payload OPERATOR(pg_catalog.=) _note.row_left
              ELSE i.object_id OPERATOR(pg_catalog.=) _note.object_id END LIMIT 1;
        IF NOT FOUND THEN
            _live := _note.id OPERATOR(pg_catalog.||) _live;
            CONTINUE;
        END IF;
        FOR _n IN 1 .. pg_catalog.cardinality(_note.places) LOOP
            IF _payload[_note.places[_n]] IS NOT DISTINCT FROM _note.left_as[_n] THEN
                _payload[_note.places[_n]] := _note.was[_n];
            END IF;
        END LOOP;
        UPDATE {schema}.item i SET payload = _payload
        WHERE i.group_id OPERATOR(pg_catalog.=) of_group AND i.ordinal OPERATOR(pg_catalog.=) _ordinal;
    END LOOP;
    RETURN _live;
END
$$;

-- Of each item of the group the one that it hangs on in the end, itself where it hangs on none: along
-- the foreign keys, each row with one parent. Of rows that hang on each other the first is it.
CREATE FUNCTION {schema}.captured_roots(of_group bigint, OUT items int[], OUT roots int[])
LANGUAGE plpgsql
SET enable_nestloop = off AS $$
DECLARE
    _pairs text;
BEGIN
    SELECT pg_catalog.string_agg(pg_catalog.format('SELECT x.child, x.parent, %s FROM (%s) x(child, parent)',
        k.rank, k.pairs), ' UNION ALL ') INTO _pairs
    FROM {schema}.capture_key k CROSS JOIN (SELECT ARRAY(
        SELECT DISTINCT i.shape FROM {schema}.item i WHERE i.group_id OPERATOR(pg_catalog.=) of_group)) s(shapes)
    WHERE k.child OPERATOR(pg_catalog.=) ANY (s.shapes) AND k.parent OPERATOR(pg_catalog.=) ANY (s.shapes);
    EXECUTE pg_catalog.format(
        $q$WITH RECURSIVE up AS MATERIALIZED (
            SELECT DISTINCT ON (p.child) p.child, p.parent FROM (%s) p(child, parent, rank)
            WHERE p.child OPERATOR(pg_catalog.<>) p.parent ORDER BY p.child, p.rank, p.parent),
        tree(item, root) AS (
            SELECT i.ordinal, i.ordinal FROM {schema}.item i
            WHERE i.group_id OPERATOR(pg_catalog.=) $1
              AND NOT EXISTS (SELECT FROM up WHERE up.child OPERATOR(pg_catalog.=) i.ordinal)
            UNION ALL SELECT up.child, t.root FROM tree t JOIN up ON up.parent OPERATOR(pg_catalog.=) t.item),
        walk(item, at) AS (
            SELECT up.child, up.parent FROM up
            WHERE NOT EXISTS (SELECT FROM tree t WHERE t.item OPERATOR(pg_catalog.=) up.child)
            UNION SELECT w.item, up.parent FROM walk w JOIN up ON up.child OPERATOR(pg_catalog.=) w.at),
        found AS (
            SELECT t.item, t.root FROM tree t
            UNION ALL SELECT w.item, pg_catalog.min(w.at) FROM walk w
            WHERE EXISTS (SELECT FROM walk r WHERE r.item OPERATOR(pg_catalog.=) w.at
                AND r.at OPERATOR(pg_catalog.=) w.at) GROUP BY w.item)
        SELECT pg_catalog.array_agg(f.item), pg_catalog.array_agg(f.root) FROM found f$q$,
        COALESCE(_pairs, 'SELECT 0, 0, 0 WHERE false')) INTO items, roots USING of_group;
END
$$;

-- Makes the groups: one for each row that hangs on none, or for all of them that one statement has
-- deleted where they are many. In each the root comes first, then its table, then the others.
CREATE FUNCTION {schema}.part_captured(groups bigint[]) RETURNS void LANGUAGE plpgsql
SET enable_nestloop = off AS $$
DECLARE
    _one bigint;
    _many int4range[];
    _notes bigint[];
    _parents int[];
    _live bigint[];
    _items int[];
    _roots int[];
    _made bigint[];
BEGIN
    SELECT c.one, c.many INTO _one, _many FROM {schema}.captured_as_one(groups) c;
    SELECT c.notes, c.parents INTO _notes, _parents FROM {schema}.captured_cuts(_one) c;
    _live := {schema}.uncut_captured(_one, _notes);
    SELECT r.items, r.roots INTO _items, _roots FROM {schema}.captured_roots(_one) r;
    WITH t AS MATERIALIZED (
        SELECT u.item, COALESCE(pg_catalog.lower(m.ordinals), u.root) AS root,
            m.ordinals IS NOT NULL AS many
        FROM ROWS FROM (pg_catalog.unnest(_items), pg_catalog.unnest(_roots)) u(item, root)
        LEFT JOIN pg_catalog.unnest(_many) m(ordinals)
            ON m.ordinals OPERATOR(pg_catalog.@>) u.root),
    n AS MATERIALIZED (
        SELECT r.root, r.many, {schema}.new_group_uuid() AS uuid,
            pg_catalog.nextval('{schema}.trash_group_id_seq'::pg_catalog.regclass) AS id
        FROM (SELECT t.root, pg_catalog.bool_or(t.many) AS many FROM t GROUP BY t.root ORDER BY t.root) r),
    i AS MATERIALIZED (
        SELECT x.ordinal, x.shape, x.object_id, n.root, n.id, pg_catalog.min(x.ordinal) OVER (
            PARTITION BY n.id, x.shape) AS since, x.shape OPERATOR(pg_catalog.=) o.shape AS first
        FROM t JOIN n ON n.root OPERATOR(pg_catalog.=) t.root
        JOIN {schema}.item x ON x.group_id OPERATOR(pg_catalog.=) _one
            AND x.ordinal OPERATOR(pg_catalog.=) t.item
        JOIN {schema}.item o ON o.group_id OPERATOR(pg_catalog.=) _one
            AND o.ordinal OPERATOR(pg_catalog.=) n.root),
    s AS (
        SELECT i.id, i.shape, pg_catalog.count(*) AS amount, i.first, i.since
        FROM i GROUP BY i.id, i.shape, i.first, i.since),
    g AS (
        SELECT s.id, pg_catalog.array_agg(s.shape ORDER BY s.first DESC, s.since) AS shapes,
            pg_catalog.array_agg(s.amount ORDER BY s.first DESC, s.since) AS counts,
            pg_catalog.sum(s.amount) AS size
        FROM s GROUP BY s.id),
    p AS (
        SELECT i.ordinal, i.id, pg_catalog.row_number() OVER (PARTITION BY i.id
            ORDER BY i.first DESC, i.since, i.ordinal OPERATOR(pg_catalog.<>) i.root, i.ordinal) AS place
        FROM i),
    moved AS (
        UPDATE {schema}.item x SET group_id = p.id, ordinal = p.place FROM p
        WHERE x.group_id OPERATOR(pg_catalog.=) _one AND x.ordinal OPERATOR(pg_catalog.=) p.ordinal),
    linked AS (
        INSERT INTO {schema}.link (group_id, shape, object_id, key, attnums, was, left_as, row_id, row_was,
            row_left)
        SELECT i.id, c.shape, c.object_id, c.key, c.attnums, c.was, c.left_as,
            CASE WHEN c.object_id IS NULL
                THEN pg_catalog.nextval('{schema}.link_row_id_seq'::pg_catalog.regclass) END,
            c.row_was, c.row_left
        FROM ROWS FROM (pg_catalog.unnest(_notes), pg_catalog.unnest(_parents)) u(note, parent)
        JOIN {schema}.capture_cut c ON c.id OPERATOR(pg_catalog.=) u.note
        JOIN i ON i.ordinal OPERATOR(pg_catalog.=) u.parent
        WHERE u.note OPERATOR(pg_catalog.=) ANY (_live)
        RETURNING group_id),
    made AS (
        INSERT INTO {schema}.trash_group (id, uuid, created_at, deleted_by, reason, request_id, root_shape,
            root_object, shapes, counts, size, links, captured_in, many, tenant)
        SELECT n.id, n.uuid, pg_catalog.now(), {schema}.capture_by(),
            NULLIF(pg_catalog.current_setting('trashd.reason', true), ''),
            NULLIF(pg_catalog.current_setting('trashd.request', true), ''), o.shape,
            COALESCE(o.object_id, ''), g.shapes, g.counts, g.size,
            (SELECT pg_catalog.count(*) FROM linked l WHERE l.group_id OPERATOR(pg_catalog.=) n.id),
            pg_catalog.pg_current_xact_id(), n.many, o.payload[c.tenant_place]
        FROM n JOIN g ON g.id OPERATOR(pg_catalog.=) n.id
        JOIN {schema}.item o ON o.group_id OPERATOR(pg_catalog.=) _one
            AND o.ordinal OPERATOR(pg_catalog.=) n.root
        LEFT JOIN {schema}.capture c ON c.shape OPERATOR(pg_catalog.=) o.shape
        RETURNING id)
    SELECT pg_catalog.array_agg(made.id ORDER BY made.id) INTO _made FROM made;
    DELETE FROM {schema}.trash_group g WHERE g.id OPERATOR(pg_catalog.=) ANY (groups);
    PERFORM {schema}.enter_captured(_made);
END
$$;

-- With constraints that are checked at once groups are made before the references to their rows are cut.
CREATE FUNCTION {schema}.take_late_cut() RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    _groups bigint[] := {schema}.captured_groups();
BEGIN
    IF pg_catalog.cardinality(_groups) OPERATOR(pg_catalog.>) 0 AND {schema}.capturing() IS NULL THEN
        PERFORM {schema}.part_captured(_groups);
    END IF;
END
$$;

-- What one statement took along from one row, or many rows that it deleted, is a group as it was
-- captured. tenant: of its root.
CREATE FUNCTION {schema}.keep_captured(of_group bigint, of_shapes int[], of_counts bigint[], is_many bool)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO {schema}.trash_group (id, uuid, created_at, deleted_by, reason, request_id, root_shape,
        root_object, shapes, counts, size, links, captured_in, many, tenant)
    SELECT of_group, {schema}.new_group_uuid(), pg_catalog.now(), {schema}.capture_by(),
        NULLIF(pg_catalog.current_setting('trashd.reason', true), ''),
        NULLIF(pg_catalog.current_setting('trashd.request', true), ''), i.shape, COALESCE(i.object_id, ''),
        of_shapes, of_counts, (SELECT pg_catalog.sum(u.n) FROM pg_catalog.unnest(of_counts) u(n)), 0,
        pg_catalog.pg_current_xact_id(), is_many, i.payload[(SELECT c.tenant_place FROM {schema}.capture c
            WHERE c.shape OPERATOR(pg_catalog.=) i.shape)]
    FROM {schema}.item i WHERE i.group_id OPERATOR(pg_catalog.=) of_group AND i.ordinal OPERATOR(pg_catalog.=) 1;
    DELETE FROM {schema}.capture_part p WHERE p.group_id OPERATOR(pg_catalog.=) of_group;
    PERFORM {schema}.enter_captured(ARRAY[of_group]);
END
$$;

-- At the end of a transaction.
CREATE FUNCTION {schema}.finish_capture() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET jit = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    _groups bigint[] := {schema}.captured_groups();
    _shapes int[];
    _counts bigint[];
    _roots bigint;
    _rest bigint;
BEGIN
    SELECT pg_catalog.array_agg(p.shape ORDER BY p.first), pg_catalog.array_agg(p.amount ORDER BY p.first),
        pg_catalog.sum(p.roots) FILTER (WHERE p.first OPERATOR(pg_catalog.=) 1),
        COALESCE(pg_catalog.sum(p.roots) FILTER (WHERE p.first OPERATOR(pg_catalog.>) 1), 0)
            OPERATOR(pg_catalog.+) pg_catalog.count(*) OPERATOR(pg_catalog.-) pg_catalog.count(DISTINCT p.shape)
    INTO _shapes, _counts, _roots, _rest
    FROM {schema}.capture_part p WHERE p.group_id OPERATOR(pg_catalog.=) NEW.group_id;
    IF _shapes IS NULL THEN RETURN NULL; END IF;
    IF (_roots OPERATOR(pg_catalog.=) 1 OR _roots OPERATOR(pg_catalog.>=) 1000)
        AND _rest OPERATOR(pg_catalog.=) 0 AND pg_catalog.cardinality(_groups) OPERATOR(pg_catalog.=) 0
        AND NOT EXISTS (SELECT FROM {schema}.capture_cut c
            WHERE c.tx OPERATOR(pg_catalog.=) pg_catalog.pg_current_xact_id()) THEN
        PERFORM {schema}.keep_captured(NEW.group_id, _shapes, _counts, _roots OPERATOR(pg_catalog.>) 1);
    ELSE
        PERFORM {schema}.part_captured(_groups OPERATOR(pg_catalog.||) NEW.group_id);
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER finish_capture AFTER INSERT ON {schema}.capture_part
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.first OPERATOR(pg_catalog.=) 1)
    EXECUTE FUNCTION {schema}.finish_capture();
REVOKE ALL ON FUNCTION {schema}.finish_capture() FROM PUBLIC;
