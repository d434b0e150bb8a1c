// The catalog queries of reader.cpp, for PostgreSQL 15 and newer: what a newer one knows of a row
// besides is read from its JSON. Each reads all tables at once; the first
// column is the table's oid. They run under an empty search path, so that names come back
// qualified.
#pragma once

#include <string>

namespace trashd::schema {

// Of the pg_class row c; also used inside transactions, under the users' search path. With the name
// of its schema, which changes without a trace in the row; its rules, of which the row says only
// that there are or were some; its unique indexes, one of which may be its key. Of a partitioned
// table also its partitions and their triggers.
inline const std::string kFingerprintSql = R"(
pg_catalog.concat(c.xmin, '.', c.relnamespace::pg_catalog.regnamespace, '.',
  CASE WHEN c.relhasrules THEN
    (SELECT pg_catalog.sum(r.oid::pg_catalog.int8 OPERATOR(pg_catalog.*) 31
                           OPERATOR(pg_catalog.+) r.xmin::pg_catalog.text::pg_catalog.int8)
       FROM pg_catalog.pg_rewrite r WHERE r.ev_class OPERATOR(pg_catalog.=) c.oid) END, '.',
  (SELECT pg_catalog.concat(pg_catalog.count(*), '.',
                            pg_catalog.sum(a.xmin::pg_catalog.text::pg_catalog.int8))
     FROM pg_catalog.pg_attribute a
    WHERE a.attrelid OPERATOR(pg_catalog.=) c.oid AND a.attnum OPERATOR(pg_catalog.>) 0), '.',
  (SELECT pg_catalog.sum(t.oid::pg_catalog.int8 OPERATOR(pg_catalog.*) 31
                         OPERATOR(pg_catalog.+) t.xmin::pg_catalog.text::pg_catalog.int8)
     FROM pg_catalog.pg_trigger t WHERE t.tgrelid OPERATOR(pg_catalog.=) c.oid), '.',
  (SELECT pg_catalog.sum(i.indexrelid::pg_catalog.int8 OPERATOR(pg_catalog.*) 31
                         OPERATOR(pg_catalog.+) i.xmin::pg_catalog.text::pg_catalog.int8)
     FROM pg_catalog.pg_index i
    WHERE i.indrelid OPERATOR(pg_catalog.=) c.oid AND i.indisunique),
  CASE WHEN c.relkind OPERATOR(pg_catalog.=) 'p' THEN
    (SELECT pg_catalog.concat('.', pg_catalog.count(*), '.',
              pg_catalog.sum(p.relid::pg_catalog.oid::pg_catalog.int8), '.',
              pg_catalog.sum((SELECT pg_catalog.sum(
                  t.oid::pg_catalog.int8 OPERATOR(pg_catalog.*) 31
                  OPERATOR(pg_catalog.+) t.xmin::pg_catalog.text::pg_catalog.int8)
                FROM pg_catalog.pg_trigger t WHERE t.tgrelid OPERATOR(pg_catalog.=) p.relid)))
       FROM pg_catalog.pg_partition_tree(c.oid) p) END))";

// Of the pg_type row t: what its values are made of, and what may read their text.
inline const std::string kTypeFingerprintSql = R"(
pg_catalog.concat(t.xmin, '.',
  (SELECT pg_catalog.concat(pg_catalog.count(*), '.',
                            pg_catalog.sum(e.xmin::pg_catalog.text::pg_catalog.int8))
     FROM pg_catalog.pg_enum e WHERE e.enumtypid OPERATOR(pg_catalog.=) t.oid), '.',
  (SELECT pg_catalog.concat(pg_catalog.count(*), '.',
                            pg_catalog.sum(a.xmin::pg_catalog.text::pg_catalog.int8))
     FROM pg_catalog.pg_attribute a WHERE a.attrelid OPERATOR(pg_catalog.=) t.typrelid
      AND t.typtype OPERATOR(pg_catalog.=) 'c' AND a.attnum OPERATOR(pg_catalog.>) 0), '.',
  (SELECT k.xmin FROM pg_catalog.pg_cast k WHERE k.casttarget OPERATOR(pg_catalog.=) t.oid
      AND k.castsource OPERATOR(pg_catalog.=) 'pg_catalog.text'::pg_catalog.regtype)))";

