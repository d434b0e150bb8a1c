// Taking a group back: what the parameters of a restore say, and its answer.
#pragma once

#include <string>

#include "service/api/response.hpp"
#include "trash/model/options.hpp"

namespace trashd::service {

struct Caller;
struct Context;
struct Request;

// What with, dryRun and lossy say.
trash::RestoreOptions restore_options(const Request& request, const Caller& caller,
                                      const Context& context);
Response restore_group(const Request& request, const Caller& caller, const Context& context,
                       const std::string& item_id, const trash::RestoreOptions& options);

}  // namespace trashd::service
