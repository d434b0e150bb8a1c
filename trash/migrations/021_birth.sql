-- Numbers of tables and columns are good inside one database only: each form keeps the names that go
-- with them today as well, and where it was written. A logical copy carries neither the number of the
-- transaction that wrote a row nor dropped columns, by which it is told from a physical one.
CREATE TABLE {schema}.birth (
    one bool PRIMARY KEY DEFAULT true CHECK (one),
    system text,                         -- NULL: not known
    database oid NOT NULL,
    shape oid NOT NULL,                  -- of {schema}.shape
    written xid8 NOT NULL
);
COMMENT ON TABLE {schema}.birth IS 'the database in which the numbers in shape and link are true';

-- A trash that is older than this table was born here where it was filled after it was made.
INSERT INTO {schema}.birth (database, shape, written)
SELECT (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()),
    a.attrelid,
    CASE WHEN EXISTS (SELECT FROM {schema}.shape) AND (
        a.xmin <> (SELECT m.xmin FROM {schema}.migration m WHERE m.version = 1) OR
        EXISTS (SELECT FROM {schema}.shape s WHERE s.xmin = a.xmin))
    THEN '0' ELSE pg_catalog.pg_current_xact_id() END
FROM pg_catalog.pg_attribute a
WHERE a.attrelid = '{schema}.shape'::pg_catalog.regclass AND a.attname = 'relation';

ALTER TABLE {schema}.shape
    ADD number oid,                      -- of the table; NULL: there is none
    ADD now_schema text,                 -- what it and its columns are called since; NULL: unknown
    ADD now_table text,
    ADD now_names text[] NOT NULL DEFAULT '{}',  -- NULL: the column is gone
    ADD written xid8 NOT NULL DEFAULT '0';       -- the row's xmin, unless it was copied
ALTER TABLE {schema}.shape ALTER written SET DEFAULT pg_catalog.pg_current_xact_id();
-- In a copy the name alone tells whether the number is that of the same table.
UPDATE {schema}.shape s SET number = s.relation, written = b.written, now_names = s.names,
    now_schema = CASE WHEN b.written <> '0' OR t.same THEN s.schema_name END,
    now_table = CASE WHEN b.written <> '0' OR t.same THEN s.table_name END
FROM {schema}.birth b, {schema}.shape o CROSS JOIN LATERAL (SELECT EXISTS (
    SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = o.relation AND c.relname = o.table_name AND n.nspname = o.schema_name)) t(same)
WHERE o.id = s.id;
-- The views of roles over it are made anew by the next start. The dropped column is what tells
-- physical copies.
ALTER TABLE {schema}.shape DROP COLUMN relation CASCADE;
ALTER TABLE {schema}.shape RENAME number TO relation;
ALTER TABLE {schema}.shape ADD UNIQUE (relation, signature);