// Whose tables are the user's; $1 is the trash schema.
inline const std::string kUserTables = R"(
  c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND NOT c.relispartition
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND n.nspname <> $1)";

// Of the pg_class row c: whether publications refuse its deletes and its updates, because rows of
// it, or of a partition, have no replica identity.
inline const std::string kUnnamedSql = R"(
SELECT coalesce(bool_or(b.pubdelete), false), coalesce(bool_or(b.pubupdate), false)
FROM pg_publication b CROSS JOIN pg_class l
CROSS JOIN LATERAL (SELECT l.oid UNION SELECT a.relid FROM pg_partition_ancestors(l.oid) a) a(oid)
WHERE (l.oid = c.oid AND l.relkind = 'r' OR c.relkind = 'p' AND l.oid IN (
         SELECT p.relid FROM pg_partition_tree(c.oid) p WHERE p.isleaf))
  AND l.relpersistence = 'p' AND l.relreplident <> 'f'
  AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = l.oid AND i.indisvalid
                  AND i.indimmediate AND CASE l.relreplident WHEN 'd' THEN i.indisprimary
                                         WHEN 'i' THEN i.indisreplident ELSE false END)
  AND (b.puballtables
    OR EXISTS (SELECT FROM pg_publication_rel r WHERE r.prpubid = b.oid AND r.prrelid = a.oid)
    OR EXISTS (SELECT FROM pg_publication_namespace s JOIN pg_class x ON x.relnamespace = s.pnnspid
               WHERE s.pnpubid = b.oid AND x.oid = a.oid)))";

inline const std::string kTablesSql = R"(
SELECT c.oid, n.nspname, c.relname, c.relkind = 'p',
  EXISTS (SELECT FROM pg_rewrite r WHERE r.ev_class = c.oid AND r.ev_type IN ('2', '4')),
  EXISTS (SELECT FROM pg_rewrite r WHERE r.ev_class = c.oid AND r.ev_type = '3'),
  row_security_active(c.oid),
  u.usable AND has_table_privilege(c.oid, 'SELECT'),
  u.usable AND has_table_privilege(c.oid, 'INSERT'),
  u.usable AND has_table_privilege(c.oid, 'UPDATE'),
  u.usable AND has_table_privilege(c.oid, 'DELETE'),
  CASE WHEN c.relkind = 'r' THEN ARRAY[c.oid]
       ELSE ARRAY(SELECT p.relid::oid FROM pg_partition_tree(c.oid) p WHERE p.isleaf
                  ORDER BY 1) END,)" + kFingerprintSql +
                                      R"(, b.deletes, b.updates,
  c.relrowsecurity OR EXISTS (
    SELECT FROM pg_index i JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
    WHERE i.indrelid = c.oid AND d.refclassid IN ('pg_proc'::regclass, 'pg_opclass'::regclass))
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (SELECT has_schema_privilege(n.oid, 'USAGE')) u(usable)
CROSS JOIN LATERAL ()" + kUnnamedSql + R"() b(deletes, updates)
WHERE )" + kUserTables;

// Domains are followed down to the type that they stand on. A user's object has an oid from 16384;
// to a user's type a cast to text may be added at any time, with no sign of it at the table.
inline const std::string kColumnsSql = R"(
WITH RECURSIVE chain(oid, base, not_null, has_default) AS (
  SELECT oid, typbasetype, typnotnull, typdefault IS NOT NULL FROM pg_type WHERE typtype = 'd'
  UNION ALL
  SELECT h.oid, t.typbasetype, h.not_null OR t.typnotnull,
         h.has_default OR t.typdefault IS NOT NULL
  FROM chain h JOIN pg_type t ON t.oid = h.base AND t.typtype = 'd'),
domain AS (
  SELECT h.* FROM chain h JOIN pg_type t ON t.oid = h.base WHERE t.typtype <> 'd'),
