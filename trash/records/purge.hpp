// Deleting groups for good, and the ends of many groups in the ledger.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "trash/store/groups.hpp"

namespace trashd::schema {
struct Statement;
class Transaction;
}  // namespace trashd::schema

namespace trashd::trash {

struct Actor;
struct PurgeOptions;

// SQL: writes an entry of the ledger for each of the groups with the ids $1, an int8[], and gives
// its id. $2 to $6 are who, why, under which request, from which address, and the action.
std::string entries_sql(const std::string& trash_schema);
// SQL for groups_function_sql(), to stand behind kHoldGroups: the same for each of these groups.
std::string entries_of_each(const std::string& trash_schema, const std::string& action);
// Writes an entry of the ledger for each of the groups, and gives their ids.
schema::Statement entries_of(const std::string& trash_schema, const std::string& action,
                             const std::vector<GroupRow>& groups, const Actor& actor);
// Deletes the items and links of locked groups (id and size suffice) for good and says so in group
// and ledger. Throws Held, and nothing has happened. A receipt for each, in any order: what
// has_receipt() takes.
std::vector<std::string> purge_groups(schema::Transaction& transaction,
                                      const std::string& trash_schema,
                                      const std::vector<GroupRow>& groups, const Actor& actor);
std::string purge_group(schema::Transaction& transaction, const std::string& trash_schema,
                        const GroupRow& group, const Actor& actor);

// Of an entry of the ledger and the hexadecimal digest of it.
std::string receipt_of(std::string_view entry, std::string_view digest);

// The statement that makes a function of the name, which does the same to one group that it locks;
// and one that calls it. It gives the number of items and both halves of the receipt, or NULL:
// triggers stand on the trash's tables, there is no such item, a part of its group has gone before,
// it is held, or it has more items than options.most, or others than options.expect.
std::string purge_function_sql(const std::string& trash_schema, const std::string& function);
schema::Statement purge_call(const std::string& function, const std::string& item_id,
                             const PurgeOptions& options, const Actor& actor);
// The same of a function that purges many small groups, each for who asks for it: what purge_call()
// takes as parameters, in an array for each. Of each that it has purged it gives the place in the
// arrays, counted from 1, the number of items and both halves of the receipt; of a group that is
// named twice for one of them. It waits for no group, and for no table longer than a moment.
std::string purges_function_sql(const std::string& trash_schema, const std::string& function);
schema::Statement purges_call(const std::string& function, const std::vector<std::string>& arrays);

}  // namespace trashd::trash
