#include "trash/store/ledger.hpp"

#include <algorithm>

#include "trash/store/item_id.hpp"
#include "trash/store/key_spelling.hpp"
#include "trash/store/sql.hpp"

namespace trashd::trash {
namespace {

using schema::Param;
using schema::quoted;
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
    return "(" + alias + ".schema_name, " + alias +
           ".table_name) IN (SELECT s, t FROM ROWS FROM (pg_catalog.unnest(" +
           place(params.size() - 1) + "::pg_catalog.text[]), pg_catalog.unnest(" +
           place(params.size()) + "::pg_catalog.text[])) m(s, t))";
}

std::string any_of(const std::string& spelt) {
    return "ANY (ARRAY(SELECT pg_catalog.unnest(w.ids) FROM " + spelt + " w))";
}

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
    return entry;
}

// The order is that of the ids, which is the order in which entries were written.
HistoryPage Ledger::read(const std::string& from, std::vector<Param> params, int limit,
                         long long before) {
    params.push_back(std::to_string(before));
    params.push_back(std::to_string(limit + 1));
    const Result found = connection_.exec(
        "SELECT l.id, " + utc("l.at") +
            ", l.action, l.by, l.reason, l.schema_name, l.table_name, l.object_id, l.group_uuid, "
            "f.ordinal, ARRAY(SELECT k FROM pg_catalog.jsonb_object_keys(l.counts) k ORDER BY k), "
            "ARRAY(SELECT l.counts OPERATOR(pg_catalog.->>) k FROM "
            "pg_catalog.jsonb_object_keys(l.counts) k ORDER BY k), "
            "l.request_id, l.address FROM " +
            from + own_ + " AND l.id OPERATOR(pg_catalog.<) " + place(params.size() - 1) +
            "::bigint ORDER BY l.id DESC LIMIT " + place(params.size()) + "::int",
        params);
    HistoryPage page;
    page.more = found.rows() > limit;
    for (int row = 0; row < std::min(found.rows(), limit); ++row)
        page.entries.push_back(entry_from(found, row));
    return page;
}

HistoryPage Ledger::page(const HistoryFilter& filter, int limit, long long before) {
    std::string from =
        quoted({trash_schema_, "ledger"}) + " l CROSS JOIN (SELECT 1 AS ordinal) f WHERE true";
    std::vector<Param> params;
    auto add = [&](const std::string& condition, const Param& value, const char* cast = "") {
        if (!value) return;
        params.push_back(value);
        from += " AND " + condition + place(params.size()) + cast;
    };
    if (filter.table) {
        add("l.schema_name OPERATOR(pg_catalog.=) ", filter.table->schema);
        add("l.table_name OPERATOR(pg_catalog.=) ", filter.table->name);
    }
    if (filter.among) from += " AND " + among(*filter.among, "l", params);
    const auto* named = filter.table ? catalog_.table(*filter.table) : nullptr;
    if (filter.object_id && named) {
        params.push_back(*filter.object_id);
        const auto id = place(params.size()) + "::pg_catalog.text";
        from += " AND l.object_id OPERATOR(pg_catalog.=) ANY (ARRAY(" +
                written_in_ledger(*named, id, trash_schema_) + "))";
    } else {
        add("l.object_id OPERATOR(pg_catalog.=) ", filter.object_id);
    }
    add("l.action OPERATOR(pg_catalog.=) ", filter.action);
    add("l.by OPERATOR(pg_catalog.=) ", filter.by);
    add("l.group_uuid OPERATOR(pg_catalog.=) ", filter.group_id, "::pg_catalog.uuid");
    add("l.at OPERATOR(pg_catalog.>=) ", filter.from, "::pg_catalog.timestamptz");
    add("l.at OPERATOR(pg_catalog.<) ", filter.to, "::pg_catalog.timestamptz");
    return read(from, std::move(params), limit, before);
}

// Entries of groups whose root the object was, under every name that its table has had, and of the
// group that it lies in the trash with.
HistoryPage Ledger::page_of(const schema::Table& table, const std::string& object_id,
                            const HistoryQuery& asked) {
    std::vector<Param> params = {object_id};
    const std::string seen = asked.among ? " AND " + among(*asked.among, "r", params) : "";
    auto own = [&](const char* name) { return quoted({trash_schema_, name}); };
    const std::string id = "SELECT $1::pg_catalog.text";
    std::string from =
        "(SELECT r.id, 1 AS ordinal FROM " + own("ledger") +
        " r WHERE r.object_id OPERATOR(pg_catalog.=) " +
        any_of(spelt_by_ledger(table, id, trash_schema_)) +
        " AND (r.schema_name, r.table_name) IN (" + names_of(table, trash_schema_) +
        ") UNION ALL SELECT r.id, i.ordinal FROM " + own("shape") + " s JOIN " + own("item") +
        " i ON i.shape OPERATOR(pg_catalog.=) s.id AND i.object_id OPERATOR(pg_catalog.=) " +
        any_of(spelt_by_items(table, id, trash_schema_)) + " JOIN " + own("trash_group") +
        " g ON g.id OPERATOR(pg_catalog.=) i.group_id JOIN " + own("ledger") +
        " r ON r.group_uuid OPERATOR(pg_catalog.=) g.uuid WHERE s.relation "
        "OPERATOR(pg_catalog.=) " +
        std::to_string(table.oid) + " AND i.ordinal OPERATOR(pg_catalog.>) 1" + seen +
        ") f "
        "JOIN " +
        own("ledger") + " l ON l.id OPERATOR(pg_catalog.=) f.id WHERE true";
    if (asked.by) {
        params.push_back(*asked.by);
        from += " AND l.by OPERATOR(pg_catalog.=) " + place(params.size());
    }
    return read(from, std::move(params), asked.limit, asked.before);
}

}  // namespace trashd::trash
