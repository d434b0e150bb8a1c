// Who asks for a change, and why, as the ledger keeps it.
#pragma once

#include <optional>
#include <string>

#include "trash/model/actor.hpp"

namespace trashd::service {

struct Caller;
struct Request;

trash::Actor actor_of(const Request& request, const Caller& caller);
// The same for what needs a reason, which is given in `where`. Throws Error kReasonRequired where
// it is blank, kBadRequest where it has more than 500 bytes.
trash::Actor actor_with_reason(const Request& request, const Caller& caller,
                               std::optional<std::string> reason, const char* where);
// What ?reason= says; nothing where that is blank.
std::optional<std::string> reason_of(const Request& request);

}  // namespace trashd::service