reg(oid) AS (
  SELECT unnest('{regproc,regprocedure,regoper,regoperator,regclass,regtype,regrole,regnamespace,
                  regconfig,regdictionary,regcollation}'::regtype[]::oid[]))
SELECT a.attrelid, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.atttypid, b.oid,
  d.oid IS NOT NULL OR b.oid >= 16384 OR b.typelem >= 16384,
  b.typcategory = 'A',
  b.oid IN (SELECT oid FROM reg) OR b.typcategory = 'A' AND b.typelem IN (SELECT oid FROM reg),
  b.oid >= 16384 OR EXISTS (SELECT FROM pg_cast k WHERE k.castsource = b.oid
          AND k.casttarget = 'text'::regtype AND k.castmethod = 'f'),
  EXISTS (SELECT FROM pg_cast k WHERE k.castsource = 'text'::regtype AND k.casttarget = b.oid
          AND k.castmethod = 'f' AND k.oid >= 16384),
  a.attnotnull OR coalesce(d.not_null, false),
  a.atthasdef OR a.attidentity <> '' OR coalesce(d.has_default, false),
  a.attgenerated <> '',
  CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by-default' ELSE '' END,
  u.usable AND has_column_privilege(c.oid, a.attnum, 'SELECT'),
  u.usable AND has_column_privilege(c.oid, a.attnum, 'INSERT'),
  u.usable AND has_column_privilege(c.oid, a.attnum, 'UPDATE'),
  format_type(b.oid, -1),
  CASE WHEN a.attcollation NOT IN (0, 100)
       THEN '"' || replace(y.nspname, '"', '""') || '"."' || replace(l.collname, '"', '""') || '"'
  END,
  coalesce(l.collisdeterministic, true)
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (SELECT has_schema_privilege(n.oid, 'USAGE')) u(usable)
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN domain d ON d.oid = a.atttypid
JOIN pg_type b ON b.oid = coalesce(d.base, a.atttypid)
LEFT JOIN pg_collation l ON l.oid = a.attcollation
LEFT JOIN pg_namespace y ON y.oid = l.collnamespace
WHERE )" + kUserTables + " ORDER BY 1, 2";

// Users' types that values of the tables are made of, with their labels (numbered by oid, in their
// order), attributes (by attnum) or the one type that they stand on.
inline const std::string kTypesSql = R"(
WITH RECURSIVE used(oid) AS (
  SELECT a.atttypid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  WHERE a.atttypid >= 16384 AND)" + kUserTables +
                                     R"(
  UNION
  SELECT p.type FROM used u JOIN pg_type t ON t.oid = u.oid CROSS JOIN LATERAL (
    SELECT t.typbasetype AS type WHERE t.typtype = 'd'
    UNION ALL SELECT t.typelem WHERE t.typcategory = 'A'
    UNION ALL SELECT r.rngsubtype FROM pg_range r WHERE t.oid IN (r.rngtypid, r.rngmultitypid)
    UNION ALL SELECT a.atttypid FROM pg_attribute a WHERE t.typtype = 'c'
      AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped) p
  WHERE p.type >= 16384)
SELECT t.oid, CASE WHEN t.typcategory = 'A' THEN 'a' ELSE t.typtype END,)" +
                                     kTypeFingerprintSql + R"(, p.*
FROM used u JOIN pg_type t ON t.oid = u.oid CROSS JOIN LATERAL (
  SELECT array_agg(p.number ORDER BY p.place), array_agg(p.name ORDER BY p.place),
    array_agg(p.type ORDER BY p.place), array_agg(p.type_oid ORDER BY p.place)
  FROM (
    SELECT e.oid::bigint AS number, e.enumlabel::text AS name, '' AS type, 0::oid AS type_oid,
      e.enumsortorder AS place FROM pg_enum e WHERE e.enumtypid = t.oid
    UNION ALL SELECT a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.atttypid, a.attnum
    FROM pg_attribute a WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0
      AND NOT a.attisdropped
    UNION ALL SELECT 0, '', format_type(x.oid, -1), x.oid, 0 FROM (
      SELECT t.typbasetype AS oid WHERE t.typtype = 'd'
      UNION ALL SELECT t.typelem WHERE t.typcategory = 'A'
      UNION ALL SELECT r.rngsubtype FROM pg_range r WHERE t.oid IN (r.rngtypid, r.rngmultitypid)) x
  ) p) p)";

