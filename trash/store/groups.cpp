#include "trash/store/groups.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <random>

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
#include "schema/oids.hpp"
#include "schema/script.hpp"
#include "schema/server.hpp"
#include "schema/tenant.hpp"
#include "schema/value.hpp"
#include "trash/store/birthplace.hpp"
#include "trash/store/lock_keys.hpp"
#include "trash/store/ledger_seal.hpp"

namespace trashd::trash {
namespace {

using schema::Connection;
using schema::Param;
using schema::quoted;
using schema::Result;

struct Migration {
    int version;
    const char* text;
};
constexpr Migration kMigrations[] = {{1, kMigration001},  {2, kMigration002},  {3, kMigration003},
                                     {4, kMigration004},  {5, kMigration005},  {6, kMigration006},
                                     {7, kMigration007},  {10, kMigration010}, {20, kMigration020},
                                     {21, kMigration021}, {22, kMigration022}, {23, kMigration023},
                                     {30, kMigration030}, {50, kMigration050}};

std::string hex(unsigned long long value, int digits) {
    static const char* const kDigits = "0123456789abcdef";
    std::string text(digits, '0');
    for (int i = digits - 1; i >= 0; --i, value >>= 4) text[i] = kDigits[value & 15];
    return text;
}

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
         schema::statements_of(with_names(migration.text, {{"{schema}", schema}}))) {
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
                    "the trash schema is of version " + std::to_string(have) +
                        ", newer than this program knows; install a newer trashd");
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
                    counter.highest + ")";
    connection.exec(
        with_names("SELECT pg_catalog.setval(s, m) FROM (SELECT "
                   "pg_catalog.pg_get_serial_sequence(t, c)::pg_catalog.regclass AS s, m FROM "
                   "(VALUES " +
                       counters +
                       ") v(t, c, m)) x WHERE m OPERATOR(pg_catalog.>) "
                       "COALESCE(pg_catalog.pg_sequence_last_value(s), 0)",
                   {{"{schema}", schema}}));
}

bool missing(Connection& connection, const std::string& trash_schema) {
    return connection
               .exec("SELECT FROM pg_catalog.pg_namespace WHERE nspname OPERATOR(pg_catalog.=) $1",
                     {trash_schema})
               .rows() == 0;
}

}  // namespace

std::string utc(const std::string& time) {
    return "pg_catalog.to_char(" + time +
           " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')";
}

std::string seen_by_tenant(const std::string& alias) {
    const std::string tenant(schema::kTenant);
    return "(" + tenant + " IS NULL OR " + alias + ".tenant OPERATOR(pg_catalog.=) " + tenant + ")";
}

std::string group_seen_by_tenant(const std::string& trash_schema, const std::string& group_id) {
    const std::string tenant(schema::kTenant);
    return "(" + tenant + " IS NULL OR EXISTS (SELECT FROM " +
           quoted({trash_schema, "trash_group"}) + " own WHERE own.id OPERATOR(pg_catalog.=) " +
           group_id + " AND own.tenant OPERATOR(pg_catalog.=) " + tenant + "))";
}

std::string with_names(std::string text, const std::map<std::string, std::string>& names) {
    for (const auto& [mark, name] : names)
        for (auto at = text.find(mark); at != text.npos; at = text.find(mark, at + name.size()))
            text.replace(at, mark.size(), name);
    return text;
}

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
    connection.script("BEGIN; GRANT USAGE, CREATE ON SCHEMA " + schema + to +
                      "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA " + schema +
                      to + "GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA " + schema + to +
                      "REVOKE UPDATE, DELETE ON " + ledger + " FROM " + quoted(role) + "; COMMIT");
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

std::string new_group_id() {
    static thread_local std::mt19937_64 random{std::random_device{}()};
    const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
                         std::chrono::system_clock::now().time_since_epoch())
                         .count();
    const std::string time = hex(static_cast<unsigned long long>(now), 12);
    return time.substr(0, 8) + "-" + time.substr(8) + "-7" + hex(random(), 3) + "-" +
           hex(0x8000 | (random() & 0x3fff), 4) + "-" + hex(random(), 4) + "00000000";
}

std::string item_id(const std::string& group_id, long long ordinal) {
    return group_id.substr(0, 28) + hex(static_cast<unsigned long long>(ordinal), 8);
}

ItemAddress parse_item_id(const std::string& text) {
    bool good = text.size() == 36;
    for (std::size_t i = 0; good && i < text.size(); ++i) {
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        good = dash ? text[i] == '-' : std::isxdigit(static_cast<unsigned char>(text[i])) != 0;
    }
    if (!good) throw Error(Code::kNotFound, "there is no such TrashItem");
    return {text.substr(0, 28) + "00000000", std::stoll(text.substr(28), nullptr, 16)};
}

