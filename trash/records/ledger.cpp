#include "trash/records/ledger.hpp"

#include <algorithm>

#include "schema/catalog/catalog.hpp"
#include "schema/identifier.hpp"
#include "schema/session/connection.hpp"
#include "trash/store/item_id.hpp"
#include "trash/store/key_spelling.hpp"
#include "trash/store/principal_names.hpp"
#include "trash/store/sql.hpp"

namespace trashd::trash {
namespace {

using schema::Param;
using schema::Result;

std::string place(std::size_t number) {
    return "$" + std::to_string(number);
}

// That the entry of the alias is of one of the tables, under the name that it has now.
std::string among(const std::vector<schema::QualifiedName>& tables, const std::string& alias,
                  std::vector<Param>& params) {
    std::vector<Param> schemas, names;
    for (const auto& table : tables) {
        schemas.emplace_back(table.schema);
        names.emplace_back(table.name);
    }
    params.push_back(schema::array_literal(schemas));
    params.push_back(schema::array_literal(names));
    return schema::filled(
        R"(({alias}.schema_name, {alias}.table_name) IN (
    SELECT s, t FROM ROWS FROM (pg_catalog.unnest({schemas}::pg_catalog.text[]),
      pg_catalog.unnest({names}::pg_catalog.text[])) m(s, t)))",
        {{"alias", alias}, {"schemas", place(params.size() - 1)}, {"names", place(params.size())}});
}

// An entry as entry_from() reads it.
std::string fields(const std::string& trash_schema) {
    return schema::filled(
        R"(l.id, {at}, l.action, l.by, l.reason, l.schema_name, l.table_name, l.object_id,
    l.group_uuid, f.ordinal,
    ARRAY(SELECT k FROM pg_catalog.jsonb_object_keys(l.counts) k ORDER BY k),
    ARRAY(SELECT l.counts OPERATOR(pg_catalog.->>) k
      FROM pg_catalog.jsonb_object_keys(l.counts) k ORDER BY k),
    l.request_id, l.address, {called})",
        {{"at", utc("l.at")}, {"called", name_of_principal(trash_schema, "l.by", "l.tenant")}});
}

// Entries of groups whose root the object was, under every name that its table has had, and of the
// group that it lies in the trash with.
constexpr const char* kOfObject = R"((
    SELECT r.id, 1 AS ordinal
    FROM {schema}.ledger r
    WHERE r.object_id OPERATOR(pg_catalog.=) {by_ledger}
      AND (r.schema_name, r.table_name) IN ({names})
    UNION ALL
    SELECT r.id, i.ordinal
    FROM {schema}.shape s
    JOIN {schema}.item i ON i.shape OPERATOR(pg_catalog.=) s.id
      AND i.object_id OPERATOR(pg_catalog.=) {by_items}
    JOIN {schema}.trash_group g ON g.id OPERATOR(pg_catalog.=) i.group_id
    JOIN {schema}.ledger r ON r.group_uuid OPERATOR(pg_catalog.=) g.uuid
    WHERE s.relation OPERATOR(pg_catalog.=) {table}
      AND i.ordinal OPERATOR(pg_catalog.>) 1{and_seen}) f
  JOIN {schema}.ledger l ON l.id OPERATOR(pg_catalog.=) f.id
  WHERE true)";

}  // namespace

// The ledger writes "schema.table"; a name may hold dots itself.
schema::QualifiedName Ledger::table_called(const std::string& name) const {
    for (const auto& table : catalog_.tables()) {
        if (table.name.schema + "." + table.name.name == name) return table.name;
    }
    const auto dot = name.find('.');
    return {name.substr(0, dot), name.substr(dot + 1)};
}

LedgerEntry Ledger::entry_from(const Result& result, int row) const {
    LedgerEntry entry;
    entry.id = result.text(row, 0);
    entry.at = result.text(row, 1);
    entry.action = result.text(row, 2);
    entry.by = result.text(row, 3);
    entry.reason = result.value(row, 4);
    entry.table = {std::string(result.text(row, 5)), std::string(result.text(row, 6))};
    entry.object_id = result.text(row, 7);
    entry.group_id = result.value(row, 8);
    if (entry.group_id) entry.item_id = item_id(*entry.group_id, result.integer(row, 9));
    const auto names = schema::parse_array(result.text(row, 10));
    const auto counts = schema::parse_array(result.text(row, 11));
    for (std::size_t i = 0; i < names.size(); ++i)
        entry.counts.push_back({table_called(*names[i]), std::stoll(*counts[i])});
    entry.request_id = result.value(row, 12);
    entry.address = result.value(row, 13);
    entry.by_name = result.value(row, 14);
    return entry;
}

