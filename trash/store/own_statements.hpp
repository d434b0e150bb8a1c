// What is written to the trash's own tables: the one place that spells the columns of item,
// trash_group, ledger and link for that. Functions of plans get these texts as values.
#pragma once

#include "cascade/functions.hpp"

namespace trashd::trash {

const cascade::OwnStatements& own_statements();

}  // namespace trashd::trash
