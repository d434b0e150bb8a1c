#include "trash/read/trashed_rows.hpp"

#include "cascade/predicates.hpp"
#include "schema/catalog/catalog.hpp"
#include "schema/identifier.hpp"
#include "schema/session/connection.hpp"
#include "schema/text.hpp"
#include "trash/read/item_sql.hpp"

namespace trashd::trash {
namespace {

using schema::quoted;
using std::to_string;

// Up to so many items of a form are sorted sooner than they are found among all groups.
constexpr int kFew = 10000;

std::string conditions(const std::string& first, const std::string& second) {
    return first.empty() || second.empty() ? first + second : first + " AND " + second;
}

}  // namespace

TrashedRows::TrashedRows(schema::Connection& connection, const schema::Catalog& catalog,
                         std::string trash_schema, const schema::Table& table)
    : connection_(connection),
      trash_schema_(std::move(trash_schema)),
      forms_(forms_of(connection, catalog, trash_schema_, table)) {}

// Items with their columns as t; conditions are to follow.
std::string TrashedRows::from_where(const Form& form, const TrashedRowsQuery& asked,
                                    const std::string& join) const {
    std::vector<std::string> columns;
    for (const auto* column : asked.columns)
        columns.push_back(typed_value(form, *column, trash_schema_, careful_) + " AS " +
                          quoted(column->name));
    return " FROM " + quoted({trash_schema_, "item"}) + " i" + join +
           " CROSS JOIN LATERAL (SELECT " + schema::join(columns, ", ") + ") t WHERE ";
}

// A left join, because the server leaves it out where nothing asks for the group.
std::string TrashedRows::all(const Form& form, const TrashedRowsQuery& asked) const {
    return conditions(from_where(form, asked,
                                 " LEFT JOIN " + quoted({trash_schema_, "trash_group"}) +
                                     " g ON g.id OPERATOR(pg_catalog.=) i.group_id") +
                          "i.shape OPERATOR(pg_catalog.=) " + to_string(form.id),
                      conditions(asked.where, asked.groups));
}

// Group by group along their index: sorted as a whole a large trash would be read to its end.
std::string TrashedRows::newest(const Form& form, const TrashedRowsQuery& asked) const {
    return " FROM " + quoted({trash_schema_, "trash_group"}) +
           " g CROSS JOIN LATERAL (SELECT i.ordinal" +
           conditions(from_where(form, asked, "") + "i.group_id OPERATOR(pg_catalog.=) g.id AND " +
                          kShapeInGroup + " OPERATOR(pg_catalog.=) " + to_string(form.id),
                      asked.where) +
           " ORDER BY i.ordinal LIMIT " + to_string(asked.limit) + ") i WHERE " +
           conditions(
               "g.state OPERATOR(pg_catalog.=) 'trashed' AND g.shapes OPERATOR(pg_catalog.@>) "
               "ARRAY[" +
                   to_string(form.id) + "]",
               conditions(asked.bound, asked.groups));
}

bool few_items(schema::Connection& connection, const std::string& trash_schema,
               const std::vector<int>& forms) {
    std::vector<schema::Param> ids;
    for (int id : forms) ids.emplace_back(to_string(id));
    return connection
               .exec("SELECT pg_catalog.count(*) FROM (SELECT FROM " +
                         quoted({trash_schema, "item"}) +
                         " WHERE shape OPERATOR(pg_catalog.=) ANY($1::int[]) LIMIT " +
                         to_string(kFew + 1) + ") few",
                     {schema::array_literal(ids)})
               .integer(0, 0) <= kFew;
}

std::vector<std::string> TrashedRows::selects(const TrashedRowsQuery& asked) const {
    std::vector<std::string> out;
    for (const auto& form : forms_)
        out.push_back("SELECT " + to_string(form.id) + " AS shape, g.id AS group_id, i.ordinal, " +
                      asked.values +
                      (asked.newest && !few_items(connection_, trash_schema_, {form.id})
                           ? newest(form, asked)
                           : all(form, asked)) +
                      " ORDER BY " + asked.order + " LIMIT " + to_string(asked.limit));
    return out;
}

std::vector<std::string> TrashedRows::counts(const TrashedRowsQuery& asked) const {
    std::vector<std::string> out;
    for (const auto& form : forms_) out.push_back("SELECT pg_catalog.count(*)" + all(form, asked));
    return out;
}

std::string TrashedRows::json_cases(const std::string& shape, const ItemPlace& place,
                                    const std::vector<std::string>& select) const {
    std::string out;
    for (const auto& form : forms_)
        out += " WHEN " + shape + " OPERATOR(pg_catalog.=) " + to_string(form.id) + " THEN " +
               json_as_today(form, trash_schema_, place, select);
    return out;
}

std::optional<std::size_t> first_bad(schema::Connection& connection,
                                     const std::string& trash_schema,
                                     const std::vector<TypedText>& values) {
    if (values.empty()) return std::nullopt;
    std::vector<schema::Param> texts, types;
    for (const auto& value : values) {
        texts.emplace_back(value.text);
        types.emplace_back(value.type);
    }
    const auto found = connection.exec(
        "SELECT u.n FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.text[]), "
        "pg_catalog.unnest($2::pg_catalog.text[])) "
        "WITH ORDINALITY u(value, type, n) WHERE " +
            quoted({trash_schema, "cast_error"}) +
            "(u.value, u.type) IS NOT NULL ORDER BY 1 LIMIT 1",
        {schema::array_literal(texts), schema::array_literal(types)});
    if (found.rows() == 0) return std::nullopt;
    return static_cast<std::size_t>(found.integer(0, 0)) - 1;
}

}  // namespace trashd::trash
