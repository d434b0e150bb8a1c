// Pieces of SQL that statements over the trash's own tables share.
#pragma once

#include <string>

namespace trashd::trash {

// SQL of a timestamptz as RFC 3339 text in UTC.
std::string utc(const std::string& time);
// SQL: the row of trash_group or ledger under the alias is of the transaction's tenant, if it has
// one; the same of the group with the id, given as SQL.
std::string seen_by_tenant(const std::string& alias);
std::string group_seen_by_tenant(const std::string& trash_schema, const std::string& group_id);

// Around prepared statements over tables that grow fast: a plan that was made while they were small
// would read them whole for ever.
inline constexpr const char* kByIndex = "SET LOCAL enable_seqscan = off";
inline constexpr const char* kAsPlanned = "SET LOCAL enable_seqscan TO DEFAULT";

}  // namespace trashd::trash
