// What came back, and what keeps a group from coming back.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "schema/identifier.hpp"
#include "trash/model/choices.hpp"
#include "trash/model/impact.hpp"

namespace trashd::trash {

// One reason why one row, or a whole table, cannot come back. values are texts, in the order of the
// columns, an absent one NULL; with_table and with_id name the live row in the way, or the parent
// that is missing. Where with_table is there and with_id empty, that row has no key.
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
    std::string trash_item;            // of a missing parent that lies in the trash
    std::string detail;                // a sentence, may be empty
    std::vector<Choice> choices = {};  // that resolve it, the safe one first
    long long group = 0, ordinal = 0;  // where the row lies in the trash; 0: not one row
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

struct Lost {  // a value left behind by lossy restore, or that was not kept
    schema::QualifiedName table;
    std::string id, column;            // id empty: of each row of the table that came back
    std::optional<std::string> value;  // nothing: it was not kept, or is not shown
};

// A row that came back without a reference, as the caller chose.
struct Detached {
    schema::QualifiedName table;
    std::string id, constraint;
    std::vector<std::string> columns;                // that are null now
    std::vector<std::optional<std::string>> values;  // that they had, as text
};

// A row that came back with other values than it had, as the caller chose: `is` are the columns
// that were set, or that follow a key that was set.
struct Changed {
    schema::QualifiedName table;
    std::string id;                    // that it has now
    std::vector<std::string> columns;  // that were set
    std::string was, is;               // JSON objects of these columns
};

// A row that was inserted as a copy: the id in the trash, and the one that it has.
struct Copied {
    schema::QualifiedName table;
    std::string from, to;
};

// A live row that was in the way and went into the trash, as the caller chose.
struct Swapped {
    schema::QualifiedName table;
    std::string id, item;  // item: the root of its group
    std::string entry;     // of the ledger
    long long rows = 0;    // of the group
};

// What a restore has done, or, of a dry run, would do. relinked counts the references that the
// delete had cut and that are set again, not_relinked those that stay cut, most of them because
// their row has changed meanwhile.
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
    std::vector<Detached> detached = {};
    std::vector<Changed> changed = {};
    std::vector<Swapped> swapped = {};
    std::vector<Copied> copied = {};        // rows with keys, the root first
    long long left = 0;                     // items that stay in the trash, under the same group
    std::vector<std::string> entries = {};  // of the ledger: it can be undone by any of them
    std::string plan = {};  // of a dry run: the same as long as the restore would do the same
};

// What undoing an entry of the ledger did: rows that lie in the trash again, and what came back.
struct Undone {
    long long trashed = 0;
    std::vector<std::string> groups = {};  // uuids, in which they lie
    std::optional<Restored> back = {};
    std::string entry = {};  // of the ledger, by which the undo can be undone
};

}  // namespace trashd::trash
