// What a delete would take, and what stands in its way.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "schema/object_name.hpp"

namespace trashd::trash {

// So many rows of one table, as it is called today.
struct TableCount {
    schema::QualifiedName table;
    long long count = 0;
};

// Rows that keep a delete from happening: they refer to what would go, by this constraint, and are
// neither taken along nor cut.
struct Blocker {
    schema::QualifiedName table;
    std::string constraint;
    long long count = 0;           // -1: the role may not look
    std::vector<std::string> ids;  // up to five
    std::string reason;            // why its rows are not taken along; empty: the database says no
};

// What would become of rows of one table: they go into the trash, they are deleted for good because
// such rows are not kept, or a reference in them is set. A row whose reference is set stays live
// and does not count for the total.
struct ImpactLine {
    schema::QualifiedName table;
    std::string action;  // trash, delete, set-null, set-default
    long long count = 0;
    std::string reason;  // which reference takes it along
};

// The answer of a dry run, and what comes with a refusal. It locks nothing: another request may
// have made it another one before it is read.
struct Impact {
    schema::QualifiedName table;
    std::optional<std::string> id;  // nothing: of several objects
    long long total = 0;            // rows that move, or are deleted for good
    std::vector<ImpactLine> lines;
    std::vector<Blocker> blockers;
    std::vector<TableCount> written = {};  // rows that triggers would put into tables beside
};

}  // namespace trashd::trash
