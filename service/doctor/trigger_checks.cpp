// What triggers of the tables that deletes and restores touch do and need: read from the catalog
// and, as far as words tell, from the sources of their functions.
#include <set>

#include "schema/catalog/catalog.hpp"
#include "schema/identifier.hpp"
#include "schema/session/connection.hpp"
#include "service/config/resources.hpp"
#include "service/doctor/doctor.hpp"

namespace trashd::service {

namespace {

using schema::Result;
using Findings = std::vector<Finding>;

// Of the tables $1 and their partitions each trigger with its function, as rows q; not those that
// capture for the trash schema, $2.
const std::string kTriggers = R"(
WITH w AS (
  SELECT o.oid FROM pg_catalog.unnest($1::pg_catalog.oid[]) o(oid)
  UNION SELECT p.relid FROM pg_catalog.unnest($1::pg_catalog.oid[]) o(oid)
        CROSS JOIN LATERAL pg_catalog.pg_partition_tree(o.oid) p),
q AS (
  SELECT t.tgname, t.tgtype::int AS type, tn.nspname AS table_schema, c.relname AS table_name,
    fn.oid AS schema_oid, fn.nspname AS schema, f.proname, f.prosrc, f.prosecdef,
    l.lanname IN ('plpgsql', 'sql') AS readable, l.lanname NOT IN ('c', 'internal') AS written,
    EXISTS (SELECT FROM pg_catalog.unnest(f.proconfig) s WHERE s LIKE 'search_path=%') AS own_path
  FROM pg_catalog.pg_trigger t
  JOIN w ON w.oid = t.tgrelid
  JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
  JOIN pg_catalog.pg_namespace tn ON tn.oid = c.relnamespace
  JOIN pg_catalog.pg_proc f ON f.oid = t.tgfoid
  JOIN pg_catalog.pg_namespace fn ON fn.oid = f.pronamespace
  JOIN pg_catalog.pg_language l ON l.oid = f.prolang
  WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND t.tgenabled IN ('O', 'A')
    AND t.tgtype::int & 28 <> 0 AND fn.nspname <> $2)
)";

// A pattern for x.name as it stands in a source without a schema: a relation behind a word that
// asks for one or as a literal, which nextval takes, and a function before its arguments.
const std::string kUnqualified = R"sql(
  (SELECT CASE WHEN x.relation
     THEN '(?i)\m(from|join|into|update|only|table|truncate)\s+"?' || e.name
          || '"?($|[^.[:alnum:]_"])|''"?' || e.name || '"?'''
     ELSE '(?i)(^|[^.[:alnum:]_"])"?' || e.name || '"?\s*\(' END
   FROM pg_catalog.regexp_replace(x.name, '([^[:alnum:]_])', '\\\1', 'g') e(name))
)sql";

class Triggers {
  public:
    Triggers(schema::Connection& connection, const std::vector<schema::Oid>& tables,
             std::string role, std::string trash_schema)
        : connection_(connection), role_(std::move(role)), trash_schema_(std::move(trash_schema)) {
        std::vector<schema::Param> oids;
        for (const auto oid : tables) oids.emplace_back(std::to_string(oid));
        tables_ = schema::array_literal(oids);
    }

    Findings run() {
        tell_what_they_do();
        need_schemas();
        need_functions();
        need_sequences();
        need_search_path();
        return std::move(findings_);
    }

  private:
    Result ask(const std::string& sql) {
        return connection_.exec(kTriggers + sql, {tables_, trash_schema_});
    }

    void warn(const char* kind, const Result& found, int row, std::string detail, std::string fix) {
        findings_.push_back({Severity::kWarning, kind, std::string(found.text(row, 0)),
                             std::move(detail), std::move(fix)});
    }

    std::string to() const { return " TO " + schema::quoted(role_) + ";"; }

    // 4, 8: the bits of INSERT and DELETE; 2: BEFORE, of which the catalog's part tells.
    void tell_what_they_do() {
        const auto found = ask(R"(
SELECT q.table_schema || '.' || q.table_name, q.tgname, q.type & 4 <> 0, q.type & 8 <> 0,
  q.written AND (NOT q.readable OR q.prosrc ~* '\m(insert\s+into|update|delete\s+from|execute)\M'),
  q.proname = 'lo_manage' OR q.prosrc ~* '\m(truncate|drop\s+(table|schema)|lo_unlink)\M',
  q.type & 2 <> 0
FROM q ORDER BY 1, 2)");
        for (int row = 0; row < found.rows(); ++row) tell_of(found, row);
    }

    void tell_of(const Result& found, int row) {
        const std::string name(found.text(row, 1));
        const bool on_insert = found.boolean(row, 2), on_delete = found.boolean(row, 3);
        if (on_delete && found.boolean(row, 5)) {
            warn("trigger", found, row,
                 "the DELETE trigger " + name +
                     " drops or empties tables, or deletes large objects: deletes in which it does "
                     "so are refused",
                 "change the trigger");
        } else if (on_delete && found.boolean(row, 4)) {
            warn("trigger", found, row,
                 "the DELETE trigger " + name +
                     " may write into other tables; what it writes stays when the row comes back",
                 "let it ask current_setting('trashd.action', true), and mark what it wrote when "
                 "that is 'restore'");
        }
        if (!on_insert || found.boolean(row, 6)) return;
        findings_.push_back({Severity::kInfo, "trigger", std::string(found.text(row, 0)),
                             "the INSERT trigger " + name + " fires when rows are restored, too",
                             "let it ask current_setting('trashd.action', true), which is "
                             "'restore' then"});
    }

