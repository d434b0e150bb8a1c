#include "service/rows.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cascade/sql.hpp"
#include "schema/value.hpp"

namespace trashd::service {

namespace {

// A column of the same name would be meant instead of the row.
std::string alias_of(const schema::Table& table) {
    std::string alias = "trashd_row";
    while (table.column(alias)) alias += "_";
    return alias;
}

const schema::UniqueIndex* primary_of(const schema::Table& table) {
    for (const auto& unique : table.uniques)
        if (unique.primary) return &unique;
    return nullptr;
}

// The operator of the key's own index, so that it does not depend on the search path.
std::string comparison(const schema::Table& table, std::size_t position, char sign) {
    const auto* primary = primary_of(table);
    std::string equality = "OPERATOR(pg_catalog.=)";
    if (primary && position < primary->operators.size()) equality = primary->operators[position];
    if (equality.ends_with("=)")) equality[equality.size() - 2] = sign;
    return equality;
}

std::string term(const schema::Table& table, const std::string& alias, std::size_t position,
                 char sign) {
    const auto& column = *table.column(table.primary_key[position]);
    return fmt::format("{}.{} {} {}", alias, schema::quoted(column.name),
                       comparison(table, position, sign),
                       schema::from_text(column, fmt::format("${}", position + 1)));
}

std::string equals_key(const schema::Table& table, const std::string& alias) {
    std::string sql;
    for (std::size_t i = 0; i < table.primary_key.size(); ++i)
        sql += (i ? " AND " : "") + term(table, alias, i, '=');
    return sql;
}

// k1 >= $1 is implied, and lets the index start there.
std::string after_key(const schema::Table& table, const std::string& alias) {
    std::string alternatives;
    for (std::size_t i = 0; i < table.primary_key.size(); ++i) {
        std::string prefix;
        for (std::size_t j = 0; j < i; ++j) prefix += term(table, alias, j, '=') + " AND ";
        alternatives += (i ? " OR " : "") + ("(" + prefix + term(table, alias, i, '>') + ")");
    }
    if (table.primary_key.size() == 1) return alternatives;
    return "(" + alternatives + ") AND (" + term(table, alias, 0, '>') + " OR " +
           term(table, alias, 0, '=') + ")";
}

std::string key_columns(const schema::Table& table, const std::string& alias, bool as_text) {
    std::string sql;
    for (int attnum : table.primary_key) {
        const auto& column = *table.column(attnum);
        sql += sql.empty() ? "" : ", ";
        sql += as_text ? schema::to_text(column, alias) : alias + "." + schema::quoted(column.name);
    }
    return sql;
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

bool can_be_key(const schema::Table& table, const std::vector<std::string>& id) {
    if (id.size() != table.primary_key.size()) return false;
    for (std::size_t i = 0; i < id.size(); ++i) {
        auto most = longest(*table.column(table.primary_key[i]));
        if (most && characters(id[i]) > *most) return false;
    }
    return true;
}

std::optional<LiveRow> read_row(schema::Pool& pool, const schema::Table& table,
                                const std::vector<std::string>& id) {
    const auto alias = alias_of(table);
    const auto sql = fmt::format(
        "SELECT pg_catalog.row_to_json({0}), {1} FROM {2} AS {0} WHERE {3}", alias,
        cascade::etag_sql(table, alias), schema::relation(table), equals_key(table, alias));
    std::optional<LiveRow> row;
    schema::run(pool, schema::Mode::kRead, [&](schema::Transaction& transaction) {
        auto result = transaction.exec(sql, params_of(id));
        if (result.rows() > 0)
            row = LiveRow{std::string(result.text(0, 0)), std::string(result.text(0, 1))};
    });
    return row;
}

LivePage read_page(schema::Pool& pool, const schema::Table& table, long long limit,
                   const std::vector<std::string>& after) {
    const auto alias = alias_of(table);
    const auto sql = fmt::format(
        "SELECT pg_catalog.row_to_json({0}), {1} FROM {2} AS {0} {3} ORDER BY {4} LIMIT {5}", alias,
        key_columns(table, alias, true), schema::relation(table),
        after.empty() ? "" : "WHERE " + after_key(table, alias), key_columns(table, alias, false),
        limit + 1);
    LivePage page;
    schema::run(pool, schema::Mode::kRead, [&](schema::Transaction& transaction) {
        page = {};
        auto result = transaction.exec(sql, params_of(after));
        page.more = result.rows() > limit;
        auto count = static_cast<int>(std::min<long long>(result.rows(), limit));
        for (int row = 0; row < count; ++row) page.rows.emplace_back(result.text(row, 0));
        for (int i = 1; count > 0 && i < result.columns(); ++i)
            page.last_key.emplace_back(result.text(count - 1, i));
    });
    return page;
}

}  // namespace trashd::service
