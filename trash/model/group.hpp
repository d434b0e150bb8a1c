// One group as a whole: what went into the trash together, through which constraints, and what has
// become of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "schema/identifier.hpp"
#include "trash/model/item.hpp"
#include "trash/model/row_scope.hpp"

namespace trashd::trash {

// Rows of a table that a reference took along, or in which it was cut. constraint: nothing where
// no reference of today tells.
struct ReferenceCount {
    schema::QualifiedName table;
    std::optional<std::string> constraint;
    long long count = 0;
};

// Which rows may be seen, restored and purged; nothing: all.
struct GroupQuery {
    std::optional<RowScope> seen = {}, restored = {}, purged = {};
};

// Whether all rows of a group are within reach, and where not the table of one that is beyond it.
struct WholeGroup {
    bool within = false;
    std::optional<schema::QualifiedName> beyond = {};
};

struct GroupDetails {
    Item root;  // of a group that has ended without what its row said
    bool root_seen = true;
    std::string state;  // trashed, restored, purged
    std::optional<std::string> ended_at, ended_by, ended_by_name;
    std::vector<schema::QualifiedName> tables;  // of all its rows, seen or not
    std::vector<ReferenceCount> counts;         // of rows that are seen
    std::vector<ReferenceCount> links;          // references that the delete cut
    WholeGroup restored, purged;                // of a group that has ended: not within
};

// Another group in the trash, with how many of its rows refer to rows of the one asked about.
struct Referrer {
    Item root;
    long long rows = 0;
};

// groups: all there are; first: the newest of them.
struct Referrers {
    long long groups = 0;
    std::vector<Referrer> first;
    bool known = true;  // false: finding them out would have taken too long
    // What could never come back, whether it refers to the group or to what does. Nothing: who asks
    // may not see all, or a role of the database asks.
    struct Descendants {
        long long groups = 0, items = 0;
    };
    std::optional<Descendants> descendants = {};
    long long others = 0;  // of the groups those that are no descendants, and the newest of them
    std::vector<Referrer> first_others = {};
};

}  // namespace trashd::trash
