// The client's JSON is one parameter, read by json_to_record with the types of the columns: each
// value goes through its type's own input function.
#include "trash/write/row_writer.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cascade/functions.hpp"
#include "cascade/predicates.hpp"
#include "schema/catalog/catalog.hpp"
#include "schema/catalog/declared_reference.hpp"
#include "schema/catalog/value.hpp"
#include "schema/error.hpp"
#include "schema/identifier.hpp"
#include "schema/session/connection.hpp"
#include "schema/session/pieces.hpp"
#include "schema/session/pool.hpp"
#include "schema/session/transaction.hpp"
#include "schema/text.hpp"
#include "trash/rows/live_row.hpp"
#include "trash/trash.hpp"

namespace trashd::trash {

namespace {

using Columns = std::vector<const schema::Column*>;

constexpr const char* kGiven = "trashd_given";

std::string names(const Columns& columns, const std::string& alias = "") {
    std::string sql;
    for (const auto* column : columns)
        sql += (sql.empty() ? "" : ", ") + alias + schema::quoted(column->name);
    return sql;
}

// The values of the parameter, each read by its type's own input function.
std::string record(const Columns& columns, std::size_t parameter) {
    std::string sql =
        fmt::format("pg_catalog.json_to_record(${}::pg_catalog.json) AS {}(", parameter, kGiven);
    for (std::size_t i = 0; i < columns.size(); ++i)
        sql += (i ? ", " : "") + schema::quoted(columns[i]->name) + " " + columns[i]->type;
    return sql + ")";
}

std::string returned(const schema::Table& table, const std::string& alias,
                     const ColumnValues& given) {
    const auto json =
        given.shown == 0
            ? std::string("NULL")
            : schema::short_text(live_json(table, alias, {}) + "::pg_catalog.text", given.shown);
    return fmt::format("{}, {}, {}, {}, {}", json, cascade::etag_sql(table, alias),
                       schema::key_text(table, table.identity, alias), given.crossing, given.own);
}

// That the row under the alias refers to a row r of the parent.
std::string refers(const schema::ForeignKey& key, const schema::Table& child,
                   const schema::Table& parent) {
    std::string sql;
    for (std::size_t i = 0; i < key.child_columns.size(); ++i)
        sql +=
            schema::same_value(
                key, i, "r." + schema::quoted(parent.column(key.parent_columns[i])->name),
                alias_of(child) + "." + schema::quoted(child.column(key.child_columns[i])->name)) +
            " AND ";
    const auto bound = schema::binds(key, child, alias_of(child));
    return bound.empty() ? sql : sql + bound + " AND ";
}

std::optional<WrittenRow> written(const schema::Result& result) {
    if (result.rows() == 0) return std::nullopt;
    return WrittenRow{result.value(0, 0), std::string(result.text(0, 1)),
                      std::string(result.text(0, 2)), std::string(result.text(0, 3)),
                      result.boolean(0, 4)};
}

std::vector<schema::Param> params_of(const RowAddress& address, const ColumnValues& given) {
    std::vector<schema::Param> params(address.id.begin(), address.id.end());
    if (!given.columns.empty()) params.emplace_back(given.json);
    return params;
}

// Of each given column of the key: it has the row's own value.
std::string same_key(const schema::Table& table, const Columns& given, const std::string& alias) {
    const auto operators = cascade::identity_operators(table);
    std::string sql;
    for (const auto* column : given) {
        const auto& key = table.identity;
        const auto at = std::find(key.begin(), key.end(), column->attnum) - key.begin();
        const auto name = schema::quoted(column->name);
        sql += fmt::format(", {}.{} {} {}.{}", alias, name, operators[at], kGiven, name);
    }
    return sql;
}

std::string assignments(const Columns& given, const Columns& defaults) {
    std::string sql;
    for (const auto* column : given) {
        const auto name = schema::quoted(column->name);
        sql += fmt::format("{}{} = {}.{}", sql.empty() ? "" : ", ", name, kGiven, name);
    }
    for (const auto* column : defaults)
        sql += (sql.empty() ? "" : ", ") + schema::quoted(column->name) + " = DEFAULT";
    return sql;
}

bool reads(schema::Connection& connection, const Columns& columns, const std::string& json) {
    connection.exec("SAVEPOINT trashd_misfit");
    try {
        connection.exec("SELECT " + names(columns) + " FROM " + record(columns, 1), {json});
        return true;
    } catch (const Error& error) {
        if (error.code() == Code::kUnavailable) throw;
        connection.exec("ROLLBACK TO SAVEPOINT trashd_misfit");
        return false;
    }
}

}  // namespace

// A key of a single partition is left to the server: which rows it binds is its to say.
void write_as_others(schema::Transaction& transaction) {
    transaction.exec("SELECT pg_catalog.set_config('trashd.own', '', true)");
}

std::string crossing_sql(const Trash& trash, const schema::Catalog& catalog,
                         const schema::Table& table, const Columns& written) {
    const auto among = [&](const schema::ForeignKey& key) {
        return written.empty() || std::ranges::any_of(written, [&](const auto* column) {
                   return std::ranges::count(key.child_columns, column->attnum) > 0;
               });
    };
    std::string cases;
    for (const auto* key : catalog.references(table.oid)) {
        const auto* parent = catalog.table(key->parent);
        if (key->child_part != 0 || !among(*key)) continue;
        if (!parent || !trash.tenant_column(*parent)) continue;
        cases += fmt::format(" WHEN EXISTS (SELECT FROM {} AS r WHERE {}{} IS NOT TRUE) THEN {}",
                             schema::quoted(parent->name), refers(*key, table, *parent),
                             trash.tenant_condition(*parent, "r"), schema::literal(key->name));
    }
    return cases.empty() ? "NULL" : "CASE" + cases + " END";
}

std::optional<WrittenRow> insert_row(schema::Transaction& transaction, const schema::Table& table,
                                     const ColumnValues& given) {
    const auto alias = alias_of(table);
    const auto into = fmt::format("INSERT INTO {} AS {}", schema::quoted(table.name), alias);
    const auto returning = " RETURNING " + returned(table, alias, given);
    if (given.columns.empty())
        return written(transaction.exec(into + " DEFAULT VALUES" + returning));
    const auto sql = fmt::format("{} ({}) SELECT {} FROM {}{}", into, names(given.columns),
                                 names(given.columns, std::string(kGiven) + "."),
                                 record(given.columns, 1), returning);
    return written(transaction.exec(sql, {given.json}));
}

// NO KEY UPDATE: the key stays, so rows that refer to it may come in meanwhile; a delete waits.
std::optional<LockedRow> lock_row(schema::Transaction& transaction, const RowAddress& address,
                                  const ColumnValues& key, const Columns& wanted) {
    const auto& table = address.table;
    const auto alias = alias_of(table);
    auto sql = "SELECT " + cascade::etag_sql(table, alias);
    for (const auto* column : wanted) {
        const auto text = schema::to_text(*column, alias);
        sql += fmt::format(
            ", {}, COALESCE(pg_catalog.octet_length({}) OPERATOR(pg_catalog.>) {}, false)",
            schema::short_text(text, kMostMerged), text, kMostMerged);
    }
    sql += same_key(table, key.columns, alias) +
           fmt::format(" FROM {} AS {}", schema::relation(table), alias);
    if (!key.columns.empty())
        sql += " CROSS JOIN " + record(key.columns, table.identity.size() + 1);
    sql += fmt::format(" WHERE {} AND {} FOR NO KEY UPDATE OF {}", equals_key(table, alias),
                       address.own, alias);
    const auto result = transaction.exec(sql, params_of(address, key));
    if (result.rows() == 0) return std::nullopt;
    LockedRow row{std::string(result.text(0, 0)), {}};
    int at = 1;
    for (const auto* column : wanted) {
        row.present.push_back(result.value(0, at++));
        if (result.boolean(0, at++) && !row.long_one) row.long_one = column;
    }
    for (const auto* column : key.columns)
        if (!result.boolean(0, at++) && !row.other_key) row.other_key = column;
    return row;
}

std::optional<WrittenRow> update_row(schema::Transaction& transaction, const RowAddress& address,
                                     const ColumnValues& given, const Columns& defaults) {
    const auto& table = address.table;
    const auto alias = alias_of(table);
    const auto where = " WHERE " + equals_key(table, alias) + " AND " + address.own;
    const auto wanted = returned(table, alias, given);
    if (given.columns.empty() && defaults.empty())
        return written(transaction.exec(
            fmt::format("SELECT {} FROM {} AS {}", wanted, schema::relation(table), alias) + where,
            params_of(address, given)));
    auto sql = fmt::format("UPDATE {} AS {} SET {}", schema::relation(table), alias,
                           assignments(given.columns, defaults));
    if (!given.columns.empty()) sql += " FROM " + record(given.columns, table.identity.size() + 1);
    return written(
        transaction.exec(sql + where + " RETURNING " + wanted, params_of(address, given)));
}

std::vector<std::string> texts_of(schema::Transaction& transaction, const RowAddress& address,
                                  const ColumnValues& given, const Columns& wanted) {
    const auto alias = alias_of(address.table);
    std::string sql;
    for (const auto* column : wanted) {
        const bool sent = std::ranges::count(given.columns, column) > 0;
        if (!sent && address.id.empty()) return {};
        sql += (sql.empty() ? "SELECT " : ", ") + schema::to_text(*column, sent ? kGiven : alias);
    }
    std::vector<std::string> from;
    if (!address.id.empty()) from.push_back(schema::relation(address.table) + " AS " + alias);
    if (!given.columns.empty()) from.push_back(record(given.columns, address.id.size() + 1));
    sql += " FROM " + schema::join(from, ", ");
    if (!address.id.empty()) sql += " WHERE " + equals_key(address.table, alias);
    const auto result = transaction.exec(sql, params_of(address, given));
    std::vector<std::string> texts;
    for (int at = 0; result.rows() == 1 && at < result.columns(); ++at)
        if (!result.null(0, at)) texts.emplace_back(result.text(0, at));
    return texts.size() == wanted.size() ? texts : std::vector<std::string>();
}

const schema::Column* misfit(schema::Pool& pool, const ColumnValues& given) {
    const schema::Column* found = nullptr;
    schema::run(pool, schema::Mode::kRead, [&](schema::Transaction& transaction) {
        auto& connection = transaction.connection();
        found = nullptr;
        for (const auto* column : given.columns) {
            if (reads(connection, {column}, given.json)) continue;
            if (reads(connection, {column}, "{}") || column->not_null) found = column;
            return;
        }
    });
    return found;
}

}  // namespace trashd::trash