// Of each type in $1 the five operators of its default btree operator class, which sorting uses
// too.
inline const std::string kComparisonsSql = R"(
SELECT b.oid, ARRAY(
  SELECT 'OPERATOR("' || replace(n.nspname, '"', '""') || '".' || o.oprname || ')'
  FROM pg_amop m JOIN pg_operator o ON o.oid = m.amopopr
  JOIN pg_namespace n ON n.oid = o.oprnamespace
  WHERE m.amopfamily = f.opcfamily AND m.amoppurpose = 's'
    AND m.amoplefttype = f.opcintype AND m.amoprighttype = f.opcintype
  ORDER BY m.amopstrategy)
FROM pg_type b
CROSS JOIN LATERAL (
  SELECT f.opcfamily, f.opcintype FROM pg_opclass f JOIN pg_type t ON t.oid = f.opcintype
  WHERE f.opcdefault AND f.opcmethod = (SELECT oid FROM pg_am WHERE amname = 'btree')
    AND (f.opcintype = b.oid
      OR f.opcintype = CASE WHEN b.typtype = 'e' THEN 'anyenum'::regtype
                            WHEN b.typtype = 'r' THEN 'anyrange'::regtype
                            WHEN b.typtype = 'm' THEN 'anymultirange'::regtype
                            WHEN b.typtype = 'c' THEN 'record'::regtype
                            WHEN b.typcategory = 'A' THEN 'anyarray'::regtype END
      OR EXISTS (SELECT FROM pg_cast k WHERE k.castsource = b.oid AND k.casttarget = f.opcintype
                 AND k.castmethod = 'b' AND k.castcontext = 'i'))
  ORDER BY f.opcintype = b.oid DESC, t.typispreferred DESC LIMIT 1) f
WHERE b.oid = ANY($1::oid[]))";

// Strategy 3 of a btree operator family is equality; a key WITHOUT OVERLAPS says its operators
// itself.
inline const std::string kUniquesSql = R"(
SELECT i.indrelid, coalesce(k.conname, x.relname), i.indisprimary, k.oid IS NOT NULL,
  coalesce(k.condeferrable, false), i.indnullsnotdistinct,
  (i.indkey::int2[])[0:i.indnkeyatts - 1],
  ARRAY(SELECT pg_get_indexdef(i.indexrelid, p, true) FROM generate_series(1, i.indnkeyatts) p
        ORDER BY p),
  CASE WHEN i.indisexclusion THEN ARRAY(
        SELECT 'OPERATOR("' || replace(n.nspname, '"', '""') || '".' || o.oprname || ')'
        FROM unnest(k.conexclop) WITH ORDINALITY p(op, position)
        JOIN pg_operator o ON o.oid = p.op
        JOIN pg_namespace n ON n.oid = o.oprnamespace
        ORDER BY p.position)
  ELSE ARRAY(SELECT 'OPERATOR("' || replace(n.nspname, '"', '""') || '".' || o.oprname || ')'
        FROM unnest(i.indclass::oid[]) WITH ORDINALITY p(class, position)
        JOIN pg_opclass f ON f.oid = p.class
        JOIN pg_amop m ON m.amopfamily = f.opcfamily AND m.amopstrategy = 3
          AND m.amoplefttype = f.opcintype AND m.amoprighttype = f.opcintype
        JOIN pg_operator o ON o.oid = m.amopopr
        JOIN pg_namespace n ON n.oid = o.oprnamespace
        WHERE p.position <= i.indnkeyatts ORDER BY p.position) END,
  pg_get_expr(i.indpred, i.indrelid), i.indisreplident,
  NOT EXISTS (
    SELECT FROM unnest(i.indkey::int2[], i.indcollation::oid[]) p(attnum, coll)
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = p.attnum
    JOIN pg_collation l ON l.oid = a.attcollation AND NOT l.collisdeterministic
    WHERE p.coll <> 0 AND p.coll <> l.oid),
  i.indisexclusion
FROM pg_index i
JOIN pg_class x ON x.oid = i.indexrelid
LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.contype IN ('p', 'u')
  AND k.conrelid = i.indrelid
WHERE i.indisunique AND i.indisvalid AND i.indisready AND i.indrelid >= 16384
ORDER BY 1, i.indisprimary DESC, 2)";