int shape_of(Connection& connection, const std::string& trash_schema, const schema::Table& table) {
    std::vector<Param> attnums, names, types, generated, identity, makeup, oids;
    std::string signature, made_of, numbered;
    for (const schema::Column& column : table.columns) {
        attnums.push_back(std::to_string(column.attnum));
        names.push_back(column.name);
        types.push_back(column.type);
        generated.push_back(column.generated ? "t" : "f");
        makeup.push_back(column.makeup);
        made_of += column.makeup;
        oids.emplace_back(schema::oids_of(column));
        numbered += *oids.back();
        signature += *attnums.back() + " " + schema::quoted(column.name) + " " + column.type +
                     *generated.back() + ",";
    }
    for (int attnum : table.identity) identity.push_back(std::to_string(attnum));
    signature += schema::array_literal(identity) + quoted(table.name) + made_of + numbered;
    const std::string shape = quoted({trash_schema, "shape"});
    const std::vector<Param> key = {std::to_string(table.oid), signature};
    // an index takes a third of a page at most
    const std::string mark =
        "CASE WHEN pg_catalog.octet_length($2::pg_catalog.text) OPERATOR(pg_catalog.>) 2000 THEN "
        "pg_catalog.md5($2::pg_catalog.text) ELSE $2 "
        "END";
    const std::string look = "SELECT id FROM " + shape +
                             " WHERE relation OPERATOR(pg_catalog.=) $1::pg_catalog.oid AND "
                             "signature OPERATOR(pg_catalog.=) " +
                             mark;
    Result found = connection.exec(look, key);
    if (found.rows() == 0) {
        connection.exec(
            "INSERT INTO " + shape +
                " (relation, signature, schema_name, table_name, attnums, names, "
                "types, generated, identity, now_schema, now_table, now_names, makeup, oids) "
                "VALUES "
                "($1::pg_catalog.oid, " +
                mark +
                ", $3, $4, $5::pg_catalog.int2[], $6::pg_catalog.text[], "
                "$7::pg_catalog.text[], $8::pg_catalog.bool[], $9::pg_catalog.int2[], $3, $4, "
                "$6::pg_catalog.text[], $10::pg_catalog.text[], $11::pg_catalog.text[]) ON "
                "CONFLICT (relation, signature) "
                "DO "
                "NOTHING",
            {key[0], key[1], table.name.schema, table.name.name, schema::array_literal(attnums),
             schema::array_literal(names), schema::array_literal(types),
             schema::array_literal(generated), schema::array_literal(identity),
             schema::array_literal(made_of.empty() ? std::vector<Param>() : makeup),
             schema::array_literal(numbered.empty() ? std::vector<Param>() : oids)});
        found = connection.exec(look, key);
    }
    if (found.rows() != 1)
        throw Error(Code::kInternal, "the form of " + quoted(table.name) + " was not kept");
    return static_cast<int>(found.integer(0, 0));
}

GroupRow group_of(Connection& connection, const std::string& trash_schema,
                  const std::string& item_id, bool lock) {
    const ItemAddress address = parse_item_id(item_id);
    const Connection::Statement look{
        "SELECT id, uuid, state, shapes, counts, size, links, root_shape, root_object, " +
            utc("ended_at") + ", ended_by, tenant FROM " + quoted({trash_schema, "trash_group"}) +
            " g WHERE uuid OPERATOR(pg_catalog.=) $1::pg_catalog.uuid AND " + seen_by_tenant("g") +
            (lock ? " FOR UPDATE" : ""),
        {address.group_id}};
    const Result found = connection.exec_pipeline({{kByIndex}, look, {kAsPlanned}})[1];
    if (found.rows() == 0 || address.ordinal < 1 || address.ordinal > found.integer(0, 5)) {
        throw Error(Code::kNotFound, "there is no such TrashItem");
    }
    GroupRow group;
    group.id = found.integer(0, 0);
    group.uuid = found.text(0, 1);
    group.state = found.text(0, 2);
    for (const Param& shape : schema::parse_array(found.text(0, 3)))
        group.shapes.push_back(std::stoi(*shape));
    for (const Param& count : schema::parse_array(found.text(0, 4)))
        group.counts.push_back(std::stoll(*count));
    group.size = found.integer(0, 5);
    group.links = found.integer(0, 6);
    group.root_shape = static_cast<int>(found.integer(0, 7));
    group.root_object = found.text(0, 8);
    group.ended_at = found.text(0, 9);
    group.ended_by = found.text(0, 10);
    group.tenant = found.value(0, 11);
    if (group.state != "trashed") {
        throw GoneError("the TrashItem was " + group.state + " at " + group.ended_at,
                        {group.state, group.ended_at, group.ended_by});
    }
    return group;
}

