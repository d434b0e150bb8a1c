// SQL that describes TrashItems: their fields, their names, and which of them a filter means.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "schema/session/result.hpp"
#include "trash/model/item.hpp"
#include "trash/read/item_conditions.hpp"

namespace trashd::schema {
class Connection;
struct Table;
}  // namespace trashd::schema

namespace trashd::trash {

// A subquery for the alias s: each form with its table's name today and where its rows have their
// display name.
std::string described_shapes(const std::string& trash_schema, const std::vector<Naming>& naming);
// The same of these forms, as constants: as they are described now.
std::string shapes_as_described(schema::Connection& connection, const std::string& trash_schema,
                                const std::vector<Naming>& naming, const std::vector<int>& forms);
// SQL over forms under the alias: there is no such table any more.
std::string is_gone(const std::string& alias);
// text[] of an item's fields over aliases i (item), g (its group) and s (described_shapes); of the
// item at a place, given as SQL, as a scalar subquery.
std::string item_fields(const std::string& trash_schema);
std::string item_fields_at(const std::string& trash_schema, const std::vector<Naming>& naming,
                           const std::string& group_id, const std::string& ordinal);
Item item_from(std::string_view fields);

// The form of an item i beside the condition of its group, as SQL that serves no index: where the
// table was never analyzed, all items of the form would be looked up for each group.
inline constexpr const char* kShapeInGroup = "(i.shape OPERATOR(pg_catalog.+) 0)";

// SQL: the column at this place of the form s is hidden; NULL or false: it is not. Empty: none is.
std::string hidden_place(const std::vector<Naming>& naming, const std::string& place);
// SQL of an item's display name; over aliases i and s. shown_name(): as far as it is shown.
std::string display_name();
std::string shown_name();

// A list of items.
struct ItemListSql {
    std::string select;  // of group_id, ordinal, shape, key: one row more than the limit
    std::vector<schema::Param> params;
    std::string count;  // SELECT of how many the filter means
    std::vector<schema::Param> count_params;
};
ItemListSql item_list_sql(const ItemQuery& asked, const ItemSource& source,
                          const FilterShapes& forms);
// SELECT of the key and the number of the last of so many groups behind the position: nothing where
// there are fewer.
struct BoundSql {
    std::string select;
    std::vector<schema::Param> params;
};
BoundSql item_bound_sql(const ItemQuery& asked, const ItemSource& source, long long groups);
// The type of what a list is sorted by.
std::string key_type(ItemOrder order);

}  // namespace trashd::trash
