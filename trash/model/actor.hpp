// Who asks for a change, and why.
#pragma once

#include <optional>
#include <string>

namespace trashd::trash {

// Who asks and why; kept with the group and in the ledger.
struct Actor {
    // by: the principal's id ("key:NAME" of an API key, the configured claim of a token).
    // request_id: as the log names the request too.
    std::string by = "anonymous";
    std::optional<std::string> reason, request_id;
    std::optional<std::string> address;  // of who asks, as the proxies that are trusted tell it
};

}  // namespace trashd::trash