    void need_schemas() {
        const auto found = ask(R"(
SELECT DISTINCT q.table_schema || '.' || q.table_name, q.tgname, q.schema FROM q
WHERE q.written AND NOT q.prosecdef
  AND NOT pg_catalog.has_schema_privilege(q.schema_oid, 'USAGE') ORDER BY 1, 2)");
        for (int row = 0; row < found.rows(); ++row)
            warn("missing-grant", found, row,
                 "the trigger " + std::string(found.text(row, 1)) +
                     " runs a function of the schema " + std::string(found.text(row, 2)) +
                     ", whose other functions and tables the role may not use",
                 "GRANT USAGE ON SCHEMA " + schema::quoted(found.text(row, 2)) + to());
    }

    void need_functions() {
        const auto found = ask(R"(
SELECT DISTINCT q.table_schema || '.' || q.table_name, q.tgname, g.oid::pg_catalog.regprocedure
FROM q JOIN pg_catalog.pg_proc g ON g.oid >= 16384
  AND NOT pg_catalog.has_function_privilege(g.oid, 'EXECUTE')
WHERE q.readable AND NOT q.prosecdef AND q.prosrc ~ ('\m' || )" +
                               std::string("pg_catalog.regexp_replace(g.proname, "
                                           "'([^[:alnum:]_])', '\\\\\\1', 'g')") +
                               R"( || '"?\s*\(') ORDER BY 1, 2, 3)");
        for (int row = 0; row < found.rows(); ++row)
            warn("missing-grant", found, row,
                 "the trigger " + std::string(found.text(row, 1)) + " names the function " +
                     std::string(found.text(row, 2)) + ", which the role may not execute",
                 "GRANT EXECUTE ON FUNCTION " + std::string(found.text(row, 2)) + to());
    }

    // Of serial columns; identity columns need no privilege.
    void need_sequences() {
        const auto found = ask(R"(
SELECT n.nspname, pg_catalog.string_agg(s.relname, ', ' ORDER BY s.relname),
  EXISTS (SELECT FROM q WHERE NOT q.prosecdef)
FROM pg_catalog.pg_class s
JOIN pg_catalog.pg_namespace n ON n.oid = s.relnamespace
WHERE CASE WHEN s.relkind = 'S' THEN NOT pg_catalog.has_sequence_privilege(s.oid, 'USAGE') END
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.objid = s.oid AND d.deptype = 'i')
  AND n.oid IN (SELECT c.relnamespace FROM w JOIN pg_catalog.pg_class c ON c.oid = w.oid
                UNION SELECT q.schema_oid FROM q)
GROUP BY n.nspname ORDER BY 1)");
        for (int row = 0; row < found.rows(); ++row)
            warn(
                "missing-grant", found, row,
                "the role may not use the sequences " + std::string(found.text(row, 1)) +
                    (found.boolean(row, 2)
                         ? ": triggers that insert with them fail when rows are deleted or restored"
                         : ": rows cannot be made with their defaults"),
                "GRANT USAGE ON ALL SEQUENCES IN SCHEMA " + schema::quoted(found.text(row, 0)) +
                    to());
    }

    // Schemas outside the path with something that a trigger names without its schema.
    void need_search_path() {
        const auto found = ask(R"(,
m AS (
  SELECT DISTINCT n.nspname, n.oid FROM pg_catalog.pg_namespace n
  WHERE n.nspname <> ALL (pg_catalog.current_schemas(true))
    AND (n.nspname IN (SELECT table_schema FROM q) OR n.oid IN (SELECT schema_oid FROM q))),
x AS (
  SELECT m.nspname, c.relname AS name, true AS relation
  FROM m JOIN pg_catalog.pg_class c ON c.relnamespace = m.oid
    AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
  UNION SELECT m.nspname, f.proname, false
  FROM m JOIN pg_catalog.pg_proc f ON f.pronamespace = m.oid
    AND f.prorettype <> 'pg_catalog.trigger'::pg_catalog.regtype)
SELECT x.nspname, pg_catalog.min(q.tgname || ' of ' || q.table_schema || '.' || q.table_name),
  pg_catalog.min(x.name), pg_catalog.current_setting('search_path')
FROM q JOIN x ON q.prosrc ~ )" +
                               kUnqualified + R"(
WHERE q.readable AND NOT q.own_path
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.relname = x.name
                  AND pg_catalog.pg_table_is_visible(c.oid))
GROUP BY x.nspname ORDER BY 1)");
        for (int row = 0; row < found.rows(); ++row)
            warn("search-path", found, row,
                 "the trigger " + std::string(found.text(row, 1)) + " names " +
                     std::string(found.text(row, 2)) +
                     " without a schema, and the role's search_path, " +
                     std::string(found.text(row, 3)) + ", does not lead there",
                 "ALTER ROLE " + schema::quoted(role_) +
                     " SET search_path = " + std::string(found.text(row, 3)) + ", " +
                     schema::quoted(found.text(row, 0)) + ";");
    }

    schema::Connection& connection_;
    std::string tables_, role_, trash_schema_;
    Findings findings_;
};

// Whatever a delete with cascade=true may meet.
std::vector<schema::Oid> touched(const Resources& resources) {
    const auto& catalog = *resources.catalog();
    std::set<schema::Oid> seen;
    std::vector<schema::Oid> open;
    for (const auto& resource : resources.all())
        if (seen.insert(resource.table->oid).second) open.push_back(resource.table->oid);
    while (!open.empty()) {
        const auto table = open.back();
        open.pop_back();
        for (const auto* key : catalog.referrers(table))
            if (seen.insert(key->child).second) open.push_back(key->child);
    }
    return {seen.begin(), seen.end()};
}

}  // namespace

std::vector<Finding> examine_triggers(schema::Connection& connection, const Resources& resources,
                                      const std::string& role, const std::string& trash_schema) {
    return Triggers(connection, touched(resources), role, trash_schema).run();
}

}  // namespace trashd::service
