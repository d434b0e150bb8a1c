// What a request for a hold names: a group, or objects that are live or in the trash.
#pragma once

#include "trash/records/holds.hpp"

namespace trashd::service {

struct Caller;
struct Context;
struct Request;

// Asks for the right to hold what it names, whose ids are looked up. Throws Error kBadRequest,
// kInvalid, kReasonRequired, kNotFound, Forbidden.
trash::NewHold parse_hold(const Request& request, const Caller& caller, const Context& context);

}  // namespace trashd::service
