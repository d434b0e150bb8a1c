// Ids of groups and of the items in them.
#pragma once

#include <string>

namespace trashd::trash {

// Version 7 UUID whose low 32 bits are zero; an item's id is its group's with the ordinal in them.
std::string new_group_id();
// Ordinals count from 1, so that no item has the id of its group.
std::string item_id(const std::string& group_id, long long ordinal);
struct ItemAddress {
    std::string group_id;
    long long ordinal;
};
// Throws kNotFound when the text is no UUID.
ItemAddress parse_item_id(const std::string& item_id);

}  // namespace trashd::trash
