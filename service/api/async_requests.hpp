// Requests that become operations: asked for with Prefer: respond-async, or because of their size.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "service/api/request.hpp"

namespace trashd::service {

// Prefer: respond-async.
bool wants_async(const Call& call);
// How many rows move while a client waits; nothing: any number (Prefer: wait, or an operation runs
// the call).
std::optional<long long> most_rows(const Call& call);
// 202: queues the call as an operation of the kind.
Response accept(const Call& call, const std::string& kind, std::optional<long long> total);
// Of a delete: what it would take, asked only where that matters.
using FindImpact = std::function<std::optional<trash::Impact>()>;
// How many rows it may move: as many as most_rows() says, and as who asks may delete at once.
std::optional<long long> most_deleted(const Call& call);
// accept() of a delete. Throws TooManyRows where who asks may not take so many at once.
Response accept_delete(const Call& call, const std::string& kind, const FindImpact& impact);
// What follows when more rows would move than most_deleted() says. Throws TooManyRows.
Response delete_too_large(const Call& call, const std::string& kind, const FindImpact& impact);
// The call again, as it was given to accept(); the rest is the caller's to fill in. Throws Error.
Call accepted_call(const trash::Operation& operation);
// What the reply of a call that moved nothing means as an operation's result.
std::optional<std::string> result_of(const Response& reply);

}  // namespace trashd::service
