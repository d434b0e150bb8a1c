-- Values of regclass and its kin are numbers, and lie in the trash as such: they follow renames. What they
-- mean is kept beside them by name, for copies of the database, where the numbers are others.
CREATE TABLE {schema}.named (
    kind text,                           -- the type that reads the name: regclass, ...
    number oid,
    name text NOT NULL,                  -- as it is called last
    here oid,                            -- while the trash is mapped: what has that name here
    PRIMARY KEY (kind, number)
);
COMMENT ON TABLE {schema}.named IS 'what the oids in values of the trash are called';

ALTER TABLE {schema}.shape ADD oids text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN {schema}.shape.oids IS
    'per position: of what kind the oids in the text are; of a composite an array, per field';

CREATE FUNCTION {schema}.name_of(kind text, number oid) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT i.identity FROM pg_catalog.pg_identify_object((CASE kind
        WHEN 'regclass' THEN 'pg_catalog.pg_class' WHEN 'regprocedure' THEN 'pg_catalog.pg_proc'
        WHEN 'regoperator' THEN 'pg_catalog.pg_operator' WHEN 'regtype' THEN 'pg_catalog.pg_type'
        WHEN 'regrole' THEN 'pg_catalog.pg_authid' WHEN 'regnamespace' THEN 'pg_catalog.pg_namespace'
        WHEN 'regconfig' THEN 'pg_catalog.pg_ts_config'
        WHEN 'regdictionary' THEN 'pg_catalog.pg_ts_dict'
        WHEN 'regcollation' THEN 'pg_catalog.pg_collation' END)::pg_catalog.regclass, number, 0) i
$$;

CREATE FUNCTION {schema}.oid_of(kind text, name text) RETURNS oid LANGUAGE plpgsql STABLE AS $$
DECLARE
    found pg_catalog.oid;
BEGIN
    EXECUTE pg_catalog.format('SELECT %L::pg_catalog.%I::pg_catalog.oid', name, kind) INTO found;
    RETURN found;
EXCEPTION WHEN OTHERS THEN
    RETURN NULL;
END
$$;

-- Whatever may be a number of such a kind in items of the group: a number too many names nothing that
-- is ever asked for.
CREATE FUNCTION {schema}.note_oids(of_group bigint, of_shape int, places int[], kinds text[])
RETURNS void LANGUAGE sql AS $$
    INSERT INTO {schema}.named AS n (kind, number, name)
    SELECT f.kind, f.number, f.name FROM (
        SELECT d.kind, d.number::pg_catalog.oid AS number,
            {schema}.name_of(d.kind, d.number::pg_catalog.oid) AS name
        FROM (SELECT DISTINCT w.kind, t.m[1]::pg_catalog.int8 AS number
            FROM {schema}.item i CROSS JOIN ROWS FROM (
                pg_catalog.unnest(places), pg_catalog.unnest(kinds)) w(place, kind)
            CROSS JOIN LATERAL pg_catalog.regexp_matches(i.payload[w.place], '[0-9]{1,18}', 'g') t(m)
            WHERE i.group_id OPERATOR(pg_catalog.=) of_group AND i.shape OPERATOR(pg_catalog.=) of_shape) d
        WHERE d.number OPERATOR(pg_catalog.>) 0 AND d.number OPERATOR(pg_catalog.<) 4294967296) f
    WHERE f.name IS NOT NULL ORDER BY f.kind, f.number
    ON CONFLICT (kind, number) DO UPDATE SET name = excluded.name
    WHERE n.name OPERATOR(pg_catalog.<>) excluded.name
$$;

