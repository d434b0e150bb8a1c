// How much one who asks may do: the widest limits of its roles.
#pragma once

#include <optional>

#include "service/http/limits.hpp"

namespace trashd::service {

struct Config;
struct Principal;

// Of who has no role of the configuration those for all.
PrincipalLimits limits_of(const Config& config, const Principal& principal);

}  // namespace trashd::service
