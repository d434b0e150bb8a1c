// The keys that the owner chooses where the catalog says none, or another.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "schema/object_name.hpp"

namespace trashd::schema {

// Configured as `key` of a resource. reader.hpp says what takes the place of a choice.
// Of each such table the columns of its key, in any order.
using KeyChoice = std::map<QualifiedName, std::vector<std::string>>;

}  // namespace trashd::schema