inline const std::string kExclusionsSql = R"(
SELECT k.conrelid, k.conname,
  ARRAY(SELECT pg_get_indexdef(i.indexrelid, p, true) FROM generate_series(1, i.indnkeyatts) p
        ORDER BY p),
  ARRAY(SELECT 'OPERATOR("' || replace(n.nspname, '"', '""') || '".' || o.oprname || ')'
        FROM unnest(k.conexclop) WITH ORDINALITY p(op, position)
        JOIN pg_operator o ON o.oid = p.op
        JOIN pg_namespace n ON n.oid = o.oprnamespace
        ORDER BY p.position),
  pg_get_expr(i.indpred, i.indrelid)
FROM pg_constraint k JOIN pg_index i ON i.indexrelid = k.conindid
WHERE k.contype = 'x' ORDER BY 1, 2)";

inline const std::string kChecksSql = R"(
SELECT conrelid, conname, pg_get_expr(conbin, conrelid)
FROM pg_constraint WHERE contype = 'c' AND conrelid >= 16384 ORDER BY 1, 2)";

// A trigger on a partition is told of the root. Those that run functions of the trash schema, $1,
// are no users' code.
inline const std::string kTriggersSql = R"(
SELECT r.oid, t.tgname, t.tgtype, n.nspname, p.proname,
  o.rolsuper OR p.proowner = c.relowner OR o.rolname = current_user
FROM pg_trigger t
CROSS JOIN LATERAL (SELECT coalesce(pg_partition_root(t.tgrelid)::oid, t.tgrelid)) r(oid)
JOIN pg_class c ON c.oid = r.oid
JOIN pg_proc p ON p.oid = t.tgfoid
JOIN pg_namespace n ON n.oid = p.pronamespace
JOIN pg_roles o ON o.oid = p.proowner
WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND t.tgenabled IN ('O', 'A') AND n.nspname <> $1
ORDER BY 1, 2)";

// A key on or to a partition is told of the root, its columns found there by name.
inline const std::string kForeignKeysSql = R"(
SELECT coalesce(r.child, k.conrelid), k.oid, k.conname, coalesce(r.parent, k.confrelid),
  CASE WHEN r.child IS NULL THEN 0 ELSE k.conrelid END,
  CASE WHEN r.parent IS NULL THEN 0 ELSE k.confrelid END,
  CASE WHEN r.child IS NULL THEN k.conkey ELSE ARRAY(
    SELECT b.attnum FROM unnest(k.conkey) WITH ORDINALITY p(attnum, position)
    JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = p.attnum
    JOIN pg_attribute b ON b.attrelid = r.child AND b.attname = a.attname ORDER BY p.position)
  END,
  CASE WHEN r.parent IS NULL THEN k.confkey ELSE ARRAY(
    SELECT b.attnum FROM unnest(k.confkey) WITH ORDINALITY p(attnum, position)
    JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = p.attnum
    JOIN pg_attribute b ON b.attrelid = r.parent AND b.attname = a.attname ORDER BY p.position)
  END,
  ARRAY(SELECT 'OPERATOR("' || replace(n.nspname, '"', '""') || '".' || o.oprname || ')'
        FROM unnest(k.conpfeqop) WITH ORDINALITY p(op, position)
        JOIN pg_operator o ON o.oid = p.op
        JOIN pg_namespace n ON n.oid = o.oprnamespace
        ORDER BY p.position),
  k.confdeltype,
  CASE WHEN r.child IS NULL THEN coalesce(k.confdelsetcols, k.conkey) ELSE ARRAY(
    SELECT b.attnum FROM unnest(coalesce(k.confdelsetcols, k.conkey))
      WITH ORDINALITY p(attnum, position)
    JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = p.attnum
    JOIN pg_attribute b ON b.attrelid = r.child AND b.attname = a.attname ORDER BY p.position)
  END,
  k.condeferrable,
  EXISTS (SELECT FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
          CROSS JOIN LATERAL (
            SELECT (i.indkey::int2[])[0:cardinality(k.conkey) - 1] AS first) f
          WHERE i.indrelid = k.conrelid AND i.indisvalid AND i.indpred IS NULL
            AND x.relam IN (SELECT oid FROM pg_am WHERE amname IN ('btree', 'hash')
                                                     OR amname = 'gist' AND m.period)
            AND i.indnkeyatts >= cardinality(k.conkey)
            AND f.first @> k.conkey AND f.first <@ k.conkey),
  ARRAY(SELECT l.relid::oid FROM pg_partition_tree(CASE WHEN r.child IS NOT NULL
          THEN k.conrelid END) l WHERE l.isleaf ORDER BY 1),
  ARRAY(SELECT l.relid::oid FROM pg_partition_tree(CASE WHEN r.parent IS NOT NULL
          THEN k.confrelid END) l WHERE l.isleaf ORDER BY 1),
  m.enforced, m.period
