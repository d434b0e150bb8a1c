// What a request is answered from, and how it runs: the catalog, the trash, the configuration.
#pragma once

#include <functional>
#include <memory>

#include "service/config/resources.hpp"
#include "trash/trash.hpp"

namespace trashd::trash {
class Claim;
}

namespace trashd::trash {
class KeyClaim;
class Principals;
}  // namespace trashd::trash

namespace trashd::service {

struct Config;

struct Context {
    std::shared_ptr<const Resources> resources;  // of one reading of the catalog
    trash::Trash* trash = nullptr;               // as who asks has it: the tenant's, the role's
    std::shared_ptr<trash::Trash> own_trash = nullptr;  // owns that, where it is not everybody's
    const Config* config = nullptr;
    trash::KeyClaim* key_claim = nullptr;          // of the Idempotency-Key, where there is one
    std::function<void(long long)> progress = {};  // told how many rows each batch moved
    trash::Claim* operation = nullptr;             // that runs the request; no client waits then
    trash::Principals* principals = nullptr;       // where names are kept, of who sends requests
};

}  // namespace trashd::service
