// What a filter of items means, as SQL over groups g and items i.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "schema/session/result.hpp"
#include "trash/model/item.hpp"

namespace trashd::schema {
struct Table;
}  // namespace trashd::schema

namespace trashd::trash {

// Where items are, and how they are called.
struct ItemSource {
    std::string trash_schema;
    const std::vector<Naming>& naming;
};

// What has to be looked up for a filter before its SQL can be written.
struct FilterShapes {
    std::vector<int> table, among, whole;     // the forms of the tables that it names
    std::string beyond, whole_beyond;         // SQL over items beyond its reach; empty: none
    std::vector<const schema::Table*> named;  // the tables that it names, if they are there
    std::string hanging;                      // a SELECT of the ordinals that hang on a parent
    long long parent_group = 0;               // the number of that one's group
    std::string orphaned;                     // SQL over items; empty: it does not matter
    bool few = false;                         // they are sooner sorted than found
    std::optional<ItemPosition> until = {};   // not beyond that group
};

// Conditions of groups and of items, with their parameters.
struct ItemConditions {
    std::string groups = "g.state OPERATOR(pg_catalog.=) 'trashed'", items;
    std::vector<std::string> forms;  // arrays: the item's form is in each
    std::string names;               // a JOIN of forms s, where names are asked for
    std::vector<schema::Param> params;

    std::string param(std::string value);
    void of_group(const std::string& sql) { groups += " AND " + sql; }
    void of_item(const std::string& sql) { items += " AND " + sql; }
    // The conditions of items, each begun with AND. form: SQL of the item's form, i.shape or what
    // serves no index (kShapeInGroup).
    std::string items_of_form(const std::string& form) const;
    // Of these what is asked of the form alone.
    std::string of_form(const std::string& form) const;
};

ItemConditions item_conditions(const ItemQuery& asked, const ItemSource& source,
                               const FilterShapes& forms);
// SQL: the item i has nothing of its group g above it that lies in the trash with it.
std::string is_root();
// Only what is asked of groups: of more of them than the filter means.
ItemConditions group_conditions(const ItemFilter& filter);
// Of each group that they mean they mean an item, its root if no other.
bool means_whole_groups(const ItemConditions& conditions);
// The values of the items themselves matter, not only their groups, tables and places.
bool asks_values(const ItemFilter& filter);

}  // namespace trashd::trash
