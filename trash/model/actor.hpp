// Who asks for a change, and why.
#pragma once

#include <optional>
#include <string>

namespace trashd::trash {

// Who asks and why; kept with the group and in the ledger.
struct Actor {
    std::string by = "anonymous";
    std::optional<std::string> reason, request_id, address;  // address: of who asks
};

}  // namespace trashd::trash
