// What the service tells about itself, on standard error or in a file: one line for each message,
// whatever names of tables and values hold.
#pragma once

#include <exception>

namespace trashd::service {

struct LogConfig;

// As text on standard error, until the configuration is read.
void begin_log();
// Throws Error kUnavailable when the file cannot be written; then standard error it stays.
void use_log(const LogConfig& config);
// The file of that name, after another program has moved the one before away. Where that cannot be
// it says so and writes on as before.
void reopen_log();
// Why the service ends. As text a fault of the configuration is a line each, else all is one.
void log_end(const std::exception& error);

}  // namespace trashd::service
