// What code of the database's users refuses or fails at, in words for who asked: triggers, and the
// functions in checks, defaults and policies.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "schema/error.hpp"

namespace trashd::schema {
struct Table;
}

namespace trashd::trash {

// Where nothing tells which.
inline constexpr const char* kCodeFails =
    "a trigger or function of the database fails on these rows; see the log of the service";

// The error as a refusal of the database, kConflict: with the message where the application wrote
// it, and with the trigger's name where one of the tables runs that function. Nothing where the
// error did not come out of a function of the users, or is one of the moment (deadlocks, timeouts,
// a lost connection).
std::optional<Error> refusal_by_code(const Error& error, const std::string& trash_schema,
                                     const std::vector<const schema::Table*>& tables);

// "the triggers a of public.t, b of public.u": those on DELETE; empty: there are none.
std::string delete_triggers(const std::vector<const schema::Table*>& tables);

}  // namespace trashd::trash
