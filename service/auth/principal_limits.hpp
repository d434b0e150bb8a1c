// How much one who asks may do: the widest limits of its roles.
#pragma once

#include <optional>

#include "service/config/config.hpp"
#include "service/auth/principal.hpp"

namespace trashd::service {

// Of who has no role of the configuration those for all.
AskerLimits limits_of(const Config& config, const Principal& principal);

}  // namespace trashd::service
