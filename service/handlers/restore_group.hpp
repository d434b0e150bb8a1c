// Taking a group back: what the parameters of a restore say, and its answer.
#pragma once

#include <string>

#include "service/api/request.hpp"

namespace trashd::service {

// What with, dryRun and lossy say.
trash::RestoreOptions restore_options(const Call& call);
Response restore_group(const Call& call, const std::string& item_id,
                       const trash::RestoreOptions& options);

}  // namespace trashd::service
