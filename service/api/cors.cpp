#include "service/api/cors.hpp"

#include <algorithm>

namespace trashd::service {

bool is_allowed_origin(const Config& config, const std::string& origin) {
    const auto& origins = config.cors_origins;
    return std::find(origins.begin(), origins.end(), origin) != origins.end() ||
           std::find(origins.begin(), origins.end(), "*") != origins.end();
}

void allow_origin(const Call& call, Response& reply) {
    const auto& origins = call.config->cors_origins;
    if (origins.empty()) return;
    const bool any = std::find(origins.begin(), origins.end(), "*") != origins.end();
    if (!any) reply.headers.emplace_back("Vary", "Origin");
    const auto sent = call.headers("Origin");
    if (sent.size() != 1 || !is_allowed_origin(*call.config, sent[0])) return;
    reply.headers.emplace_back("Access-Control-Allow-Origin", any ? "*" : sent[0]);
    reply.headers.emplace_back("Access-Control-Expose-Headers",
                               "Location, ETag, Link, Allow, Retry-After, WWW-Authenticate, "
                               "X-Trash-Group, X-Purge-Receipt, Preference-Applied, X-Total-Count, "
                               "X-Request-Id, Idempotency-Replayed, "
                               "RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset");
}

bool is_preflight(const Call& call) {
    return call.verb == "OPTIONS" && !call.headers("Origin").empty() &&
           !call.headers("Access-Control-Request-Method").empty();
}

// The same for every address: it comes without credentials and must not tell what there is.
Response answer_preflight(const Call& call) {
    Response reply{204, "", "", {}};
    const auto sent = call.headers("Origin");
    if (!is_allowed_origin(*call.config, sent.front())) return reply;
    reply.headers = {{"Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE"},
                     {"Access-Control-Allow-Headers",
                      "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, "
                      "Prefer, X-API-Key, X-Request-Id"},
                     {"Access-Control-Max-Age", "600"}};
    return reply;
}

}  // namespace trashd::service
