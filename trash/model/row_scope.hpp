// Which rows a right is for, where it is not for all of them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "schema/object_name.hpp"

namespace trashd::trash {

// Rows in which a column holds the id of who asks.
struct OwnRows {
    schema::QualifiedName table;
    std::vector<std::string> columns;  // any of them; none: rows belong to what they hang on
};

// Rows of whole tables, and own ones of others.
struct Rows {
    bool all = false;  // whatever the tables are, those that are no resources too
    std::vector<schema::QualifiedName> whole = {};
    std::vector<OwnRows> own = {};
};

struct RowScope : Rows {
    std::string id = {};                   // of who asks
    std::optional<Rows> own_deletes = {};  // of groups that id has deleted these instead
};

}  // namespace trashd::trash
