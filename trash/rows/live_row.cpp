#include "trash/rows/live_row.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cascade/functions.hpp"
#include "cascade/predicates.hpp"
#include "schema/catalog/catalog.hpp"
#include "schema/catalog/reader.hpp"
#include "schema/catalog/value.hpp"
#include "schema/error.hpp"
#include "schema/identifier.hpp"
#include "schema/session/pieces.hpp"
#include "schema/session/transaction.hpp"
#include "schema/sqlstate.hpp"
#include "schema/text.hpp"
#include "trash/store/own_statements.hpp"
#include "trash/trash.hpp"

namespace trashd::trash {

namespace {

std::string term(const schema::Table& table, const std::string& alias, std::size_t position) {
    const auto& column = *table.column(table.identity[position]);
    const auto key = alias + "." + schema::quoted(column.name);
    const auto value = schema::from_text(column, fmt::format("${}", position + 1));
    return fmt::format("{} {} {}", schema::in_base_type(column, key),
                       cascade::identity_operators(table)[position],
                       schema::in_base_type(column, value));
}

std::vector<schema::Param> params_of(const std::vector<std::string>& values) {
    return {values.begin(), values.end()};
}

// The n of character(n) and character varying(n); nothing for other types.
std::optional<std::size_t> longest(const schema::Column& column) {
    for (std::string_view prefix : {"character varying(", "character("})
        if (column.type.starts_with(prefix)) return std::stoul(column.type.substr(prefix.size()));
    return std::nullopt;
}

std::size_t characters(std::string_view text) {
    text = text.substr(0, text.find_last_not_of(' ') + 1);
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    }));
}

}  // namespace

std::string equals_key(const schema::Table& table, const std::string& alias) {
    std::string sql;
    for (std::size_t i = 0; i < table.identity.size(); ++i)
        sql += (i ? " AND " : "") + term(table, alias, i);
    return sql;
}

bool can_be_key(const schema::Table& table, const std::vector<std::string>& id) {
    if (id.size() != table.identity.size()) return false;
    for (std::size_t i = 0; i < id.size(); ++i) {
        auto most = longest(*table.column(table.identity[i]));
        if (most && characters(id[i]) > *most) return false;
    }
    return true;
}

std::string alias_of(const schema::Table& table) {
    std::vector<std::string> names;
    for (const auto& column : table.columns) names.push_back(column.name);
    return schema::row_alias(names);
}

std::string live_json(const schema::Table& table, const std::string& alias,
                      const std::vector<std::string>& select) {
    if (select.empty() && !table.hides_columns())
        return fmt::format("pg_catalog.row_to_json({})", alias);
    std::string columns;
    std::vector<std::string> names;
    for (const auto& column : table.columns) {
        if (column.hidden || (!select.empty() && std::ranges::count(select, column.name) == 0))
            continue;
        columns += (columns.empty() ? "" : ", ") + alias + "." + schema::quoted(column.name);
        names.push_back(column.name);
    }
    return schema::filled("(SELECT pg_catalog.row_to_json({row}) FROM (SELECT {columns}) {row})",
                          {{"row", schema::row_alias(names)}, {"columns", columns}});
}

namespace {

std::string from_where(const schema::Table& table, const RowQuery& asked) {
    const auto alias = alias_of(table);
    return schema::filled(" FROM {table} AS {alias} WHERE {equals_key} AND {condition}",
                          {{"table", schema::relation(table)},
                           {"alias", alias},
                           {"equals_key", equals_key(table, alias)},
                           {"condition", asked.condition}});
}

std::string json_text(const schema::Table& table, const RowQuery& asked) {
    return live_json(table, alias_of(table), asked.select) + "::pg_catalog.text";
}

}  // namespace

namespace {

std::string row_sql(const schema::Table& table, const RowQuery& asked, bool tagged) {
    return schema::filled("SELECT {json}, {etag}{from_where}",
                          {{"json", schema::short_text(json_text(table, asked), asked.most)},
                           {"etag", tagged ? cascade::etag_sql(table, alias_of(table)) : "''"},
                           {"from_where", from_where(table, asked)}});
}

std::optional<LiveRow> row_from(const schema::Result& found) {
    if (found.rows() == 0) return std::nullopt;
    return LiveRow{found.value(0, 0), std::string(found.text(0, 1))};
}

// What is selected, and whose rows are seen, makes texts without number, which are not worth being
// prepared. Casts to json are looked for in types of the users only.
bool may_be_alone(const Trash& trash, const schema::Table& table, const RowQuery& asked) {
    return trash.of_all() && !table.read_by_code && !table.partitioned && asked.select.empty() &&
           asked.condition == "true" &&
           std::ranges::none_of(table.columns, &schema::Column::user_type);
}

// SQL: the table is as it was when may_be_alone() was asked about it. It is looked at when the
// statement is planned, as in deletes of one row.
std::string unchanged(const Trash& trash, const schema::Table& table) {
    return schema::filled(own_statements().still,
                          {{"schema", schema::quoted(trash.schema_name())},
                           {"query", schema::literal(schema::fingerprint_sql({table.oid}))},
                           {"fingerprint", schema::literal(table.fingerprint)}});
}

}  // namespace

std::optional<LiveRow> read_row(schema::Transaction& transaction, const schema::Table& table,
                                const RowQuery& asked, bool tagged) {
    return row_from(transaction.exec(row_sql(table, asked, tagged), params_of(asked.id)));
}

std::optional<LiveRow> read_row_alone(Trash& trash, const schema::Table& table,
                                      const RowQuery& asked) {
    if (!may_be_alone(trash, table, asked)) return std::nullopt;
    try {
        auto row = row_from(schema::read_alone(
            trash.pool(), {row_sql(table, asked, true) + " AND " + unchanged(trash, table),
                           params_of(asked.id)}));
        return row && row->json ? row : std::nullopt;
    } catch (const Error& error) {
        // policies may have been made for the table since
        if (!error.is(sqlstate::kInsufficientPrivilege)) throw;
        return std::nullopt;
    }
}

void write_row(schema::Transaction& transaction, const schema::Table& table, const RowQuery& asked,
               const std::function<void(std::string_view)>& piece) {
    schema::read_long(
        transaction.connection(),
        {"SELECT " + json_text(table, asked) + from_where(table, asked), 0, params_of(asked.id)},
        {{}, piece});
}

}  // namespace trashd::trash
