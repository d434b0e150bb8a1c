// Statements that run as another role than the session's, so that its privileges and its row-level
// security hold.
#pragma once

#include <functional>
#include <string>

namespace trashd::schema {

class Connection;

// In a transaction; "none": as the session's role itself. Deferred triggers run before it ends.
// Throws kConflict where the work has changed the role. When the work throws the transaction, or
// its savepoint, must be rolled back, which takes the role back too.
void as_role(Connection& connection, const std::string& role, const std::function<void()>& work);

}  // namespace trashd::schema
