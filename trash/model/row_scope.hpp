// Which rows a right is for, where it is not for all of them.
#pragma once

#include <string>
#include <vector>

#include "schema/object_name.hpp"

namespace trashd::trash {

// Rows in which a column holds the id of who asks.
struct OwnRows {
    schema::QualifiedName table;
    std::vector<std::string> columns;  // any of them; none: rows belong to what they hang on
};

// Rows of whole tables, and own ones of others. id: of who asks.
struct RowScope {
    std::vector<schema::QualifiedName> whole;
    std::vector<OwnRows> own;
    std::string id;
};

}  // namespace trashd::trash
