// One write of live rows: how it runs, and how what the database refuses is told.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "service/api/response.hpp"
#include "trash/read/items.hpp"
#include "trash/write/row_writer.hpp"

namespace trashd::schema {
class Transaction;
}

namespace trashd::service {

struct Caller;
struct Context;
struct Request;

// What a write is about, for saying what was wrong with it.
struct Write {
    const Request& request;
    const Caller& caller;
    const Context& context;
    const trash::ColumnValues* given = nullptr;          // what is being written
    std::optional<std::size_t> position = std::nullopt;  // in the array that was sent
    std::vector<std::string> id = {};  // of the row that is changed; empty: it is new
    bool found = true;                 // the address has been understood as a key
};

// Does the work, and tells what the database refuses as WriteFault or in other words of the
// contract; what is no fault of what was sent is thrown as it is.
void in_words(Write& write, const std::function<void()>& work);
// The same in a transaction of its own, with its answer, which is kept where the request has a key.
using Writing = std::function<Response(schema::Transaction&)>;
Response run_write(Write& write, const Writing& work);

// The trash, as one who writes in the transaction finds it.
trash::Items items_of(const Context& context, schema::Transaction& transaction);
[[noreturn]] void refuse_kept_out();
// Asks the access function, where there is one. row: JSON; nothing: it is too large to be asked
// about, which is kRowTooLarge.
void ask_function(const Write& write, schema::Transaction& transaction, const char* action,
                  const std::optional<std::string>& row);
// Throws Forbidden for a row that is not the asker's, a foreign key's error for one that refers to
// another tenant's, and what the access function refuses. action: create, update.
void check_written(const Write& write, schema::Transaction& transaction, const char* action,
                   const trash::WrittenRow& row);
// Not to who may write the row and not read it: it tells what the row holds to who can guess it.
void add_etag(Response& reply, const Write& write, const std::string& etag);

}  // namespace trashd::service
