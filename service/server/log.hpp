// What the service tells about itself, on standard error.
#pragma once

#include "service/config/config.hpp"

namespace trashd::service {

// As text, until the configuration is read.
void begin_log();
void use_log(const LogConfig& config);

}  // namespace trashd::service
