// What triggers and functions of the database can ask for, as current_setting('trashd.action',
// true): what happens to the rows, who asked for it, and why.
#pragma once

#include <string>

namespace trashd::schema {
struct Statement;
}

namespace trashd::trash {

struct Actor;

// Sets trashd.action, trashd.principal, trashd.group, trashd.reason and trashd.request to the end
// of the transaction; what is not known is empty. action: trash, restore, purge or hard. A delete
// sets them itself (cascade/take.cpp).
schema::Statement told(const std::string& action, const std::string& group_uuid,
                       const Actor& actor);

}  // namespace trashd::trash
