// What deletes do at foreign keys, where that is for the owner to say.
#pragma once

#include <map>

#include "schema/object_name.hpp"

namespace trashd::cascade {

enum class OnDelete { kDatabase, kCascade, kRestrict, kSetNull };

// What the owner configured per foreign key (by oid); kDatabase: what the database does.
using Policy = std::map<schema::Oid, OnDelete>;

}  // namespace trashd::cascade