// The order is that of the ids, which is the order in which entries were written.
HistoryPage Ledger::read(const std::string& from, std::vector<Param> params, int limit,
                         const Stretch& stretch) {
    params.push_back(std::to_string(stretch.after));
    params.push_back(std::to_string(stretch.before));
    params.push_back(std::to_string(limit + 1));
    const auto sql = schema::filled(
        R"(SELECT {fields}
  FROM {from}{and_own} AND l.id OPERATOR(pg_catalog.>) {after}::bigint
    AND l.id OPERATOR(pg_catalog.<) {before}::bigint
  ORDER BY l.id {direction} LIMIT {limit}::int)",
        {{"fields", fields(trash_schema_)},
         {"from", from},
         {"and_own", own_},
         {"after", place(params.size() - 2)},
         {"before", place(params.size() - 1)},
         {"direction", stretch.oldest_first ? "ASC" : "DESC"},
         {"limit", place(params.size())}});
    const Result found = connection_.exec(sql, params);
    HistoryPage page;
    page.more = found.rows() > limit;
    for (int row = 0; row < std::min(found.rows(), limit); ++row)
        page.entries.push_back(entry_from(found, row));
    return page;
}

std::string Ledger::from_of(const HistoryFilter& filter, std::vector<Param>& params) const {
    auto from =
        filled("{schema}.ledger l CROSS JOIN (SELECT 1 AS ordinal) f WHERE true", trash_schema_);
    auto add = [&](std::string_view condition, const Param& value) {
        if (!value) return;
        params.push_back(value);
        from += " AND " + schema::filled(condition, {{"value", place(params.size())}});
    };
    if (filter.table) {
        add("l.schema_name OPERATOR(pg_catalog.=) {value}", filter.table->schema);
        add("l.table_name OPERATOR(pg_catalog.=) {value}", filter.table->name);
    }
    if (filter.among) from += " AND " + among(*filter.among, "l", params);
    const auto* named = filter.table ? catalog_.table(*filter.table) : nullptr;
    if (filter.object_id && named) {
        params.push_back(*filter.object_id);
        const auto id = place(params.size()) + "::pg_catalog.text";
        from += schema::filled(" AND l.object_id OPERATOR(pg_catalog.=) ANY (ARRAY({written}))",
                               {{"written", written_in_ledger(*named, id, trash_schema_)}});
    } else {
        add("l.object_id OPERATOR(pg_catalog.=) {value}", filter.object_id);
    }
    add("l.id OPERATOR(pg_catalog.=) {value}::pg_catalog.int8", filter.id);
    add("l.action OPERATOR(pg_catalog.=) {value}", filter.action);
    add("l.by OPERATOR(pg_catalog.=) {value}", filter.by);
    add("l.group_uuid OPERATOR(pg_catalog.=) {value}::pg_catalog.uuid", filter.group_id);
    add("l.at OPERATOR(pg_catalog.>=) {value}::pg_catalog.timestamptz", filter.from);
    add("l.at OPERATOR(pg_catalog.<) {value}::pg_catalog.timestamptz", filter.to);
    return from;
}

HistoryPage Ledger::page(const HistoryFilter& filter, int limit, long long before) {
    std::vector<Param> params;
    const auto from = from_of(filter, params);
    return read(from, std::move(params), limit, {.before = before});
}

HistoryPage Ledger::events(const HistoryFilter& filter, int limit, long long after,
                           long long upto) {
    std::vector<Param> params;
    const auto from = from_of(filter, params);
    return read(from, std::move(params), limit, {after, upto + 1, true});
}

HistoryPage Ledger::page_of(const schema::Table& table, const std::string& object_id,
                            const HistoryQuery& asked) {
    std::vector<Param> params = {object_id};
    const auto seen = asked.among ? " AND " + among(*asked.among, "r", params) : "";
    const std::string id = "SELECT $1::pg_catalog.text";
    auto from = filled(kOfObject, trash_schema_,
                       {{"by_ledger", any_spelling(spelt_by_ledger(table, id, trash_schema_))},
                        {"names", names_of(table, trash_schema_)},
                        {"by_items", any_spelling(spelt_by_items(table, id, trash_schema_))},
                        {"table", std::to_string(table.oid)},
                        {"and_seen", seen}});
    if (asked.by) {
        params.push_back(*asked.by);
        from += " AND l.by OPERATOR(pg_catalog.=) " + place(params.size());
    }
    return read(from, std::move(params), asked.limit, {.before = asked.before});
}

}  // namespace trashd::trash
