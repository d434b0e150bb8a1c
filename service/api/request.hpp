// One request and its answer, free of httplib: what handlers take and give.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "service/auth/permissions.hpp"
#include "service/auth/principal.hpp"
#include "service/auth/rate_limiter.hpp"
#include "service/config/config.hpp"
#include "service/config/resources.hpp"
#include "service/http/spool.hpp"
#include "service/http/url.hpp"
#include "trash/access/access_function.hpp"
#include "trash/store/kept_answers.hpp"
#include "trash/trash.hpp"

namespace trashd::service {

struct Response {
    int status = 200;
    std::string body;
    std::string type = "application/json";
    std::vector<std::pair<std::string, std::string>> headers;
    std::shared_ptr<Spool> spool = nullptr;  // instead of body, where the answer may be large
};

// Every value of one header, in order.
using HeaderValues = std::vector<std::string>;

struct Call {
    std::string verb;   // the verb meant: ?method= has been obeyed
    bool safe = false;  // arrived as GET or HEAD
    bool head = false;
    bool indent = false;           // the answer, where it is JSON
    std::string request_id, peer;  // empty: none; peer: the address of who asks
    Principal principal;           // who asks
    Access access;                 // what that one may do
    Target target;
    std::function<HeaderValues(const std::string&)> headers;
    std::string body;                    // as sent; never more than limits.body_bytes
    std::optional<Allowance> allowance;  // of requests in time; nothing: not counted
    // Filled by the router.
    std::shared_ptr<const Resources> resources;
    const Resource* resource = nullptr;
    std::string raw_id;                                 // of the object or the TrashItem, as sent
    trash::Trash* trash = nullptr;                      // as who asks has it
    std::shared_ptr<trash::Trash> own_trash = nullptr;  // of the tenant, where there are tenants
    const Config* config = nullptr;
    trash::KeyClaim* key_claim = nullptr;          // of the Idempotency-Key, where there is one
    std::function<void(long long)> progress = {};  // told how many rows each batch moved
    trash::Claim* operation = nullptr;             // that runs the call; no client waits then
};

}  // namespace trashd::service
