// The plan as people read it: what the function of a delete (functions.hpp) does, in its order.
#pragma once

#include <string>
#include <vector>

#include "schema/object_name.hpp"

namespace trashd::schema {
class Catalog;
}

namespace trashd::cascade {

struct Plan;

enum class Act { kHold, kTakeAlone, kLock, kRefuse, kSetNull, kSetDefault, kTake, kDelete };

struct Stage {
    Act act = Act::kHold;
    schema::QualifiedName table;
    // Names of the foreign keys by which its rows are found; empty: the row that is asked for, or
    // those that were locked before.
    std::vector<std::string> keys = {};
    std::string lock = {};  // as PostgreSQL calls it, on the table or on rows; empty: none
    std::string reason = {};
};

// Of a delete as the role that the service connects as.
std::vector<Stage> outline(const schema::Catalog& catalog, const Plan& plan);

}  // namespace trashd::cascade
