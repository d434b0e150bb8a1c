// What the owner says of tables that no catalog knows: which of their rows and columns are kept in
// the trash, and which columns are shown.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "schema/object_name.hpp"

namespace trashd::schema {

// Columns by their names.
struct TableOptions {
    std::vector<std::string> hidden = {};   // kept and restored, and shown to nobody
    std::vector<std::string> omitted = {};  // not kept with a row that goes into the trash
    bool kept = true;                       // false: its rows go for good with what they hang on
};
using OptionsOfTables = std::map<QualifiedName, TableOptions>;

}  // namespace trashd::schema
