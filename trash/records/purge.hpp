// Deleting groups for good, and the ends of many groups in the ledger.
#pragma once

#include <string>
#include <vector>

#include "trash/store/groups.hpp"

namespace trashd::schema {
class Transaction;
}

namespace trashd::trash {

struct Actor;

// Writes an entry of the ledger for each of the groups, and gives their ids.
schema::Statement entries_of(const std::string& trash_schema, const std::string& action,
                             const std::vector<GroupRow>& groups, const Actor& actor);
// Deletes the items and links of locked groups (id and size suffice) for good and says so in group
// and ledger. A receipt for each, in any order: what has_receipt() takes.
std::vector<std::string> purge_groups(schema::Transaction& transaction,
                                      const std::string& trash_schema,
                                      const std::vector<GroupRow>& groups, const Actor& actor);
std::string purge_group(schema::Transaction& transaction, const std::string& trash_schema,
                        const GroupRow& group, const Actor& actor);

}  // namespace trashd::trash