GroupTables group_tables(Connection& connection, const std::string& trash_schema,
                         const std::string& item_id) {
    const ItemAddress address = parse_item_id(item_id);
    const Result found = connection.exec(
        "SELECT coalesce(n.nspname::pg_catalog.text, s.now_schema, s.schema_name), "
        "coalesce(c.relname::pg_catalog.text, "
        "s.now_table, s.table_name), pg_catalog.sum(u.amount) OVER (ORDER BY u.place) FROM " +
            quoted({trash_schema, "trash_group"}) +
            " g CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(g.shapes), "
            "pg_catalog.unnest(g.counts)) WITH ORDINALITY u(shape, amount, place) JOIN " +
            quoted({trash_schema, "shape"}) +
            " s ON s.id OPERATOR(pg_catalog.=) u.shape LEFT JOIN pg_catalog.pg_class c ON c.oid "
            "OPERATOR(pg_catalog.=) s.relation LEFT JOIN "
            "pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace WHERE g.uuid "
            "OPERATOR(pg_catalog.=) $1::pg_catalog.uuid "
            "AND " +
            seen_by_tenant("g") + " ORDER BY u.place",
        {address.group_id});
    GroupTables tables;
    bool there = false;
    for (int row = 0; row < found.rows(); ++row) {
        tables.all.push_back({std::string(found.text(row, 0)), std::string(found.text(row, 1))});
        if (there || address.ordinal < 1 || address.ordinal > found.integer(row, 2)) continue;
        tables.item = tables.all.back();
        there = true;
    }
    if (!there) throw Error(Code::kNotFound, "there is no such TrashItem");
    return tables;
}

std::vector<std::string> purge_groups(schema::Transaction& transaction,
                                      const std::string& trash_schema,
                                      const std::vector<GroupRow>& groups, const Context& context) {
    if (groups.empty()) return {};
    auto own = [&](const char* table) { return quoted({trash_schema, table}); };
    std::vector<Param> numbers;
    long long size = 0;
    for (const GroupRow& group : groups) {
        numbers.emplace_back(std::to_string(group.id));
        size += group.size;
    }
    const std::string ids = schema::array_literal(numbers);
    const Connection::Statement entry{
        "INSERT INTO " + own("ledger") +
            " AS l (at, action, by, reason, schema_name, table_name, object_id, "
            "group_uuid, counts, request_id, address, tenant) SELECT pg_catalog.now(), 'purged', "
            "$2, "
            "$3, "
            "r.schema_name, "
            "r.table_name, g.root_object, g.uuid, (SELECT pg_catalog.jsonb_object_agg(t.name, t.n) "
            "FROM "
            "(SELECT s.schema_name OPERATOR(pg_catalog.||) '.' OPERATOR(pg_catalog.||) "
            "s.table_name AS name, pg_catalog.sum(c.n) AS n FROM "
            "ROWS FROM "
            "(pg_catalog.unnest(g.shapes), pg_catalog.unnest(g.counts)) c(shape, n) JOIN " +
            own("shape") +
            " s ON s.id OPERATOR(pg_catalog.=) c.shape GROUP BY 1) t), $4, $5, g.tenant FROM " +
            own("trash_group") + " g JOIN " + own("shape") +
            " r ON r.id OPERATOR(pg_catalog.=) g.root_shape WHERE g.id OPERATOR(pg_catalog.=) ANY "
            "($1::bigint[]) "
            "RETURNING l.id OPERATOR(pg_catalog.||) '-' OPERATOR(pg_catalog.||) "
            "pg_catalog.encode(" +
            entry_digest() + ", 'hex')",
        {ids, context.by, context.reason, context.request_id, context.address}};
    const std::string of_these = " WHERE group_id OPERATOR(pg_catalog.=) ANY ($1::bigint[])";
    const auto done = transaction.connection().exec_pipeline(
        {{kByIndex},
         entry,
         {"DELETE FROM " + own("link") + of_these, {ids}},
         {"DELETE FROM " + own("item") + of_these, {ids}},
         {"UPDATE " + own("trash_group") +
              " SET state = 'purged', ended_at = pg_catalog.now(), ended_by = "
              "$2 WHERE id OPERATOR(pg_catalog.=) ANY ($1::bigint[])",
          {ids, context.by}},
         {kAsPlanned}});
    if (done[3].affected() != size) {
        throw Error(Code::kInternal, "a group holds another number of items than it says");
    }
    std::vector<std::string> receipts;
    for (int row = 0; row < done[1].rows(); ++row) receipts.emplace_back(done[1].text(row, 0));
    return receipts;
}

std::string purge_group(schema::Transaction& transaction, const std::string& trash_schema,
                        const GroupRow& group, const Context& context) {
    return purge_groups(transaction, trash_schema, {group}, context).at(0);
}

}  // namespace trashd::trash
