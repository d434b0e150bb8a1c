// Requests that become operations: asked for with Prefer: respond-async, or because of their size.
#pragma once

#include <optional>
#include <string>

#include "service/call.hpp"

namespace trashd::service {

// Prefer: respond-async.
bool wants_async(const Call& call);
// How many rows move while a client waits; nothing: any number (Prefer: wait, or an operation runs
// the call).
std::optional<long long> most_rows(const Call& call);
// 202: queues the call as an operation of the kind.
Reply accept(const Call& call, const std::string& kind, std::optional<long long> total);
// The call again, as it was given to accept(); the rest is the caller's to fill in. Throws Error.
Call accepted_call(const trash::Operation& operation);
// What the reply of a call that moved nothing means as an operation's result.
std::optional<std::string> result_of(const Reply& reply);

}  // namespace trashd::service
