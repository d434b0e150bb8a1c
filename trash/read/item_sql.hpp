// SQL that describes TrashItems: their fields, their names, and which of them a filter means.
#pragma once

#include <string>
#include <vector>

#include "schema/catalog.hpp"
#include "schema/result.hpp"
#include "trash/model/item.hpp"

namespace trashd::trash {

// A subquery for the alias s: each form with its table's name today and where its rows have their
// display name.
std::string described_shapes(const std::string& trash_schema, const std::vector<Naming>& naming);
// SQL over forms under the alias: there is no such table any more.
std::string is_gone(const std::string& alias);
// text[] of an item's fields over aliases i (item), g (its group) and s (described_shapes).
std::string item_fields();
// The same as a scalar subquery for the item at a place, given as SQL.
std::string item_fields_at(const std::string& trash_schema, const std::vector<Naming>& naming,
                           const std::string& group_id, const std::string& ordinal);
Item item_from(std::string_view fields);

// The form of an item i beside the condition of its group, as SQL that serves no index: where the
// table was never analyzed, all items of the form would be looked up for each group.
inline constexpr const char* kShapeInGroup = "(i.shape OPERATOR(pg_catalog.+) 0)";

// A list of items, newest first.
struct ItemListSql {
    std::string select;  // of group_id, ordinal, shape: one row more than the limit
    std::vector<schema::Param> params;
    std::string count;  // SELECT of how many the filter means
    std::vector<schema::Param> count_params;
};
// The forms of the tables that a filter names, and SQL on items i of what is beyond its reach.
struct FilterShapes {
    std::vector<int> table, among, whole;
    std::string beyond, whole_beyond;      // empty: nothing is
    const schema::Table* named = nullptr;  // the table that the filter names, if it is there
};
// few: it means few items, which are sooner sorted than found
// among all groups.
ItemListSql item_list_sql(const ItemQuery& asked, const std::string& trash_schema,
                          const std::vector<Naming>& naming, const FilterShapes& forms, bool few);

}  // namespace trashd::trash
