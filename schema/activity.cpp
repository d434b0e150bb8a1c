// PostgreSQL counts what a transaction does to each table, whatever code does it. These counts are
// read inside of it, beside the files and columns of the tables, which tell of what is not counted.
#include "schema/activity.hpp"

#include "schema/identifier.hpp"

namespace trashd::schema {

std::string written_sql(const std::string& trash_schema) {
    return "SELECT c.oid, n.nspname, c.relname, w.inserted, w.updated, w.deleted FROM (SELECT "
           "coalesce(pg_catalog.pg_partition_root(relid)::pg_catalog.oid, relid) AS root, "
           "pg_catalog.sum(n_tup_ins) AS inserted, pg_catalog.sum(n_tup_upd) AS updated, "
           "pg_catalog.sum(n_tup_del) AS deleted FROM pg_catalog.pg_stat_xact_user_tables WHERE "
           "schemaname OPERATOR(pg_catalog.<>) " +
           literal(trash_schema) +
           " AND (n_tup_ins OPERATOR(pg_catalog.>) 0 OR n_tup_upd OPERATOR(pg_catalog.>) 0 OR "
           "n_tup_del OPERATOR(pg_catalog.>) 0) GROUP BY 1) w JOIN pg_catalog.pg_class c ON c.oid "
           "OPERATOR(pg_catalog.=) w.root AND c.relkind OPERATOR(pg_catalog.=) ANY ('{r,p}') AND "
           "c.relpersistence "
           "OPERATOR(pg_catalog.<>) 't' JOIN "
           "pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace ORDER BY 2, 3";
}

std::string written_to_sql(const std::string& oids) {
    return "SELECT t.oid, "
           "pg_catalog.sum(pg_catalog.pg_stat_get_xact_tuples_inserted(l.leaf)), "
           "pg_catalog.sum(pg_catalog.pg_stat_get_xact_tuples_updated(l.leaf)), "
           "pg_catalog.sum(pg_catalog.pg_stat_get_xact_tuples_deleted(l.leaf)) "
           "FROM pg_catalog.unnest(" +
           oids +
           ") t(oid) CROSS JOIN LATERAL (SELECT t.oid UNION SELECT p.relid::pg_catalog.oid FROM "
           "pg_catalog.pg_partition_tree(t.oid::pg_catalog.regclass) p WHERE p.isleaf) l(leaf) "
           "GROUP BY t.oid";
}

std::string standing_sql() {
    return "ARRAY(SELECT pg_catalog.format('%s %s %I.%I', c.oid, c.relfilenode, n.nspname, "
           "c.relname) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid "
           "OPERATOR(pg_catalog.=) c.relnamespace WHERE c.relkind OPERATOR(pg_catalog.=) ANY "
           "('{r,p}') AND "
           "c.relpersistence OPERATOR(pg_catalog.<>) 't' AND c.oid OPERATOR(pg_catalog.>=) "
           "16384::pg_catalog.oid)";
}

// Others may drop and rewrite tables at the same time; who does holds the heaviest lock. No file
// tells of a dropped column, but the transaction that wrote its row, this one or one within it.
std::string harmed_sql(const std::string& standing) {
    return R"(ARRAY(SELECT pg_catalog.concat(h.oid, ' ', h.harm, ' the table ', h.name) FROM (
      SELECT s.oid, s.name, CASE
          WHEN c.oid IS NULL THEN 'drops'
          WHEN c.relfilenode OPERATOR(pg_catalog.<>) s.file THEN 'empties or rewrites'
          WHEN EXISTS (SELECT FROM pg_catalog.pg_attribute a
              WHERE a.attrelid OPERATOR(pg_catalog.=) s.oid AND a.attisdropped
                AND pg_catalog.age(a.xmin) OPERATOR(pg_catalog.<=)
                    pg_catalog.age(pg_catalog.pg_current_xact_id()::pg_catalog.xid))
          THEN 'drops a column of' END AS harm
      FROM (SELECT pg_catalog.split_part(u.entry, ' ', 1)::pg_catalog.oid AS oid,
                   pg_catalog.split_part(u.entry, ' ', 2)::pg_catalog.oid AS file,
                   pg_catalog.regexp_replace(u.entry, '^[0-9]+ [0-9]+ ', '') AS name
            FROM pg_catalog.unnest()" +
           standing + R"() u(entry)) s
      LEFT JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) s.oid
      WHERE s.oid OPERATOR(pg_catalog.=) ANY (SELECT k.relation FROM pg_catalog.pg_locks k
          WHERE k.pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid()
            AND k.locktype OPERATOR(pg_catalog.=) 'relation'
            AND k.mode OPERATOR(pg_catalog.=) 'AccessExclusiveLock')) h
      WHERE h.harm IS NOT NULL ORDER BY h.name))";
}

std::string large_objects_deleted_sql() {
    const auto of = [](const std::string& table) {
        return "pg_catalog.pg_stat_get_xact_tuples_deleted('pg_catalog." + table +
               "'::pg_catalog.regclass)";
    };
    return "(" + of("pg_largeobject_metadata") + " OPERATOR(pg_catalog.+) " + of("pg_largeobject") +
           ")";
}

}  // namespace trashd::schema
