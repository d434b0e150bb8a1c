// Out of which function of the database an error came: reads what PostgreSQL calls the context, the
// stack of functions and statements at the time, innermost first.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace trashd {
class Error;
struct SqlError;
}  // namespace trashd

namespace trashd::schema {

struct Frame {
    std::string function;  // as the server names it, quoted and qualified as needed, no arguments
    bool by_author =
        false;  // a RAISE or ASSERT of the function raised it: the text is its author's
};

// The functions in the context, innermost first; empty: none is named, as of one written in C.
std::vector<Frame> frames_of(const SqlError& error);

// Those that ran when the error came out of a function that does not lie in the trash schema,
// innermost first; empty: it came out of one of the trash, or none is named.
std::vector<Frame> foreign_frames(const SqlError& error, const std::string& trash_schema);

// Something that was sent has a character that the database's encoding cannot write.
bool is_unwritable(const Error& error);

// The message is the application's own, written for its users: its code raised it, or chose the
// SQLSTATE.
bool written_for_users(const SqlError& error);

}  // namespace trashd::schema
