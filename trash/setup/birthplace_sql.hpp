// The SQL of birthplace.cpp over the forms; it runs under the search path of pg_catalog. {schema}
// is the trash schema.
#pragma once

namespace trashd::trash {

// The forms whose row is to change: with the table that they are of and what that and its columns
// are called (names), the numbers of their columns there (attnums), whether the numbers are others
// than before (moved). A form whose row was copied, or whose table is gone, belongs to the table of
// the name that its own had last; one of a partition to the root. A column that is not there gets a
// number that is nobody's, the same in all forms.
inline constexpr const char* kStrayForms = R"(
names AS (
  SELECT s.id, array_agg(a.attname::text ORDER BY u.position) AS names
  FROM {schema}.shape s CROSS JOIN LATERAL unnest(s.attnums) WITH ORDINALITY u(attnum, position)
  LEFT JOIN pg_attribute a ON a.attrelid = s.relation AND a.attnum = u.attnum AND a.attnum > 0
    AND NOT a.attisdropped
  GROUP BY s.id),
own AS (
  SELECT s.*, s.xmin = s.written::xid AS native, c.oid IS NOT NULL AS there, c.relispartition,
    n.nspname::text, c.relname::text, coalesce(k.names, '{}') AS names_there
  FROM {schema}.shape s LEFT JOIN names k ON k.id = s.id
  LEFT JOIN pg_class c ON c.oid = s.relation AND c.relkind IN ('r', 'p')
  LEFT JOIN pg_namespace n ON n.oid = c.relnamespace),
lost AS (
  SELECT o.*, CASE WHEN native AND there THEN names_there ELSE now_names END AS wanted
  FROM own o WHERE NOT native OR NOT there OR relispartition),
named AS (
  SELECT c.oid, n.nspname, c.relname, CASE WHEN c.relispartition
    THEN pg_partition_root(c.oid)::oid ELSE c.oid END AS root
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't'),
found AS (
  SELECT l.*, CASE WHEN native AND there THEN pg_partition_root(l.relation)::oid
    ELSE coalesce(t.root, e.root) END AS target
  FROM lost l
  LEFT JOIN named t ON t.nspname = l.now_schema AND t.relname = l.now_table
  -- a table that was renamed out of the way of its successor, and then dropped
  LEFT JOIN named e ON l.native AND NOT l.there AND t.oid IS NULL AND l.now_table IS NOT NULL
    AND e.nspname = l.schema_name AND e.relname = l.table_name AND l.now_names = l.names
    AND NOT EXISTS (
      SELECT FROM unnest(l.names, l.types) u(name, type) WHERE NOT EXISTS (
        SELECT FROM pg_attribute a WHERE a.attrelid = e.oid AND a.attname = u.name AND a.attnum > 0
          AND NOT a.attisdropped AND format_type(a.atttypid, a.atttypmod) = u.type))),
stray AS (
  SELECT o.id, o.relation, o.nspname AS schema, o.relname AS table, o.names_there AS names,
    o.attnums, o.attnums AS before, o.identity, false AS moved, true AS known, native
  FROM own o
  WHERE native AND there AND NOT relispartition AND
    (now_schema, now_table, now_names) IS DISTINCT FROM (nspname, relname, names_there)
  UNION ALL
  SELECT f.id, f.target, coalesce(n.nspname::text, f.now_schema),
    coalesce(c.relname::text, f.now_table),
    CASE WHEN c.oid IS NULL THEN f.wanted ELSE p.names END,
    CASE WHEN c.oid IS NULL THEN f.attnums ELSE p.attnums END, f.attnums, f.identity, true,
    c.oid IS NOT NULL, f.native
  FROM found f
  LEFT JOIN pg_class c ON c.oid = f.target
  LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
  CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(a.attname::text ORDER BY u.position), '{}') AS names,
      coalesce(array_agg(coalesce(a.attnum,
        CASE WHEN u.attnum < 0 THEN u.attnum ELSE -1000 - u.attnum END)::int2
        ORDER BY u.position), '{}') AS attnums
    FROM unnest(f.attnums, f.wanted) WITH ORDINALITY u(attnum, name, position)
    LEFT JOIN pg_attribute a ON a.attrelid = f.target AND a.attname = u.name AND a.attnum > 0
      AND NOT a.attisdropped) p
  WHERE NOT f.native OR f.target IS NOT NULL OR f.relation IS NOT NULL))";

// The columns in {from} that are numbered as in p.before, as they are numbered in p.attnums.
inline constexpr const char* kRenumbered =
    "ARRAY(SELECT coalesce(p.attnums[array_position(p.before, u.n)], u.n) FROM unnest({from}) WITH "
    "ORDINALITY u(n, position) ORDER BY u.position)";

}  // namespace trashd::trash
