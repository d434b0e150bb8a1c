// Migrations are applied in their order, each once: all that are missing in one transaction, under
// an advisory lock, so that of several instances that start together one does it. What was released
// is never changed; another migration is added behind it.
#include "trash/setup/migrate.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "generated/kMigration001.hpp"
#include "generated/kMigration002.hpp"
#include "generated/kMigration003.hpp"
#include "generated/kMigration004.hpp"
#include "generated/kMigration005.hpp"
#include "generated/kMigration006.hpp"
#include "generated/kMigration007.hpp"
#include "generated/kMigration010.hpp"
#include "generated/kMigration020.hpp"
#include "generated/kMigration021.hpp"
#include "generated/kMigration022.hpp"
#include "generated/kMigration023.hpp"
#include "generated/kMigration030.hpp"
#include "generated/kMigration050.hpp"
#include "generated/kMigration060.hpp"
#include "generated/kMigration064.hpp"
#include "generated/kMigration065.hpp"
#include "generated/kMigration070.hpp"
#include "generated/kMigration071.hpp"
#include "generated/kMigration072.hpp"
#include "generated/kMigration080.hpp"
#include "generated/kMigration081.hpp"
#include "generated/kMigration085.hpp"
#include "generated/kMigration090.hpp"
#include "generated/kMigration091.hpp"
#include "generated/kMigration093.hpp"
#include "generated/kMigration094.hpp"
#include "schema/error.hpp"
#include "schema/identifier.hpp"
#include "schema/script.hpp"
#include "schema/session/connection.hpp"
#include "schema/session/server.hpp"
#include "schema/session/transaction.hpp"
#include "schema/text.hpp"
#include "trash/setup/birthplace.hpp"
#include "trash/store/lock_keys.hpp"

