#include "service/doctor.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "schema/reader.hpp"
#include "trash/store.hpp"

namespace trashd::service {

namespace {

constexpr int kOldestServer = 150000;

void add_server(std::vector<Finding>& findings, schema::Connection& connection) {
    const auto version = connection.exec("SHOW server_version").text(0, 0);
    const auto number = connection.exec("SHOW server_version_num").integer(0, 0);
    if (number < kOldestServer)
        findings.push_back({Severity::kError, "server-version", "",
                            fmt::format("this is PostgreSQL {}; trashd needs 15", version),
                            "upgrade the server"});
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

void add_trash_schema(std::vector<Finding>& findings, schema::Connection& connection,
                      const Config& config, const std::string& role) {
    if (role == config.trash_schema)
        findings.push_back({Severity::kError, "trash-schema", "",
                            "the role is called like the trash schema",
                            "set trash_schema to another name"});
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
    const auto found = trash::installed_version(connection, config.trash_schema).value_or(0);
    const auto known = trash::newest_version();
    const auto versions = fmt::format("version {}, this program knows {}", found, known);
    if (found < known)
        findings.push_back({Severity::kWarning, "trash-schema", "",
                            "the trash schema is of " + versions,
                            "the next start of the service brings it up to date"});
    if (found > known)
        findings.push_back({Severity::kError, "trash-schema", "",
                            "the trash schema is of " + versions, "install a newer trashd"});
}

}  // namespace

std::string_view severity_name(Severity severity) {
    if (severity == Severity::kError) return "error";
    return severity == Severity::kWarning ? "warning" : "info";
}

std::vector<Finding> examine(schema::Connection& connection, const Config& config) {
    std::vector<Finding> findings;
    const std::string role(connection.exec("SELECT current_user").text(0, 0));
    add_server(findings, connection);
    const bool old = !findings.empty() && findings.front().kind == "server-version";
    if (!old) {
        add_trash_schema(findings, connection, config, role);
        const Resources resources(schema::read_catalog(connection, config.trash_schema), config);
        for (auto& finding : examine_catalog(resources, config, role))
            findings.push_back(std::move(finding));
    }
    std::ranges::stable_sort(findings, {}, &Finding::severity);
    return findings;
}

}  // namespace trashd::service
