// Who asks, as far as the credentials say.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace trashd::service {

struct Principal {
    std::string id = "anonymous";    // deletedBy; of an API key "key:" and its name
    std::vector<std::string> roles;  // of the configuration; others count for nothing
    std::optional<std::string> tenant = {};
    std::string claims = "{}";                   // of a token: its JSON object
    std::optional<std::string> role = {};        // of the database, where a token names one
    std::string kind = "anonymous";              // key, token
    std::optional<std::string> called = {};      // for people: of the key, or as the token says
    std::optional<std::string> expires_at = {};  // of the credentials; RFC 3339 UTC
};

}  // namespace trashd::service
