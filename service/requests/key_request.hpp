// API keys as they are asked for and told, by the command line and over HTTP.
#pragma once

#include <string_view>

#include "service/api/json.hpp"
#include "service/config/config.hpp"
#include "trash/records/api_keys.hpp"

namespace trashd::service {

// Both throw Error kBadRequest.
// From 1 to 100 bytes, without control characters.
void check_name(const trash::NewKey& wanted);
// A role that is not configured yet grants nothing: most likely its name is misspelt.
void check_roles(const Config& config, const trash::NewKey& wanted);

// valid, expired, revoked
std::string_view key_state(const trash::Key& key);
// Into an object that is open.
void write_key(JsonWriter& out, const trash::Key& key);

}  // namespace trashd::service
