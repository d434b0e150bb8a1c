// The rows of one table that lie in the trash, as a source of SQL: typed as the table is today, so
// that one text of conditions and order serves them and the live rows alike.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "trash/store/shapes.hpp"

namespace trashd::schema {
class Catalog;
class Connection;
}  // namespace trashd::schema

namespace trashd::trash {

// What is asked of rows, as SQL. It may name the columns as t."column", kDeletedAt, kGroup and
// kOrdinal, of the row's item.
struct TrashedRowsQuery {
    std::string values;                          // select list
    std::string where;                           // empty: all
    std::string groups = {};                     // on the row's group g; empty: all
    std::string order;                           // ORDER BY list
    std::string bound = {};                      // implied by where, and lets an index start there
    bool newest = false;                         // order is by kDeletedAt, kGroup (both
                                                 // descending) and kOrdinal; values name no column
    std::vector<const schema::Column*> columns;  // that these name
    long long limit = 0;
};
inline constexpr const char *kDeletedAt = "g.created_at", *kGroup = "g.id", *kOrdinal = "i.ordinal";
// What stands in for them beside live rows.
inline constexpr const char* kNotTrashed =
    "(SELECT NULL::pg_catalog.timestamptz AS created_at, 0::pg_catalog.int8 AS id) g CROSS JOIN "
    "(SELECT 0::pg_catalog.int4 AS ordinal) i";

class TrashedRows {
  public:
    TrashedRows(schema::Connection& connection, const schema::Catalog& catalog,
                std::string trash_schema, const schema::Table& table);
    // Stored text that today's type does not take counts as NULL instead of being an error: slower.
    void be_careful() { careful_ = true; }
    // A SELECT for each form: its id as shape, kGroup as group_id, kOrdinal as ordinal, the values.
    std::vector<std::string> selects(const TrashedRowsQuery& asked) const;
    // SELECTs of how many there are.
    std::vector<std::string> counts(const TrashedRowsQuery& asked) const;
    const std::vector<Form>& forms() const { return forms_; }
    // "WHEN id THEN json" for each form, of the item at the place (json_as_today).
    std::string json_cases(const std::string& shape, const ItemPlace& place,
                           const std::vector<std::string>& select) const;

  private:
    std::string columns(const Form& form, const TrashedRowsQuery& asked) const;
    std::string all(const Form& form, const TrashedRowsQuery& asked) const;
    std::string newest(const Form& form, const TrashedRowsQuery& asked) const;

    schema::Connection& connection_;
    std::string trash_schema_;
    std::vector<Form> forms_;
    bool careful_ = false;
};

// Whether the forms have so few items that sorting them is quicker than finding as many as are
// wanted among all groups.
bool few_items(schema::Connection& connection, const std::string& trash_schema,
               const std::vector<int>& forms, long long wanted);

// The place of the first value that its type does not take; nothing when all are good.
struct TypedText {
    std::string text, type;
};
std::optional<std::size_t> first_bad(schema::Connection& connection,
                                     const std::string& trash_schema,
                                     const std::vector<TypedText>& values);

}  // namespace trashd::trash
