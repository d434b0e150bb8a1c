// What who asks may not see is taken out of what trash/ tells: rows, ids and counts of resources
// without the right to look at them.
#pragma once

#include "service/call.hpp"

namespace trashd::service {

// Lines and blockers of what may not be seen are summed up under no name.
trash::Impact seen(const Call& call, trash::Impact impact);
trash::Restored seen(const Call& call, trash::Restored restored);
trash::LedgerEntry seen(const Call& call, trash::LedgerEntry entry);
// The item where it may be seen.
std::optional<trash::Item> seen(const Call& call, std::optional<trash::Item> item);
// The tables of the resources that the right is for; nothing: of all there are, and of others.
std::optional<std::vector<schema::QualifiedName>> tables_with(const Call& call, Right right);
// Throws where one of the rights is missing on a table; empty: there is nothing to check.
trash::TableCheck check_of(const Call& call, const std::vector<Right>& rights);
// The right on every resource of the item's group. Throws Error kNotFound like for no item at all
// where not even the item itself may be seen.
void need_on_group(const Call& call, Right right, const std::string& item_id);
// The right on the item itself, in the same way.
void need_on_item(const Call& call, Right right, const std::string& item_id);
// What the handler answers; what may not be seen is not in its errors either.
Reply veiled(const Call& call, Reply (*handler)(const Call&));

}  // namespace trashd::service
