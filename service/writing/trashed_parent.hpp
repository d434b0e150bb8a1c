// Tells a row that a write refers to and that lies in the trash from one that never was.
#pragma once

#include <string>
#include <vector>

namespace trashd {
struct SqlError;
}

namespace trashd::trash {
struct ColumnValues;
}

namespace trashd::service {

struct Caller;
struct Context;
struct Request;

// After a foreign key was violated: throws TrashedParent. own: the key of the row that was to be
// changed, empty for a new one. Returns where the row that is referred to does not lie in the
// trash, or may not be seen there.
void refuse_trashed_parent(const Request& request, const Caller& caller, const Context& context,
                           const std::vector<std::string>& own, const trash::ColumnValues& given,
                           const SqlError& sql);

}  // namespace trashd::service
