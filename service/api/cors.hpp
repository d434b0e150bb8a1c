// What pages of other origins may read and send.
#pragma once

#include <string>

#include "service/api/response.hpp"

namespace trashd::service {

struct Config;
struct Request;

// Lets pages of configured origins read the answer.
void allow_origin(const Request& request, const Config& config, Response& reply);
bool is_allowed_origin(const Config& config, const std::string& origin);
// What a browser asks before it sends a request of another origin.
bool is_preflight(const Request& request);
Response answer_preflight(const Request& request, const Config& config);

}  // namespace trashd::service
