// Requests that become operations: asked for with Prefer: respond-async, or because of their size.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "service/api/caller.hpp"
#include "service/api/request.hpp"
#include "service/api/response.hpp"
#include "trash/model/impact.hpp"

namespace trashd::trash {
struct Operation;
}

namespace trashd::service {

struct Context;

// Prefer: respond-async.
bool wants_async(const Request& request, const Context& context);
// How many rows move while a client waits; nothing: any number (Prefer: wait, or an operation runs
// the request).
std::optional<long long> most_rows(const Request& request, const Context& context);
// 202: queues the request as an operation of the kind.
Response accept(const Request& request, const Caller& caller, const Context& context,
                const std::string& kind, std::optional<long long> total);
// Of a delete: what it would take, asked only where that matters.
using FindImpact = std::function<std::optional<trash::Impact>()>;
// How many rows it may move: as many as most_rows() says, and as who asks may delete at once.
std::optional<long long> most_deleted(const Request& request, const Caller& caller,
                                      const Context& context);
// accept() of a delete. Throws TooManyRows where who asks may not take so many at once.
Response accept_delete(const Request& request, const Caller& caller, const Context& context,
                       const std::string& kind, const FindImpact& impact);
// What follows when more rows would move than most_deleted() says. Throws TooManyRows.
Response delete_too_large(const Request& request, const Caller& caller, const Context& context,
                          const std::string& kind, const FindImpact& impact);
// The request again, as it was given to accept(), and who sent it, without the rights of now.
struct Accepted {
    Request request;
    Caller caller;
};
// Throws Error kInternal.
Accepted accepted_request(const trash::Operation& operation);
// What the reply of a request that moved nothing means as an operation's result.
std::optional<std::string> result_of(const Response& reply);

}  // namespace trashd::service
