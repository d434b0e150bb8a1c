// Idempotency-Key: the same request under the same key is run once and answered alike.
#pragma once

#include "service/api/request.hpp"

namespace trashd::service {

// The handler's reply, or the one that is kept for the call's key. Sets call.key_claim for handlers
// that keep their reply in the transaction of their change.
Response run_idempotently(Call& call, Response (*handler)(const Call&));
// For those: keeps the reply where the call has a key.
void keep_reply(const Call& call, schema::Transaction& transaction, const Response& reply);

}  // namespace trashd::service
