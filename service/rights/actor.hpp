// Who asks for a change, and why, as the ledger keeps it.
#pragma once

#include <optional>
#include <string>

#include "trash/model/actor.hpp"

namespace trashd::service {

struct Caller;
struct Request;

trash::Actor actor_of(const Request& request, const Caller& caller);
// What ?reason= says; nothing where that is blank.
std::optional<std::string> reason_of(const Request& request);

}  // namespace trashd::service
