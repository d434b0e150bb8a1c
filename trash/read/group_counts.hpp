// How many items of which forms a group has: that stands in its own row, so that counting looks at
// no item.
#pragma once

#include <optional>
#include <string>

namespace trashd::trash {

// A subquery of shape and n over a group g, to be joined LATERAL. root: its roots or its members
// alone; n may be 0.
std::string forms_of_group(std::optional<bool> root);
// SQL: how many roots the group g has.
std::string roots_of_group();

}  // namespace trashd::trash
