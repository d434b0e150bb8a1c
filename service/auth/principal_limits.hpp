// How much one who asks may do: the widest limits of its roles.
#pragma once

#include <optional>

#include "service/auth/principal.hpp"
#include "service/config/config.hpp"

namespace trashd::service {

// Of who has no role of the configuration those for all.
PrincipalLimits limits_of(const Config& config, const Principal& principal);

}  // namespace trashd::service
