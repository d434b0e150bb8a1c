#include "service/doctor/doctor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "schema/catalog/catalog.hpp"
#include "schema/catalog/reader.hpp"
#include "schema/identifier.hpp"
#include "schema/session/connection.hpp"
#include "schema/session/server.hpp"
#include "service/config/config.hpp"
#include "service/config/resources.hpp"
#include "service/config/served_schemas.hpp"
#include "trash/records/rehearsals.hpp"
#include "trash/setup/birthplace.hpp"
#include "trash/setup/migrate.hpp"

namespace trashd::service {

namespace {

// Whether there is anything more to ask.
bool add_server(std::vector<Finding>& findings, schema::Connection& connection) {
    const auto server = schema::server_of(connection);
    if (const auto reason = schema::objection(server); !reason.empty()) {
        findings.push_back(
            {Severity::kError, "server-version", "", reason, "use a server that it works with"});
        return false;
    }
    if (server.number > schema::kNewestTested)
        findings.push_back({Severity::kWarning, "server-version", "",
                            fmt::format("this is PostgreSQL {}, newer than those that this trashd "
                                        "is tested on (15 to {})",
                                        server.version, schema::kNewestTested / 10000),
                            "install a newer trashd, if there is one"});
    return true;
}

void add_track_counts(std::vector<Finding>& findings, schema::Connection& connection) {
    if (connection.exec("SHOW track_counts").text(0, 0) != "on")
        findings.push_back({Severity::kError, "track-counts", "",
                            "track_counts is off; trashd proves each delete by these counts",
                            "ALTER SYSTEM SET track_counts = on; SELECT pg_reload_conf();"});
}

void add_missing_schema(std::vector<Finding>& findings, schema::Connection& connection,
                        const std::string& role) {
    findings.push_back({Severity::kInfo, "trash-schema", "",
                        "there is no trash schema yet; the first start makes it", ""});
    const auto may = connection.exec(
        "SELECT pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE'), "
        "pg_catalog.current_database()");
    if (may.boolean(0, 0)) return;
    findings.push_back({Severity::kError, "missing-grant", "",
                        "the role may not make the trash schema",
                        "GRANT CREATE ON DATABASE " + schema::quoted(may.text(0, 1)) + " TO " +
                            schema::quoted(role) + ";"});
}

void add_ledger(std::vector<Finding>& findings, schema::Connection& connection,
                const Config& config) {
    const auto may = connection.exec(
        "SELECT pg_catalog.has_table_privilege(c, 'UPDATE, DELETE, TRUNCATE') FROM "
        "pg_catalog.to_regclass($1) c WHERE c IS NOT NULL",
        {schema::quoted({config.trash_schema, "ledger"})});
    if (may.rows() > 0 && may.boolean(0, 0))
        findings.push_back({Severity::kInfo, "ledger", "",
                            "the role owns the ledger, so it could change what it wrote",
                            "let another role own the trash schema: trashd migrate --for"});
}

void add_replica_identity(std::vector<Finding>& findings, schema::Connection& connection,
                          const std::string& trash_schema) {
    for (const auto& table : trash::without_replica_identity(connection, trash_schema))
        findings.push_back(
            {Severity::kError, "replica-identity", trash_schema + "." + table,
             "it has no replica identity, so deletes from it fail while a publication has it",
             "ALTER TABLE " + schema::quoted({trash_schema, table}) + " REPLICA IDENTITY FULL;"});
}

// A copy is told before it is counted: the next start may find the tables by name.
void add_stranded(std::vector<Finding>& findings, schema::Connection& connection,
                  const std::string& trash_schema) {
    if (trash::home_of(connection, trash_schema) == trash::Home::kLogicalCopy)
        findings.push_back({Severity::kInfo, "copy", "",
                            "the trash was copied here by a dump or by logical replication",
                            "the next start finds the tables of its rows by name"});
    for (const auto& one : trash::stranded(connection, trash_schema))
        findings.push_back(
            {Severity::kWarning, "stranded", one.table.schema + "." + one.table.name,
             fmt::format("{} TrashItems in {} groups are of this table, which is gone", one.items,
                         one.groups),
             "make a table of that name again, or purge them"});
}

// What is captured at tables whose trigger is gone or switched off: deletes of others go past the
// trash.
void add_capture(std::vector<Finding>& findings, schema::Connection& connection,
                 const std::string& trash_schema) {
    const auto found = connection.exec(
        "SELECT c.schema_name, c.table_name FROM " + schema::quoted({trash_schema, "capture"}) +
            " c WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid "
            "OPERATOR(pg_catalog.=) pg_catalog.to_regclass(pg_catalog.format('%I.%I', "
            "c.schema_name, c.table_name)) AND t.tgname OPERATOR(pg_catalog.=) $1 AND t.tgenabled "
            "OPERATOR(pg_catalog.=) ANY ('{O,A}')) ORDER BY 1, 2",
        {trash_schema + "_capture"});
    for (int row = 0; row < found.rows(); ++row) {
        const auto name = std::string(found.text(row, 0)) + "." + std::string(found.text(row, 1));
        findings.push_back({Severity::kWarning, "not-captured", name,
                            "deletes that others send are to be captured, but the trigger is gone "
                            "or switched off: they go past the trash",
                            "run trashd capture on " + name + ", or trashd capture off"});
    }
}

void add_not_restorable(std::vector<Finding>& findings, schema::Connection& connection,
                        const std::string& trash_schema) {
    const auto groups = trash::count_not_restorable(connection, trash_schema);
    if (groups == 0) return;
    findings.push_back(
        {Severity::kWarning, "not-restorable", "",
         fmt::format("{} {} in the trash could not come back when that was last tried", groups,
                     groups == 1 ? "group" : "groups"),
         "see which with GET /v1/trash?root=true&restorable=false, and why with a dry run of its "
         "restore"});
}

// What pg_dump reads as the database's owner.
void add_dump(std::vector<Finding>& findings, schema::Connection& connection,
              const std::string& trash_schema) {
    const auto found = connection.exec(
        "SELECT pg_catalog.pg_get_userbyid(d.datdba), pg_catalog.pg_get_userbyid(n.nspowner) FROM "
        "pg_catalog.pg_database d, pg_catalog.pg_namespace n WHERE d.datname "
        "OPERATOR(pg_catalog.=) "
        "pg_catalog.current_database() AND n.nspname OPERATOR(pg_catalog.=) $1 AND NOT "
        "(pg_catalog.has_schema_privilege(d.datdba, n.oid, 'USAGE') AND NOT EXISTS (SELECT FROM "
        "pg_catalog.pg_class c WHERE c.relnamespace OPERATOR(pg_catalog.=) n.oid AND CASE "
        "c.relkind WHEN 'r' THEN NOT "
        "pg_catalog.has_table_privilege(d.datdba, c.oid, 'SELECT') WHEN 'S' THEN NOT "
        "pg_catalog.has_sequence_privilege(d.datdba, c.oid, 'SELECT') END))",
        {trash_schema});
    if (found.rows() == 0) return;
    const auto schema = schema::quoted(trash_schema), in = " IN SCHEMA " + schema,
               to = " TO " + schema::quoted(found.text(0, 0)) + ";",
               later = " ALTER DEFAULT PRIVILEGES FOR ROLE " + schema::quoted(found.text(0, 1)) +
                       in + " GRANT SELECT ON ";
    findings.push_back(
        {Severity::kWarning, "pg-dump", trash_schema,
         fmt::format("pg_dump of the database's owner {} fails: it may not read the trash",
                     found.text(0, 0)),
         "GRANT USAGE ON SCHEMA " + schema + to + " GRANT SELECT ON ALL TABLES" + in + to +
             " GRANT SELECT ON ALL SEQUENCES" + in + to + later + "TABLES" + to + later +
             "SEQUENCES" + to});
}

void add_trash_schema(std::vector<Finding>& findings, schema::Connection& connection,
                      const Config& config, const std::string& role) {
    const auto usable = connection.exec(
        "SELECT pg_catalog.has_schema_privilege(oid, 'USAGE') FROM pg_catalog.pg_namespace WHERE "
        "nspname OPERATOR(pg_catalog.=) $1",
        {config.trash_schema});
    if (usable.rows() == 0) return add_missing_schema(findings, connection, role);
    if (!usable.boolean(0, 0)) {
        findings.push_back({Severity::kError, "trash-schema", "",
                            "the role may not use the trash schema, which another role made",
                            "connect as that role, or set trash_schema to another name"});
        return;
    }
    add_ledger(findings, connection, config);
    add_replica_identity(findings, connection, config.trash_schema);
    add_dump(findings, connection, config.trash_schema);
    const auto found = trash::installed_version(connection, config.trash_schema).value_or(0);
    const auto known = trash::newest_version();
    if (found == known) {
        add_stranded(findings, connection, config.trash_schema);
        add_not_restorable(findings, connection, config.trash_schema);
        add_capture(findings, connection, config.trash_schema);
    }
    const auto versions = fmt::format("version {}, this program knows {}", found, known);
    if (found < known)
        findings.push_back({Severity::kWarning, "trash-schema", "",
                            "the trash schema is of " + versions,
                            "the next start of the service brings it up to date"});
    if (found > known)
        findings.push_back({Severity::kError, "trash-schema", "",
                            "the trash schema is of " + versions, "install a newer trashd"});
}

// A crash of the server empties such a table, and no trash holds its rows then. What the trash
// keeps for the time of a transaction alone ends with it.
void add_unlogged(std::vector<Finding>& findings, schema::Connection& connection,
                  const Resources& resources, const std::string& trash_schema) {
    std::vector<schema::Param> oids;
    for (const auto& table : resources.catalog()->tables())
        oids.emplace_back(std::to_string(table.oid));
    const auto found = connection.exec(
        "SELECT n.nspname, c.relname, n.nspname OPERATOR(pg_catalog.=) $2 FROM "
        "pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) "
        "c.relnamespace WHERE c.relpersistence OPERATOR(pg_catalog.=) 'u' AND c.relkind "
        "OPERATOR(pg_catalog.=) 'r' AND (c.oid OPERATOR(pg_catalog.=) ANY "
        "($1::pg_catalog.oid[]) OR n.nspname OPERATOR(pg_catalog.=) $2 AND c.relname "
        "OPERATOR(pg_catalog.<>) ALL ('{capture_cut,capture_part}')) ORDER BY 1, 2",
        {schema::array_literal(oids), trash_schema});
    for (int row = 0; row < found.rows(); ++row) {
        const schema::QualifiedName name{std::string(found.text(row, 0)),
                                         std::string(found.text(row, 1))};
        const bool own = found.boolean(row, 2);
        findings.push_back(
            {own ? Severity::kError : Severity::kWarning, "unlogged", name.schema + "." + name.name,
             own ? "the table of the trash is UNLOGGED: a crash of the server empties it"
                 : "the table is UNLOGGED: a crash of the server empties it, and what was restored "
                   "into it is then neither live nor in the trash",
             "ALTER TABLE " + schema::quoted(name) + " SET LOGGED;"});
    }
}

// SET ROLE is no wall against it: deletes and restores run what hangs on a table, and it may switch
// back to the role of the service.
void add_code_of_roles(std::vector<Finding>& findings, schema::Connection& connection,
                       const Resources& resources, const Config& config) {
    std::vector<schema::Param> roles, oids;
    for (const auto& name : config.access.roles) roles.emplace_back(name);
    for (const auto& table : resources.catalog()->tables())
        oids.emplace_back(std::to_string(table.oid));
    const auto found = connection.exec(
        "SELECT r.rolname, n.nspname, c.relname, pg_catalog.pg_has_role(r.oid, c.relowner, "
        "'USAGE'), pg_catalog.has_table_privilege(r.oid, c.oid, 'TRIGGER') FROM "
        "pg_catalog.pg_roles r CROSS JOIN pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON "
        "n.oid OPERATOR(pg_catalog.=) c.relnamespace WHERE r.rolname OPERATOR(pg_catalog.=) ANY "
        "($1::pg_catalog.text[]) AND c.oid OPERATOR(pg_catalog.=) ANY ($2::pg_catalog.oid[]) AND "
        "(pg_catalog.has_table_privilege(r.oid, c.oid, 'TRIGGER') OR EXISTS (SELECT FROM "
        "pg_catalog.pg_trigger t JOIN pg_catalog.pg_proc f ON f.oid OPERATOR(pg_catalog.=) "
        "t.tgfoid WHERE t.tgrelid OPERATOR(pg_catalog.=) c.oid AND NOT t.tgisinternal AND "
        "pg_catalog.pg_has_role(r.oid, f.proowner, 'USAGE'))) ORDER BY 1, 2, 3",
        {schema::array_literal(roles), schema::array_literal(oids)});
    for (int row = 0; row < found.rows(); ++row) {
        const schema::QualifiedName name{std::string(found.text(row, 1)),
                                         std::string(found.text(row, 2))};
        const std::string role(found.text(row, 0));
        const bool owner = found.boolean(row, 3), trigger = found.boolean(row, 4);
        findings.push_back(
            {Severity::kWarning, "code-of-role", name.schema + "." + name.name,
             fmt::format("the role {} of the requests can have its own code run by deletes and "
                         "restores of the table, as the role of the service: it {}",
                         role,
                         owner     ? "owns the table"
                         : trigger ? "may create triggers on it"
                                   : "owns a function of its triggers"),
             owner     ? "let another role own the table"
             : trigger ? "REVOKE TRIGGER ON " + schema::quoted(name) + " FROM " +
                             schema::quoted(role) + ";"
                       : "let another role own the functions of its triggers"});
    }
}

// Who may read the file at all: superusers, and whom they let.
void add_passwordless(std::vector<Finding>& findings, schema::Connection& connection) {
    const auto found = connection.exec(
        "SELECT h.line_number, h.type, pg_catalog.array_to_string(h.database, ','), "
        "pg_catalog.array_to_string(h.user_name, ','), COALESCE(h.address, '') FROM "
        "pg_catalog.pg_hba_file_rules() h WHERE h.auth_method OPERATOR(pg_catalog.=) 'trust' AND "
        "h.error IS NULL AND h.database OPERATOR(pg_catalog.<>) ARRAY['replication'] AND (h.type "
        "OPERATOR(pg_catalog.=) 'local' OR pg_catalog.current_setting('listen_addresses') "
        "OPERATOR(pg_catalog.<>) '') ORDER BY 1");
    for (int row = 0; row < found.rows(); ++row) {
        const bool local = found.text(row, 1) == "local";
        findings.push_back(
            {local ? Severity::kInfo : Severity::kWarning, "no-password", "",
             fmt::format("pg_hba.conf, line {}: users {} reach database {} {} without a password, "
                         "and with it the trash",
                         found.text(row, 0), found.text(row, 3), found.text(row, 2),
                         local ? "through the socket" : "from " + std::string(found.text(row, 4))),
             local ? "let nobody else into the folder of the socket (mode 0700), or write peer in "
                     "place of trust"
                   : "write scram-sha-256 in place of trust there, and have the server reload it"});
    }
}

void add_access_file(std::vector<Finding>& findings, schema::Connection& connection) {
    const auto may = connection.exec(
        "SELECT pg_catalog.has_function_privilege('pg_catalog.pg_hba_file_rules()', 'EXECUTE')");
    if (may.boolean(0, 0)) add_passwordless(findings, connection);
}

}  // namespace

std::string_view severity_name(Severity severity) {
    if (severity == Severity::kError) return "error";
    return severity == Severity::kWarning ? "warning" : "note";
}

bool is_statement(const Finding& finding) {
    return finding.fix.ends_with(';') && finding.fix.find("…") == std::string::npos;
}

namespace {

std::string counted(std::ptrdiff_t number, std::string_view noun) {
    return fmt::format("{} {}{}", number, noun, number == 1 ? "" : "s");
}

// (24 missing-index, 1 trigger), the most first
std::string kinds_of(const std::vector<Finding>& findings, Severity severity) {
    std::map<std::string, int> counts;
    for (const auto& finding : findings)
        if (finding.severity == severity) ++counts[finding.kind];
    std::vector<std::pair<int, std::string>> most;
    for (const auto& [kind, count] : counts) most.emplace_back(-count, kind);
    std::ranges::sort(most);
    std::string text;
    for (const auto& [count, kind] : most)
        text += fmt::format("{}{} {}", text.empty() ? " (" : ", ", -count, kind);
    return text.empty() ? "" : text + ")";
}

}  // namespace

std::string summary(const std::vector<Finding>& findings) {
    std::string text;
    for (const auto severity : {Severity::kError, Severity::kWarning, Severity::kInfo}) {
        const auto number = std::ranges::count(findings, severity, &Finding::severity);
        text += (text.empty() ? "" : ", ") + counted(number, severity_name(severity)) +
                kinds_of(findings, severity);
    }
    return text;
}

std::vector<Finding> examine(schema::Connection& connection, const Config& config) {
    std::vector<Finding> findings;
    if (!add_server(findings, connection)) return findings;
    add_track_counts(findings, connection);
    const std::string role(connection.exec("SELECT current_user").text(0, 0));
    add_trash_schema(findings, connection, config, role);
    const Resources resources(schema::read_catalog(connection, config.trash_schema, keys_of(config),
                                                   config.references, options_of(config)),
                              config);
    for (const auto& fault : missing_schemas(connection, config))
        findings.push_back({Severity::kError, "configuration", "", fault,
                            "name schemas that are there: schemas, or --schema"});
    add_unlogged(findings, connection, resources, config.trash_schema);
    add_code_of_roles(findings, connection, resources, config);
    add_access_file(findings, connection);
    for (auto& finding : examine_catalog(resources, config, role))
        findings.push_back(std::move(finding));
    for (auto& finding : examine_references(connection, resources, config))
        findings.push_back(std::move(finding));
    for (auto& finding : examine_triggers(connection, resources, role, config.trash_schema))
        findings.push_back(std::move(finding));
    std::ranges::stable_sort(findings, {}, &Finding::severity);
    return findings;
}

}  // namespace trashd::service
