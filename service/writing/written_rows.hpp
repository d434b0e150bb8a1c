// What a write answers: the rows as they are now, whatever their size, or nothing.
#pragma once

#include <cstddef>
#include <vector>

#include "trash/write/row_writer.hpp"

namespace trashd::schema {
class Transaction;
}

namespace trashd::service {

struct Caller;
struct Context;
struct Request;
struct Response;

// The bytes of a row's JSON that a write brings with it: none where nobody looks at it.
std::size_t shown_bytes(const Request& request, const Caller& caller, const Context& context);
// What a write left: one row, or those of an array; read again in the transaction that wrote them.
struct WrittenRows {
    schema::Transaction& transaction;
    const std::vector<trash::WrittenRow> rows;
    bool array;
};
// Adds the body, or says in Preference-Applied that there is none: where Prefer asks for none,
// where who asks may not read all that it may write, and where an answer is to be kept that is
// larger than answers are kept.
void add_representation(Response& reply, const Request& request, const Caller& caller,
                        const Context& context, const WrittenRows& written);

}  // namespace trashd::service
