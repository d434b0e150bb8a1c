#include "schema/catalog/reader.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <unordered_map>

#include "schema/catalog/catalog.hpp"
#include "schema/catalog/key_choice.hpp"
#include "schema/catalog/makeup.hpp"
#include "schema/catalog/reader_sql.hpp"
#include "schema/error.hpp"
#include "schema/session/connection.hpp"
#include "schema/session/pool.hpp"
#include "schema/session/transaction.hpp"
#include "schema/sqlstate.hpp"

namespace trashd::schema {
namespace {

using Tables = std::unordered_map<Oid, Table>;

Oid oid(const Result& result, int row, int column) {
    return static_cast<Oid>(result.integer(row, column));
}

std::string string(const Result& result, int row, int column) {
    return std::string(result.text(row, column));
}

template <typename Integer>
std::vector<Integer> integers(const Result& result, int row, int column) {
    std::vector<Integer> out;
    for (const auto& element : parse_array(result.text(row, column))) {
        out.push_back(static_cast<Integer>(element ? std::stoul(*element) : 0));
    }
    return out;
}

std::vector<std::string> strings(const Result& result, int row, int column) {
    std::vector<std::string> out;
    for (auto& element : parse_array(result.text(row, column))) {
        out.push_back(element.value_or(""));
    }
    return out;
}

// Calls each(table, row) for the rows whose first column is the oid of a table that is read.
template <typename Each>
void for_tables(Tables& tables, const Result& result, Each each) {
    for (int row = 0; row < result.rows(); ++row) {
        const auto found = tables.find(oid(result, row, 0));
        if (found != tables.end()) each(found->second, row);
    }
}

Table table_of(const Result& r, int row) {
    Table table;
    table.oid = oid(r, row, 0);
    table.name = {string(r, row, 1), string(r, row, 2)};
    table.partitioned = r.boolean(row, 3);
    table.rules = r.boolean(row, 4);
    table.insert_rules = r.boolean(row, 5);
    table.row_security = r.boolean(row, 6);
    table.can_select = r.boolean(row, 7);
    table.can_insert = r.boolean(row, 8);
    table.can_update = r.boolean(row, 9);
    table.can_delete = r.boolean(row, 10);
    table.leaves = integers<Oid>(r, row, 11);
    table.fingerprint = r.text(row, 12);
    table.deletes_unnamed = r.boolean(row, 13);
    table.updates_unnamed = r.boolean(row, 14);
    table.read_by_code = r.boolean(row, 15);
    return table;
}

Tables read_tables(Connection& connection, const std::string& trash_schema) {
    const auto result = connection.exec(kTablesSql, {trash_schema});
    Tables tables;
    for (int row = 0; row < result.rows(); ++row) {
        auto table = table_of(result, row);
        tables.emplace(table.oid, std::move(table));
    }
    return tables;
}

Column column_of(const Result& r, int row) {
    Column column;
    column.attnum = static_cast<int>(r.integer(row, 1));
    column.name = r.text(row, 2);
    column.type = r.text(row, 3);
    column.type_oid = oid(r, row, 4);
    column.base_oid = oid(r, row, 5);
    column.user_type = r.boolean(row, 6);
    column.array = r.boolean(row, 7);
    column.reg = r.boolean(row, 8);
    column.cast_to_text = r.boolean(row, 9);
    column.cast_from_text = r.boolean(row, 10);
    column.not_null = r.boolean(row, 11);
    column.has_default = r.boolean(row, 12);
    column.generated = r.boolean(row, 13);
    column.identity = r.text(row, 14);
    column.selectable = r.boolean(row, 15);
    column.insertable = r.boolean(row, 16);
    column.updatable = r.boolean(row, 17);
    column.value_type = r.text(row, 18);
    column.collation = r.text(row, 19);
    column.deterministic = r.boolean(row, 20);
    return column;
}

// A privilege on every column is as good as one on the table; UPDATE on one column is enough.
void settle_privileges(Table& table) {
    const auto& columns = table.columns;
    if (columns.empty()) return;
    table.can_select = table.can_select || std::ranges::all_of(columns, &Column::selectable);
    table.can_insert = table.can_insert || std::ranges::all_of(columns, &Column::insertable);
    table.can_update = table.can_update || std::ranges::any_of(columns, &Column::updatable);
}

void read_columns(Connection& connection, Tables& tables, const std::string& trash_schema) {
    const auto result = connection.exec(kColumnsSql, {trash_schema});
    for_tables(tables, result,
               [&](Table& table, int row) { table.columns.push_back(column_of(result, row)); });
    for (auto& [oid, table] : tables) settle_privileges(table);
}

void note_types(const Types& types, Oid type, std::map<Oid, std::string>& out) {
    const auto found = types.find(type);
    if (found == types.end() || !out.emplace(type, found->second.fingerprint).second) return;
    for (const auto& part : found->second.parts) note_types(types, part.type_oid, out);
}

void read_types(Connection& connection, Tables& tables, const std::string& trash_schema) {
    const auto r = connection.exec(kTypesSql, {trash_schema});
    Types types;
    for (int row = 0; row < r.rows(); ++row) {
        auto& type = types[oid(r, row, 0)];
        type.kind = r.text(row, 1)[0];
        type.fingerprint = r.text(row, 2);
        const auto names = strings(r, row, 4), written = strings(r, row, 5);
        const auto numbers = integers<Oid>(r, row, 3), oids = integers<Oid>(r, row, 6);
        for (std::size_t i = 0; i < names.size(); ++i)
            type.parts.push_back({numbers[i], names[i], written[i], oids[i]});
    }
    for (auto& [oid, table] : tables) {
        for (auto& column : table.columns) {
            note_types(types, column.type_oid, table.types);
            column.makeup = makeup_of(types, column.type_oid);
        }
    }
}

void read_comparisons(Connection& connection, Tables& tables) {
    std::set<std::string> types;
    for (const auto& [oid, table] : tables)
        for (const auto& column : table.columns) types.insert(std::to_string(column.base_oid));
    const auto r = connection.exec(kComparisonsSql, {array_literal({types.begin(), types.end()})});
    std::map<Oid, std::vector<std::string>> found;
    for (int row = 0; row < r.rows(); ++row)
        if (auto five = strings(r, row, 1); five.size() == 5)
            found.emplace(oid(r, row, 0), std::move(five));
    for (auto& [table_oid, table] : tables)
        for (auto& column : table.columns)
            if (auto it = found.find(column.base_oid); it != found.end())
                column.comparisons = it->second;
}

void read_uniques(Connection& connection, Tables& tables) {
    const auto r = connection.exec(kUniquesSql);
    for_tables(tables, r, [&](Table& table, int row) {
        UniqueIndex index;
        index.name = r.text(row, 1);
        index.primary = r.boolean(row, 2);
        index.constraint = r.boolean(row, 3);
        index.deferrable = r.boolean(row, 4);
        index.nulls_not_distinct = r.boolean(row, 5);
        index.attnums = integers<int>(r, row, 6);
        index.expressions = strings(r, row, 7);
        index.operators = strings(r, row, 8);
        index.predicate = r.text(row, 9);
        index.replica_identity = r.boolean(row, 10);
        index.as_columns = r.boolean(row, 11);
        index.temporal = r.boolean(row, 12);
        table.uniques.push_back(std::move(index));
    });
}

bool identifies(const Table& table, const UniqueIndex& index) {
    const auto not_null = [&](int attnum) {
        const auto* column = table.column(attnum);
        return column != nullptr && column->not_null;
    };
    return index.primary || (index.predicate.empty() && !index.deferrable && index.as_columns &&
                             std::ranges::all_of(index.attnums, not_null));
}

bool is_over(const Table& table, const UniqueIndex& index, const std::vector<std::string>& names) {
    std::set<std::string> own;
    for (const int attnum : index.attnums)
        if (const auto* column = table.column(attnum)) own.insert(column->name);
    return own == std::set<std::string>(names.begin(), names.end());
}

// The smallest is the key: what the owner has said it is, then what most likely stays it.
auto rank(const UniqueIndex& index) {
    return std::tuple(!index.primary, !index.replica_identity, !index.constraint,
                      index.attnums.size(), index.name);
}

void choose_identity(Table& table, const KeyChoice& keys) {
    const auto wanted = keys.find(table.name);
    const UniqueIndex* best = nullptr;
    for (const auto& index : table.uniques) {
        if (!identifies(table, index)) continue;
        if (wanted != keys.end() && !is_over(table, index, wanted->second)) continue;
        if (best == nullptr || rank(index) < rank(*best)) best = &index;
    }
    if (best == nullptr) return;
    table.identity = best->attnums;
    table.key_name = best->name;
}

void set_options(Table& table, const OptionsOfTables& options) {
    const auto found = options.find(table.name);
    if (found == options.end()) return;
    const auto& said = found->second;
    table.kept = said.kept;
    for (auto& column : table.columns) {
        column.hidden = std::ranges::count(said.hidden, column.name) > 0;
        column.omitted = std::ranges::count(said.omitted, column.name) > 0;
    }
}

void read_exclusions(Connection& connection, Tables& tables) {
    const auto r = connection.exec(kExclusionsSql);
    for_tables(tables, r, [&](Table& table, int row) {
        table.exclusions.push_back(
            {string(r, row, 1), strings(r, row, 2), strings(r, row, 3), string(r, row, 4)});
    });
}

void read_checks(Connection& connection, Tables& tables) {
    const auto r = connection.exec(kChecksSql);
    for_tables(tables, r, [&](Table& table, int row) {
        table.checks.push_back({string(r, row, 1), string(r, row, 2)});
    });
}

void read_triggers(Connection& connection, Tables& tables, const std::string& trash_schema) {
    const auto r = connection.exec(kTriggersSql, {trash_schema});
    for_tables(tables, r, [&](Table& table, int row) {
        const auto type = r.integer(row, 2);  // the bits of pg_trigger.tgtype
        table.triggers.push_back({string(r, row, 1),
                                  (type & 2) != 0,
                                  (type & 4) != 0,
                                  (type & 16) != 0,
                                  (type & 8) != 0,
                                  (type & 1) != 0,
                                  {string(r, row, 3), string(r, row, 4)},
                                  r.boolean(row, 5)});
    });
}

Action action_of(std::string_view letter) {
    if (letter == "r") return Action::kRestrict;
    if (letter == "c") return Action::kCascade;
    if (letter == "n") return Action::kSetNull;
    if (letter == "d") return Action::kSetDefault;
    return Action::kNoAction;
}

ForeignKey key_of(const Result& r, int row) {
    ForeignKey key;
    key.child = oid(r, row, 0);
    key.oid = oid(r, row, 1);
    key.name = r.text(row, 2);
    key.parent = oid(r, row, 3);
    key.child_part = oid(r, row, 4);
    key.parent_part = oid(r, row, 5);
    key.child_columns = integers<int>(r, row, 6);
    key.parent_columns = integers<int>(r, row, 7);
    key.operators = strings(r, row, 8);
    key.on_delete = action_of(r.text(row, 9));
    key.set_columns = integers<int>(r, row, 10);
    key.deferrable = r.boolean(row, 11);
    key.indexed = r.boolean(row, 12);
    key.child_leaves = integers<Oid>(r, row, 13);
    key.parent_leaves = integers<Oid>(r, row, 14);
    key.enforced = r.boolean(row, 15);
    key.period = r.boolean(row, 16);
    return key;
}

std::vector<ForeignKey> read_keys(Connection& connection, Tables& tables) {
    const auto result = connection.exec(kForeignKeysSql);
    std::vector<ForeignKey> keys;
    for_tables(tables, result, [&](const Table&, int row) {
        auto key = key_of(result, row);
        if (tables.contains(key.parent)) keys.push_back(std::move(key));
    });
    return keys;
}

std::shared_ptr<const Catalog> read_all(Connection& connection, const std::string& trash_schema,
                                        const KeyChoice& keys_chosen,
                                        const std::vector<DeclaredReference>& references,
                                        const OptionsOfTables& options) {
    auto tables = read_tables(connection, trash_schema);
    read_columns(connection, tables, trash_schema);
    read_types(connection, tables, trash_schema);
    read_comparisons(connection, tables);
    read_uniques(connection, tables);
    read_exclusions(connection, tables);
    read_checks(connection, tables);
    read_triggers(connection, tables, trash_schema);
    auto keys = read_keys(connection, tables);
    std::vector<Table> list;
    for (auto& [oid, table] : tables) {
        choose_identity(table, keys_chosen);
        set_options(table, options);
        list.push_back(std::move(table));
    }
    std::vector<BrokenReference> broken;
    for (auto& key : declared_keys(connection, list, keys, references, broken))
        keys.push_back(std::move(key));
    return std::make_shared<const Catalog>(std::move(list), std::move(keys), std::move(broken),
                                           options);
}

// Operators and functions of the catalog queries are PostgreSQL's own, as there are no others.
constexpr const char* kNoPath = "SET LOCAL search_path = ''";

std::shared_ptr<const Catalog> read_once(Connection& connection, const std::string& trash_schema,
                                         const KeyChoice& keys,
                                         const std::vector<DeclaredReference>& references,
                                         const OptionsOfTables& options) {
    Transaction transaction(connection, Mode::kRead);
    transaction.exec(kNoPath);
    auto catalog = read_all(connection, trash_schema, keys, references, options);
    transaction.commit();
    return catalog;
}

constexpr int kReadings = 10;

void sort_unique(std::vector<Oid>& tables) {
    std::ranges::sort(tables);
    tables.erase(std::unique(tables.begin(), tables.end()), tables.end());
}

std::string list_of(std::vector<Oid> oids) {
    sort_unique(oids);
    std::string out;
    for (const Oid oid : oids) out += (out.empty() ? "" : ",") + std::to_string(oid);
    return out;
}

std::map<Oid, std::string> types_in(const Catalog& catalog, const std::vector<Oid>& tables) {
    std::map<Oid, std::string> out;
    for (const Oid oid : tables)
        if (const auto* table = catalog.table(oid))
            out.insert(table->types.begin(), table->types.end());
    return out;
}

}  // namespace

// What describes an index or an expression looks at the present, where a table of the transaction's
// snapshot may be gone: such an error is XX000.
std::shared_ptr<const Catalog> read_catalog(Connection& connection, const std::string& trash_schema,
                                            const KeyChoice& keys,
                                            const std::vector<DeclaredReference>& references,
                                            const OptionsOfTables& options) {
    for (int attempt = 1;; ++attempt) {
        try {
            return read_once(connection, trash_schema, keys, references, options);
        } catch (const Error& error) {
            if (attempt == kReadings || !error.is(sqlstate::kInternalError)) throw;
        }
    }
}

std::string fingerprint_sql(const std::vector<Oid>& tables) {
    return std::string("SELECT pg_catalog.string_agg(CASE WHEN c.oid IS NULL THEN 'gone' ELSE ") +
           kFingerprintSql + " END, ',' ORDER BY o.oid) FROM pg_catalog.unnest('{" +
           list_of(tables) +
           "}'::pg_catalog.oid[]) AS o(oid)"
           " LEFT JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) o.oid";
}

std::string types_fingerprint_sql(const std::vector<Oid>& types) {
    return "SELECT pg_catalog.string_agg(" + kTypeFingerprintSql +
           ", ',' ORDER BY t.oid) FROM pg_catalog.pg_type t WHERE t.oid OPERATOR(pg_catalog.=) ANY "
           "('{" +
           list_of(types) + "}'::pg_catalog.oid[])";
}

std::vector<Oid> types_of(const Catalog& catalog, const std::vector<Oid>& tables) {
    std::vector<Oid> out;
    for (const auto& [type, fingerprint] : types_in(catalog, tables)) out.push_back(type);
    return out;
}

std::string expected_types_fingerprint(const Catalog& catalog, const std::vector<Oid>& tables) {
    std::string out;
    for (const auto& [type, fingerprint] : types_in(catalog, tables))
        out += (out.empty() ? "" : ",") + fingerprint;
    return out;
}

std::string expected_fingerprint(const Catalog& catalog, std::vector<Oid> tables) {
    sort_unique(tables);
    std::string out;
    for (const Oid oid : tables) {
        const auto* table = catalog.table(oid);
        out += (out.empty() ? "" : ",") + (table == nullptr ? "unknown" : table->fingerprint);
    }
    return out;
}

CatalogCache::CatalogCache(Pool& pool, std::string trash_schema,
                           std::function<void(Connection&, const Catalog&)> settle)
    : pool_(pool), trash_schema_(std::move(trash_schema)), settle_(std::move(settle)) {}

void CatalogCache::set_keys(KeyChoice keys, std::vector<DeclaredReference> references,
                            OptionsOfTables options) {
    const std::lock_guard lock(mutex_);
    keys_ = std::move(keys);
    references_ = std::move(references);
    options_ = std::move(options);
    catalog_ = nullptr;
}

std::shared_ptr<const Catalog> CatalogCache::get() {
    {
        const std::lock_guard lock(mutex_);
        if (catalog_) return catalog_;
    }
    return reload();
}

std::shared_ptr<const Catalog> CatalogCache::reload() {
    auto lease = pool_.lease();
    const auto reading = ++begun_;
    const auto before = fingerprint(lease.connection());
    auto catalog = read_catalog(lease.connection(), trash_schema_, keys_, references_, options_);
    if (settle_) settle_(lease.connection(), *catalog);
    const std::lock_guard lock(mutex_);
    // a reading that began later is newer, though it may have ended before
    if (reading < kept_) return catalog_;
    kept_ = reading;
    // taken before the reading: a change in between makes the next refresh read again
    fingerprint_ = before;
    return catalog_ = std::move(catalog);
}

std::shared_ptr<const Catalog> CatalogCache::refresh() {
    {
        auto lease = pool_.lease();
        const auto now = fingerprint(lease.connection());
        const std::lock_guard lock(mutex_);
        if (catalog_ && now == fingerprint_) return catalog_;
    }
    return reload();
}

std::string CatalogCache::fingerprint(Connection& connection) const {
    Transaction transaction(connection, Mode::kRead);
    transaction.exec(kNoPath);
    auto found = string(connection.exec_prepared(kDatabaseFingerprintSql, {trash_schema_}), 0, 0);
    transaction.commit();
    return found;
}

}  // namespace trashd::schema
