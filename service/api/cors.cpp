#include "service/api/cors.hpp"

#include <algorithm>

#include "service/api/request.hpp"
#include "service/config/config.hpp"

namespace trashd::service {

bool is_allowed_origin(const Config& config, const std::string& origin) {
    const auto& origins = config.cors_origins;
    return std::find(origins.begin(), origins.end(), origin) != origins.end() ||
           std::find(origins.begin(), origins.end(), "*") != origins.end();
}

void allow_origin(const Request& request, const Config& config, Response& reply) {
    const auto& origins = config.cors_origins;
    if (origins.empty()) return;
    const bool any = std::find(origins.begin(), origins.end(), "*") != origins.end();
    if (!any) reply.headers.emplace_back("Vary", "Origin");
    const auto sent = request.headers("Origin");
    if (sent.size() != 1 || !is_allowed_origin(config, sent[0])) return;
    reply.headers.emplace_back("Access-Control-Allow-Origin", any ? "*" : sent[0]);
    reply.headers.emplace_back("Access-Control-Expose-Headers",
                               "Location, ETag, Link, Allow, Retry-After, WWW-Authenticate, "
                               "X-Trash-Group, X-Restored-Groups, X-Purge-Receipt, "
                               "Preference-Applied, X-Total-Count, X-Request-Id, "
                               "Idempotency-Replayed, "
                               "RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset");
}

bool is_preflight(const Request& request) {
    return request.verb == "OPTIONS" && !request.headers("Origin").empty() &&
           !request.headers("Access-Control-Request-Method").empty();
}

// The same for every address: it comes without credentials and must not tell what there is.
Response answer_preflight(const Request& request, const Config& config) {
    Response reply{204, "", "", {}};
    const auto sent = request.headers("Origin");
    if (!is_allowed_origin(config, sent.front())) return reply;
    reply.headers = {{"Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE"},
                     {"Access-Control-Allow-Headers",
                      "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, "
                      "Prefer, X-API-Key, X-Request-Id"},
                     {"Access-Control-Max-Age", "600"}};
    return reply;
}

}  // namespace trashd::service
