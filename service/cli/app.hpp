// The process: configuration, database, trash, server, signals.
#pragma once

#include "service/config/config.hpp"

namespace trashd::service {

// What is in force: command line, environment, file. Throws ConfigError.
Config configuration(Overrides overrides);
// Serves until SIGTERM or SIGINT; returns the exit status. Says on the log why it cannot.
int serve(const Overrides& overrides);
// Prints what is in force.
int print_config(const Overrides& overrides);

}  // namespace trashd::service