-- The text of a value with such numbers as they are here. What is not here is left by name, or as text
-- that cannot be read.
CREATE FUNCTION {schema}.oids_here(value text, of_kind text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT pg_catalog.string_agg(CASE
        WHEN t.m[1] OPERATOR(pg_catalog.!~) '^[0-9]+$' THEN t.m[1]
        WHEN n.here IS NOT NULL THEN n.here::pg_catalog.text
        WHEN t.m[1]::pg_catalog.int8 OPERATOR(pg_catalog.<) 16384 THEN t.m[1]
        WHEN t.m[1] OPERATOR(pg_catalog.=) value THEN COALESCE(n.name, 'gone.' OPERATOR(pg_catalog.||) value)
        ELSE 'gone.' OPERATOR(pg_catalog.||) t.m[1] END, '' ORDER BY t.n)
    FROM pg_catalog.regexp_matches(value, '^"?\[[0-9:\]\[-]*=|[0-9]+|[^0-9]+', 'g') WITH ORDINALITY t(m, n)
    LEFT JOIN {schema}.named n ON n.kind OPERATOR(pg_catalog.=) of_kind
        AND n.number::pg_catalog.text OPERATOR(pg_catalog.=) t.m[1]
$$;

CREATE FUNCTION {schema}.fields_here(value text, kinds text[]) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT pg_catalog.concat('(', pg_catalog.string_agg(CASE
        WHEN kinds[f.n] OPERATOR(pg_catalog.=) '' OR f.m[1] OPERATOR(pg_catalog.=) '' THEN f.m[1]
        ELSE {schema}.oids_here(f.m[1], kinds[f.n]) END, ',' ORDER BY f.n), ')')
    FROM pg_catalog.regexp_matches(',' OPERATOR(pg_catalog.||) pg_catalog.substr(value, 2,
        pg_catalog.length(value) OPERATOR(pg_catalog.-) 2), ',("(?:[^"]|"")*"|[^,]*)', 'g')
        WITH ORDINALITY f(m, n)
$$;

-- What lies in the trash already.
UPDATE {schema}.shape s SET oids = f.oids FROM (
    SELECT x.id, pg_catalog.array_agg(CASE
        WHEN u.type OPERATOR(pg_catalog.=) ANY ('{regproc,"regproc[]"}'::text[]) THEN 'regprocedure'
        WHEN u.type OPERATOR(pg_catalog.=) ANY ('{regoper,"regoper[]"}'::text[]) THEN 'regoperator'
        WHEN u.type OPERATOR(pg_catalog.~)
            '^reg(class|procedure|operator|type|role|namespace|config|dictionary|collation)(\[\])?$'
        THEN pg_catalog.replace(u.type, '[]', '') ELSE '' END ORDER BY u.n) AS oids
    FROM {schema}.shape x CROSS JOIN LATERAL pg_catalog.unnest(x.types) WITH ORDINALITY u(type, n)
    GROUP BY x.id) f
WHERE f.id OPERATOR(pg_catalog.=) s.id AND EXISTS (
    SELECT FROM pg_catalog.unnest(f.oids) o(kind) WHERE o.kind OPERATOR(pg_catalog.<>) '');
UPDATE {schema}.shape SET written = pg_catalog.pg_current_xact_id()
WHERE pg_catalog.cardinality(oids) OPERATOR(pg_catalog.>) 0 AND written OPERATOR(pg_catalog.<>) '0'::xid8;
SELECT {schema}.note_oids(i.group_id, s.id,
    ARRAY(SELECT o.n::int FROM pg_catalog.unnest(s.oids) WITH ORDINALITY o(kind, n)
        WHERE o.kind OPERATOR(pg_catalog.<>) ''),
    ARRAY(SELECT o.kind FROM pg_catalog.unnest(s.oids) WITH ORDINALITY o(kind, n)
        WHERE o.kind OPERATOR(pg_catalog.<>) ''))
FROM {schema}.shape s CROSS JOIN LATERAL (
    SELECT DISTINCT x.group_id FROM {schema}.item x WHERE x.shape OPERATOR(pg_catalog.=) s.id) i
WHERE pg_catalog.cardinality(s.oids) OPERATOR(pg_catalog.>) 0 AND s.written OPERATOR(pg_catalog.<>) '0'::xid8;