namespace trashd::trash {

namespace {

using schema::Connection;
using schema::quoted;
using schema::Result;

struct Migration {
    int version;
    const char* text;
};
constexpr Migration kMigrations[] = {
    {1, kMigration001},  {2, kMigration002},  {3, kMigration003},  {4, kMigration004},
    {5, kMigration005},  {6, kMigration006},  {7, kMigration007},  {10, kMigration010},
    {20, kMigration020}, {21, kMigration021}, {22, kMigration022}, {23, kMigration023},
    {30, kMigration030}, {50, kMigration050}, {60, kMigration060}, {64, kMigration064},
    {65, kMigration065}, {70, kMigration070}, {71, kMigration071}, {72, kMigration072},
    {80, kMigration080}, {81, kMigration081}, {85, kMigration085}, {90, kMigration090},
    {91, kMigration091}, {93, kMigration093}, {94, kMigration094}};

// Asked one by one: numbers are given out before they are used, so there may be gaps.
bool applied(Connection& connection, const std::string& schema, int version) {
    return connection
               .exec("SELECT FROM " + schema +
                         ".migration WHERE version OPERATOR(pg_catalog.=) $1::int",
                     {std::to_string(version)})
               .rows() > 0;
}

// One line of it, for the log.
std::string beginning(const std::string& statement) {
    constexpr std::size_t kMost = 160;
    auto text = statement.substr(0, kMost);
    std::ranges::replace(text, '\n', ' ');
    return statement.size() > kMost ? text + "..." : text;
}

void apply(Connection& connection, const Migration& migration, const std::string& schema) {
    for (const auto& statement :
         schema::statements_of(schema::filled(migration.text, {{"schema", schema}}))) {
        try {
            connection.exec(statement);
        } catch (const Error& error) {
            if (!error.sql()) throw;
            throw Error(
                error.code(),
                std::string(error.what()) + "; migration " + std::to_string(migration.version) +
                    " of the trash schema stopped at `" + beginning(statement) +
                    "`: " + error.sql()->message + " (SQLSTATE " + error.sql()->sqlstate + ")",
                *error.sql());
        }
    }
}

void apply_missing(Connection& connection, const std::string& schema) {
    connection.exec(
        "CREATE TABLE IF NOT EXISTS " + schema +
        ".migration (version int PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())");
    const long long have =
        connection.exec("SELECT COALESCE(pg_catalog.max(version), 0) FROM " + schema + ".migration")
            .integer(0, 0);
    if (have > newest_version()) {
        throw Error(Code::kUnavailable,
                    "the trash schema " + schema + " is of version " + std::to_string(have) +
                        ", and this program knows no newer one than " +
                        std::to_string(newest_version()) +
                        "; there is no downgrade: install the trashd that made it, or a newer "
                        "one");
    }
    for (const Migration& migration : kMigrations) {
        if (applied(connection, schema, migration.version)) continue;
        apply(connection, migration, schema);
        connection.exec("INSERT INTO " + schema + ".migration (version) VALUES ($1::int)",
                        {std::to_string(migration.version)});
    }
}

// The numbers given out so far, as the rows know them. A group draws "taken" beside its id, so the
// highest is among the newest.
struct Counter {
    const char *table, *column, *highest;
};
constexpr Counter kCounters[] = {
    {"shape", "id", "(SELECT pg_catalog.max(id) FROM {schema}.shape)"},
    {"trash_group", "id", "(SELECT pg_catalog.max(id) FROM {schema}.trash_group)"},
    {"trash_group", "taken",
     "(SELECT pg_catalog.max(taken) FROM (SELECT taken FROM {schema}.trash_group ORDER BY id DESC "
     "LIMIT "
     "10000) "
     "g)"},
    {"link", "id", "(SELECT pg_catalog.max(id) FROM {schema}.link)"},
    {"link", "row_id", "(SELECT pg_catalog.max(row_id) FROM {schema}.link)"},
    {"operation", "number", "(SELECT pg_catalog.max(number) FROM {schema}.operation)"},
    {"ledger", "id",
     "GREATEST((SELECT pg_catalog.max(id) FROM {schema}.ledger), (SELECT pg_catalog.max(upto) FROM "
     "{schema}.ledger_seal))"}};

// A copy of the data without its sequences would give out numbers that are taken.
void catch_up(Connection& connection, const std::string& schema) {
    std::string counters;
    for (const Counter& counter : kCounters)
        counters += std::string(counters.empty() ? "(" : ", (") +
                    schema::literal(schema + "." + counter.table) + ", '" + counter.column + "', " +
                    schema::filled(counter.highest, {{"schema", schema}}) + ")";
    connection.exec(
        "SELECT pg_catalog.setval(s, m) FROM (SELECT "
        "pg_catalog.pg_get_serial_sequence(t, c)::pg_catalog.regclass AS s, m FROM "
        "(VALUES " +
        counters +
        ") v(t, c, m)) x WHERE m OPERATOR(pg_catalog.>) "
        "COALESCE(pg_catalog.pg_sequence_last_value(s), 0)");
}

bool missing(Connection& connection, const std::string& trash_schema) {
    return connection
               .exec("SELECT FROM pg_catalog.pg_namespace WHERE nspname OPERATOR(pg_catalog.=) $1",
                     {trash_schema})
               .rows() == 0;
}

}  // namespace

int newest_version() {
    return kMigrations[std::size(kMigrations) - 1].version;
}

std::optional<int> installed_version(Connection& connection, const std::string& trash_schema) {
    const std::string table = quoted({trash_schema, "migration"});
    if (connection.exec("SELECT pg_catalog.to_regclass($1)", {table}).null(0, 0))
        return std::nullopt;
    return static_cast<int>(
        connection.exec("SELECT COALESCE(pg_catalog.max(version), 0) FROM " + table).integer(0, 0));
}

std::vector<std::string> without_replica_identity(Connection& connection,
                                                  const std::string& trash_schema) {
    const Result found = connection.exec(
        "SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid "
        "OPERATOR(pg_catalog.=) c.relnamespace WHERE n.nspname OPERATOR(pg_catalog.=) $1 AND "
        "c.relkind OPERATOR(pg_catalog.=) ANY ('{r,p}') AND (c.relreplident OPERATOR(pg_catalog.=) "
        "'n' OR c.relreplident OPERATOR(pg_catalog.=) 'd' AND NOT EXISTS (SELECT FROM "
        "pg_catalog.pg_index i WHERE i.indrelid OPERATOR(pg_catalog.=) c.oid AND i.indisprimary "
        "AND i.indisvalid)) ORDER BY 1",
        {trash_schema});
    std::vector<std::string> tables;
    for (int row = 0; row < found.rows(); ++row) tables.emplace_back(found.text(row, 0));
    return tables;
}

void grant_use(Connection& connection, const std::string& trash_schema, const std::string& role) {
    const std::string schema = quoted(trash_schema), to = " TO " + quoted(role) + ";";
    const std::string ledger = schema + ".ledger, " + schema + ".ledger_seal";
    const std::string checkpoints = schema + ".ledger_checkpoint";
    connection.script("BEGIN; GRANT USAGE, CREATE ON SCHEMA " + schema + to +
                      "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA " + schema +
                      to + "GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA " + schema + to +
                      "REVOKE UPDATE, DELETE ON " + ledger + " FROM " + quoted(role) +
                      "; REVOKE INSERT, UPDATE, DELETE ON " + checkpoints + " FROM " +
                      quoted(role) + "; GRANT EXECUTE ON FUNCTION " + schema + ".prune_history" +
                      to + "COMMIT");
}

void migrate(Connection& connection, const std::string& trash_schema) {
    schema::require_supported(connection);
    schema::Transaction transaction(connection, schema::Mode::kMove);
    transaction.exec("SELECT " + lock_call(LockKey::kMigration));
    if (missing(connection, trash_schema))
        transaction.exec("CREATE SCHEMA " + quoted(trash_schema));
    apply_missing(connection, quoted(trash_schema));
    catch_up(connection, quoted(trash_schema));
    settle(transaction, trash_schema);
    for (const std::string& table : without_replica_identity(connection, trash_schema))
        spdlog::warn("{} has no replica identity; see `trashd doctor`",
                     quoted({trash_schema, table}));
    transaction.commit();
}

}  // namespace trashd::trash
