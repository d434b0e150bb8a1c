// Each form of a table is a SELECT of its own, because a payload has no columns: the form says
// where a column's text stands. The lists over them are put together by row_list.cpp.
#include "trash/read/trashed_rows.hpp"

#include "cascade/predicates.hpp"
#include "schema/catalog/catalog.hpp"
#include "schema/identifier.hpp"
#include "schema/session/connection.hpp"
#include "schema/text.hpp"
#include "trash/read/item_sql.hpp"
#include "trash/store/sql.hpp"

namespace trashd::trash {
namespace {

using schema::quoted;
using std::to_string;

// More are never sorted, and where a group's row takes so many bytes is known how many there are.
constexpr int kFew = 10000, kBytesOfGroup = 256;

std::string and_both(const std::string& first, const std::string& second) {
    const auto both = schema::both(first, second);
    return both.empty() ? "" : " AND " + both;
}

// A left join, because the server leaves it out where nothing asks for the group.
constexpr const char* kAll = R"(
  FROM {schema}.item i
  LEFT JOIN {schema}.trash_group g ON g.id OPERATOR(pg_catalog.=) i.group_id
  CROSS JOIN LATERAL (SELECT {columns}) t
  WHERE i.shape OPERATOR(pg_catalog.=) {form}{and_asked})";

// Group by group along their index: sorted as a whole a large trash would be read to its end.
constexpr const char* kNewest = R"(
  FROM {schema}.trash_group g
  CROSS JOIN LATERAL (
    SELECT i.ordinal
    FROM {schema}.item i
    CROSS JOIN LATERAL (SELECT {columns}) t
    WHERE i.group_id OPERATOR(pg_catalog.=) g.id
      AND {shape} OPERATOR(pg_catalog.=) {form}{and_asked}
    ORDER BY i.ordinal LIMIT {limit}) i
  WHERE g.state OPERATOR(pg_catalog.=) 'trashed'
    AND g.shapes OPERATOR(pg_catalog.@>) ARRAY[{form}]{and_groups})";

}  // namespace

TrashedRows::TrashedRows(schema::Connection& connection, const schema::Catalog& catalog,
                         std::string trash_schema, const schema::Table& table)
    : connection_(connection),
      trash_schema_(std::move(trash_schema)),
      forms_(forms_of(connection, catalog, trash_schema_, table)) {}

// The columns of the item i, as today's types have them.
std::string TrashedRows::columns(const Form& form, const TrashedRowsQuery& asked) const {
    std::vector<std::string> out;
    for (const auto* column : asked.columns)
        out.push_back(typed_value(form, *column, trash_schema_, careful_) + " AS " +
                      quoted(column->name));
    return schema::join(out, ", ");
}

std::string TrashedRows::all(const Form& form, const TrashedRowsQuery& asked) const {
    return filled(kAll, trash_schema_,
                  {{"columns", columns(form, asked)},
                   {"form", to_string(form.id)},
                   {"and_asked", and_both(asked.where, asked.groups)}});
}

std::string TrashedRows::newest(const Form& form, const TrashedRowsQuery& asked) const {
    return filled(kNewest, trash_schema_,
                  {{"columns", columns(form, asked)},
                   {"shape", kShapeInGroup},
                   {"form", to_string(form.id)},
                   {"and_asked", and_both(asked.where, "")},
                   {"limit", to_string(asked.limit)},
                   {"and_groups", and_both(asked.bound, asked.groups)}});
}

// Of n items each stands behind groups/n groups of others: to find those wanted costs
// wanted * groups / n, and to sort all n. Views, of which a role reads, have no size.
constexpr const char* kFewItems = R"(WITH groups AS (
    SELECT pg_catalog.pg_relation_size({groups}::pg_catalog.regclass)
      OPERATOR(pg_catalog./) {bytes} AS n),
  most AS (
    SELECT CASE WHEN n OPERATOR(pg_catalog.=) 0 THEN {few} ELSE
      LEAST({few}, pg_catalog.sqrt({wanted}::pg_catalog.float8 OPERATOR(pg_catalog.*) n)) END
      ::pg_catalog.int8 AS n
    FROM groups)
  SELECT pg_catalog.count(*) OPERATOR(pg_catalog.<=) (SELECT n FROM most)
  FROM (SELECT FROM {schema}.item WHERE shape OPERATOR(pg_catalog.=) ANY($1::int[])
    LIMIT (SELECT n OPERATOR(pg_catalog.+) 1 FROM most)) items)";

bool few_items(schema::Connection& connection, const std::string& trash_schema,
               const std::vector<int>& forms, long long wanted) {
    std::vector<schema::Param> ids;
    for (int id : forms) ids.emplace_back(to_string(id));
    const auto sql = filled(kFewItems, trash_schema,
                            {{"groups", schema::literal(quoted({trash_schema, "trash_group"}))},
                             {"bytes", to_string(kBytesOfGroup)},
                             {"few", to_string(kFew)},
                             {"wanted", to_string(wanted)}});
    return connection.exec(sql, {schema::array_literal(ids)}).boolean(0, 0);
}

std::vector<std::string> TrashedRows::selects(const TrashedRowsQuery& asked) const {
    std::vector<std::string> out;
    for (const auto& form : forms_) {
        const bool by_group =
            asked.newest && !few_items(connection_, trash_schema_, {form.id}, asked.limit);
        out.push_back(schema::filled(
            R"(SELECT {form} AS shape, g.id AS group_id, i.ordinal, {values}{from_where}
  ORDER BY {order} LIMIT {limit})",
            {{"form", to_string(form.id)},
             {"values", asked.values},
             {"from_where", by_group ? newest(form, asked) : all(form, asked)},
             {"order", asked.order},
             {"limit", to_string(asked.limit)}}));
    }
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
        out += schema::filled(" WHEN {shape} OPERATOR(pg_catalog.=) {form} THEN {json}",
                              {{"shape", shape},
                               {"form", to_string(form.id)},
                               {"json", json_as_today(form, trash_schema_, place, select)}});
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
    const auto sql = filled(
        R"(SELECT u.n
  FROM ROWS FROM (
    pg_catalog.unnest($1::pg_catalog.text[]), pg_catalog.unnest($2::pg_catalog.text[]))
    WITH ORDINALITY u(value, type, n)
  WHERE {schema}.cast_error(u.value, u.type) IS NOT NULL
  ORDER BY 1 LIMIT 1)",
        trash_schema);
    const auto found =
        connection.exec(sql, {schema::array_literal(texts), schema::array_literal(types)});
    if (found.rows() == 0) return std::nullopt;
    return static_cast<std::size_t>(found.integer(0, 0)) - 1;
}

}  // namespace trashd::trash
