// What the service tells about itself, on standard error.
#pragma once

namespace trashd::service {

struct LogConfig;

// As text, until the configuration is read.
void begin_log();
void use_log(const LogConfig& config);

}  // namespace trashd::service
