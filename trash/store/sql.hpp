// Pieces of SQL that statements over the trash's own tables share.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "schema/text.hpp"

namespace trashd::trash {

// The text with values in place of its {names} (schema::filled); {schema} is the trash's, quoted.
std::string filled(std::string_view text, const std::string& trash_schema,
                   schema::Values values = {});
// SQL of a timestamptz as RFC 3339 text in UTC.
std::string utc(const std::string& time);
// SQL: the row of trash_group or ledger under the alias is of the transaction's tenant, if it has
// one; the same of the group with the id, given as SQL.
std::string seen_by_tenant(const std::string& alias);
std::string group_seen_by_tenant(const std::string& trash_schema, const std::string& group_id);

// SQL: where the column stands in the arrays of the form under the alias; NULL: it has none such.
std::string place_in(const std::string& form, int attnum);
// SQL text[] of the expressions.
std::string text_array(const std::vector<std::string>& expressions);
// SQL int4[]: those of the numbers, given as SQL, that are not NULL; NULL where all are.
std::string not_null(const std::vector<std::string>& numbers);

// SQL, to stand right of a JOIN: the row t of the table for which the condition holds, looked for
// anew for each row left of it. Statistics made while a table's rows are in the trash say that it
// has none, and a join that the planner orders by them compares every row with every other.
std::string looked_up(const std::string& table, const std::string& condition);

// Around prepared statements over tables that grow fast: a plan that was made while they were small
// would read them whole for ever.
inline constexpr const char* kByIndex = "SET LOCAL enable_seqscan = off";
inline constexpr const char* kAsPlanned = "SET LOCAL enable_seqscan TO DEFAULT";

}  // namespace trashd::trash
