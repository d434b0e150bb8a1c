#include "service/negotiate.hpp"

#include <zlib.h>

#include <algorithm>
#include <cstdlib>

#include "service/head.hpp"

namespace trashd::service {

namespace {

constexpr std::size_t kWorthIt = 1024;
constexpr int kLevel = 5, kGzip = 15 + 16;

// "q=0.5" among the parameters behind an entry; 1 without one, 0 for what is none.
double weight_in(std::string_view parameters) {
    const auto lower = lower_case(parameters);
    const auto at = lower.find("q=");
    if (at == std::string::npos) return 1;
    const auto digits = lower.substr(at + 2, 5);
    if (digits.empty() || (digits[0] != '0' && digits[0] != '1')) return 0;
    return std::clamp(std::strtod(digits.c_str(), nullptr), 0.0, 1.0);
}

bool is_text(std::string_view type) {
    return type.starts_with("text/") || type.find("json") != type.npos ||
           type == "application/yaml";
}

std::string whole(const Spool& spool) {
    std::string text(spool.size(), '\0');
    std::size_t done = 0;
    while (done < text.size()) {
        const auto got = spool.read(done, std::span(text).subspan(done));
        if (got == 0) break;
        done += got;
    }
    return text;
}

}  // namespace

double weight_of(const std::vector<std::string>& values, std::string_view name) {
    for (const auto& value : values)
        for (const auto& entry : list_of(value)) {
            const auto end = entry.find_first_of("; \t");
            if (lower_case(entry.substr(0, end)) == name)
                return end == std::string::npos ? 1 : weight_in(entry.substr(end));
        }
    return -1;
}

bool prefers_html(const Call& call) {
    const auto accepted = call.headers("Accept");
    const auto html = weight_of(accepted, "text/html");
    return html > 0 && html >= weight_of(accepted, "text/plain") &&
           html >= weight_of(accepted, "application/json");
}

std::string gzip(std::string_view text) {
    z_stream stream{};
    if (deflateInit2(&stream, kLevel, Z_DEFLATED, kGzip, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        throw std::bad_alloc();
    std::string packed(deflateBound(&stream, text.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    deflate(&stream, Z_FINISH);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    return packed;
}

// Not what If-Match compares byte by byte: a strong ETag names one form of the answer.
void compress(const Call& call, Reply& reply) {
    if (!is_text(reply.type) || (reply.spool && reply.spool->on_disk())) return;
    if ((reply.spool ? reply.spool->size() : reply.body.size()) <= kWorthIt) return;
    for (const auto& [name, value] : reply.headers)
        if (name == "ETag" && value.starts_with('"')) return;
    reply.headers.emplace_back("Vary", "Accept-Encoding");
    const auto accepted = call.headers("Accept-Encoding");
    auto weight = weight_of(accepted, "gzip");
    if (weight < 0) weight = weight_of(accepted, "*");
    if (weight <= 0) return;
    reply.body = gzip(reply.spool ? whole(*reply.spool) : reply.body);
    reply.spool = nullptr;
    reply.headers.emplace_back("Content-Encoding", "gzip");
}

bool is_allowed_origin(const Config& config, const std::string& origin) {
    const auto& origins = config.cors_origins;
    return std::find(origins.begin(), origins.end(), origin) != origins.end() ||
           std::find(origins.begin(), origins.end(), "*") != origins.end();
}

void allow_origin(const Call& call, Reply& reply) {
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
Reply answer_preflight(const Call& call) {
    Reply reply{204, "", "", {}};
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
