// What a client said, read once, free of httplib.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "service/http/url.hpp"

namespace trashd::trash {
class Claim;
}

namespace trashd::service {

struct Resource;

// Every value of one header, in order.
using HeaderValues = std::vector<std::string>;

struct Request {
    std::string verb;   // the verb meant: ?method= has been obeyed
    bool safe = false;  // arrived as GET or HEAD
    bool head = false;
    bool indent = false;           // the answer, where it is JSON
    std::string request_id, peer;  // empty: none; peer: the address of who asks
    Target target;
    std::function<HeaderValues(const std::string&)> headers;
    std::string body;  // as sent; never more than limits.body_bytes
    // What the address means, found by match_path().
    const Resource* resource = nullptr;  // of the context's resources
    std::string raw_id;                  // of the object or the TrashItem, as sent
};

}  // namespace trashd::service
