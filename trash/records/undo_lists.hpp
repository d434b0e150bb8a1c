// What is kept so that restores can be undone (docs/architecture.md, the tables undo_item and
// undo_link).
#pragma once

#include <string>

namespace trashd::schema {
class Pool;
}

namespace trashd::trash {

// Removes what is older than so many hours; how many lists. What they tell of cannot be undone any
// more.
long long forget_undo_lists(schema::Pool& pool, const std::string& trash_schema, long long hours);

}  // namespace trashd::trash
