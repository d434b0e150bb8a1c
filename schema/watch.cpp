#include "schema/watch.hpp"

#include "schema/identifier.hpp"

namespace trashd::schema {
namespace {

// One row a table: its oid, its file, its name. TRUNCATE gives it another file.
std::string stored(const std::string& trash_schema) {
    return R"(SELECT pg_catalog.concat(c.oid, ' ', c.relfilenode, ' ', n.nspname, '.', c.relname)
      FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
      WHERE (c.relkind OPERATOR(pg_catalog.=) 'r' OR c.relkind OPERATOR(pg_catalog.=) 'p')
        AND c.relpersistence OPERATOR(pg_catalog.<>) 't'
        AND NOT pg_catalog.starts_with(n.nspname::pg_catalog.text, 'pg_')
        AND n.nspname OPERATOR(pg_catalog.<>) 'information_schema'
        AND n.nspname OPERATOR(pg_catalog.<>) )" +
           literal(trash_schema);
}

// (oid, name) from entries as stored() writes them.
std::string tables_of(const std::string& entries) {
    return "(SELECT pg_catalog.split_part(d.x, ' ', 1)::pg_catalog.oid AS oid, "
           "pg_catalog.regexp_replace(d.x, '^[0-9]+ [0-9]+ ', '') AS name FROM (" +
           entries + ") d(x))";
}

// Another session's TRUNCATE may have ended meanwhile: who did it holds the lock.
constexpr const char* kHeldAlone = R"(EXISTS (SELECT FROM pg_catalog.pg_locks l
      WHERE l.pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid()
        AND l.locktype OPERATOR(pg_catalog.=) 'relation'
        AND l.relation OPERATOR(pg_catalog.=) h.oid
        AND l.mode OPERATOR(pg_catalog.=) 'AccessExclusiveLock'))";

// By this transaction or one within it, for it holds the table alone: no file tells of that.
constexpr const char* kColumnDropped = R"(EXISTS (SELECT FROM pg_catalog.pg_attribute a
      WHERE a.attrelid OPERATOR(pg_catalog.=) t.oid AND a.attisdropped
        AND pg_catalog.age(a.xmin) OPERATOR(pg_catalog.<=)
            pg_catalog.age(pg_catalog.pg_current_xact_id()::pg_catalog.xid)))";

std::string deleted(const std::string& table) {
    return "pg_catalog.pg_stat_get_xact_tuples_deleted('pg_catalog." + table +
           "'::pg_catalog.regclass)";
}

}  // namespace

std::string stored_tables_sql(const std::string& trash_schema) {
    return "ARRAY(" + stored(trash_schema) + ")";
}

std::string harmed_table_sql(const std::string& trash_schema, const std::string& before) {
    return R"((SELECT pg_catalog.concat(h.harm, ' the table ', h.name) FROM (
      SELECT CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_class c
                               WHERE c.oid OPERATOR(pg_catalog.=) t.oid)
                  THEN 'empties or rewrites' ELSE 'drops' END AS harm, t.*
      FROM )" +
           tables_of("SELECT b.x FROM pg_catalog.unnest(" + before + ") b(x) EXCEPT " +
                     stored(trash_schema)) +
           R"( t UNION ALL SELECT 'drops a column of', t.* FROM )" +
           tables_of("SELECT b.x FROM pg_catalog.unnest(" + before + ") b(x)") + " t WHERE " +
           kColumnDropped + ") h WHERE " + kHeldAlone + " ORDER BY h.name, h.harm LIMIT 1)";
}

std::string deleted_large_objects_sql() {
    return "(" + deleted("pg_largeobject_metadata") + " OPERATOR(pg_catalog.+) " +
           deleted("pg_largeobject") + ")";
}

}  // namespace trashd::schema
