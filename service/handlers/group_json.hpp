// A group as JSON, for its own address and beside one of its items.
#pragma once

#include <string>

#include "service/api/caller.hpp"
#include "service/api/context.hpp"

namespace trashd::service {

// Without what who asks may not see. Throws Error kNotFound where none of it may be seen.
std::string group_json(const Caller& caller, const Context& context, const std::string& group_id);

}  // namespace trashd::service
