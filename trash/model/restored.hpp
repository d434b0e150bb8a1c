// What came back, and what keeps a group from coming back.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "schema/identifier.hpp"
#include "trash/model/impact.hpp"

namespace trashd::trash {

struct Conflict {
    std::string
        kind;  // primary-key-taken, unique-taken, missing-parent, schema-changed, constraint
    schema::QualifiedName table;
    std::string id;  // object id of the trashed row; empty: the whole table
    std::string constraint;
    std::vector<std::string> columns;
    std::vector<std::optional<std::string>> values;
    std::optional<schema::QualifiedName> with_table;
    std::string with_id;
    std::string trash_item;  // of a missing parent that lies in the trash
    std::string detail;      // a sentence, may be empty
};

// A row that came back, or in which a reference was set back, with other values than it had.
struct Altered {
    schema::QualifiedName table;
    std::string id;                    // empty: the table has no key
    std::vector<std::string> columns;  // that differ
    std::string was, is;               // JSON objects of these columns, values as in row_to_json
};

struct Added {  // rows that were not there before the delete, made by triggers on the way back
    schema::QualifiedName table;
    std::optional<std::string> id;  // of one row; absent: of several, or it has none
    long long count = 0;
};

struct Lost {  // a value left behind by lossy restore
    schema::QualifiedName table;
    std::string id, column;
    std::string value;
};

struct Restored {
    std::string group_id;
    schema::QualifiedName root_table;
    std::string root_id;
    long long restored = 0, relinked = 0, not_relinked = 0;
    std::vector<TableCount> tables;
    std::vector<std::string> ancestors;  // groups restored first
    std::vector<Altered> altered;
    std::vector<Added> added;
    std::vector<TableCount> written = {};  // rows beside the group that triggers changed
    std::vector<Lost> lost;
};

}  // namespace trashd::trash
