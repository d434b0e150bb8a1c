// What is written to the trash's own tables: the one place that spells the columns of item,
// trash_group, ledger and link for that. Functions of plans get these texts as values.
#pragma once

#include "cascade/functions.hpp"

namespace trashd::trash {

const cascade::OwnStatements& own_statements();

// The end of groups, whose ids are $1, an int8[]: {schema} is to be filled.
inline constexpr const char* kDeleteLinks =
    "DELETE FROM {schema}.link WHERE group_id OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.int8[])";
inline constexpr const char* kDeleteItems =
    "DELETE FROM {schema}.item WHERE group_id OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.int8[])";
// $2: the state, $3: who.
inline constexpr const char* kEndGroups = R"(UPDATE {schema}.trash_group
  SET state = $2, ended_at = pg_catalog.now(), ended_by = $3
  WHERE id OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.int8[]))";

}  // namespace trashd::trash