FROM pg_constraint k
CROSS JOIN LATERAL (
  SELECT coalesce((to_jsonb(k) ->> 'conenforced')::bool, true) AS enforced,
         coalesce((to_jsonb(k) ->> 'conperiod')::bool, false) AS period) m
JOIN pg_class c ON c.oid = k.conrelid
JOIN pg_class p ON p.oid = k.confrelid
CROSS JOIN LATERAL (
  SELECT CASE WHEN c.relispartition THEN pg_partition_root(c.oid)::oid END AS child,
         CASE WHEN p.relispartition THEN pg_partition_root(p.oid)::oid END AS parent) r
WHERE k.contype = 'f' AND k.conparentid = 0)";

// Under an empty search path too. Cheap, over everything that read_catalog reads; temporary tables
// of other sessions do not count.
inline const std::string kDatabaseFingerprintSql = R"(
WITH c AS MATERIALIZED (
  SELECT c.oid, c.xmin::text::bigint AS x FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
    AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND n.nspname <> $1)
SELECT concat_ws(',',
  (SELECT concat(count(*), '.', sum(x + oid::bigint)) FROM c),
  (SELECT concat(count(*), '.', sum(a.xmin::text::bigint)) FROM pg_catalog.pg_attribute a
     JOIN c ON c.oid = a.attrelid WHERE a.attnum > 0),
  (SELECT concat(count(*), '.', sum(k.xmin::text::bigint)) FROM pg_catalog.pg_constraint k
     JOIN c ON c.oid = k.conrelid),
  (SELECT concat(count(*), '.', sum(i.xmin::text::bigint)) FROM pg_catalog.pg_index i
     JOIN c ON c.oid = i.indrelid),
  (SELECT concat(count(*), '.', sum(t.xmin::text::bigint)) FROM pg_catalog.pg_trigger t
     JOIN c ON c.oid = t.tgrelid),
  (SELECT concat(count(*), '.', sum(p.xmin::text::bigint)) FROM pg_catalog.pg_proc p
    WHERE p.oid IN (SELECT t.tgfoid FROM pg_catalog.pg_trigger t WHERE NOT t.tgisinternal)),
  (SELECT concat(count(*), '.', sum(r.xmin::text::bigint)) FROM pg_catalog.pg_rewrite r
     JOIN c ON c.oid = r.ev_class),
  (SELECT concat(count(*), '.', sum(n.xmin::text::bigint)) FROM pg_catalog.pg_namespace n
    WHERE n.nspname !~ '^pg_(toast_)?temp_'),
  (SELECT concat(count(*), '.', sum(k.xmin::text::bigint)) FROM pg_catalog.pg_cast k),
  (SELECT concat(count(*), '.', sum(b.xmin::text::bigint)) FROM pg_catalog.pg_publication b),
  (SELECT concat(count(*), '.', sum(r.xmin::text::bigint)) FROM pg_catalog.pg_publication_rel r),
  (SELECT concat(count(*), '.', sum(s.xmin::text::bigint))
     FROM pg_catalog.pg_publication_namespace s),
  (SELECT concat(count(*), '.', sum(t.xmin::text::bigint)) FROM pg_catalog.pg_type t
    WHERE t.typtype IN ('d', 'e', 'r')),
  (SELECT concat(count(*), '.', sum(e.xmin::text::bigint)) FROM pg_catalog.pg_enum e),
  (SELECT concat(count(*), '.', sum(a.xmin::text::bigint)) FROM pg_catalog.pg_attribute a
     JOIN pg_catalog.pg_class t ON t.oid = a.attrelid AND t.relkind = 'c' WHERE t.oid >= 16384),
  (SELECT concat(count(*), '.', sum(m.xmin::text::bigint)) FROM pg_catalog.pg_auth_members m)))";

}  // namespace trashd::schema
