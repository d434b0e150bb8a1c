// What a write answers: the rows as they are now, whatever their size, or nothing.
#pragma once

#include "service/api/caller.hpp"
#include "service/api/context.hpp"
#include "service/api/request.hpp"
#include "service/api/response.hpp"
#include "trash/write/row_writer.hpp"

namespace trashd::service {

// The bytes of a row's JSON that a write brings with it: none where nobody looks at it.
std::size_t shown_bytes(const Request& request, const Caller& caller, const Context& context);
// Adds the body, or says in Preference-Applied that there is none: where Prefer asks for none,
// where who asks may not read all that it may write, and where an answer is to be kept that is
// larger than answers are kept. rows: one, or those of an array; in the transaction that wrote
// them.
void add_representation(Response& reply, const Request& request, const Caller& caller,
                        const Context& context, schema::Transaction& transaction,
                        const std::vector<trash::WrittenRow>& rows, bool array);

}  // namespace trashd::service
