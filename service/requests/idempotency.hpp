// Idempotency-Key: the same request under the same key is run once and answered alike.
#pragma once

#include "service/api/handler.hpp"

namespace trashd::schema {
class Transaction;
}

namespace trashd::service {

// Of requests that change something. What another try may change is not kept: 400, 401, 403, 415,
// 429 and 5xx. Throws Error kBadRequest for a key that is not 1 to 255 visible ASCII characters,
// kInvalid for one of another request, and StillRunning while the first is at work. The handler's
// reply, or the one that is kept for the request's key. Handlers that keep their reply in the
// transaction of their change find the claim in their context.
Response run_idempotently(const Request& request, const Caller& caller, const Context& context,
                          Handler handler);
// For those: keeps the reply where the request has a key.
void keep_reply(const Context& context, schema::Transaction& transaction, const Response& reply);

}  // namespace trashd::service
