// Browsers send what a foreign page asks for with the credentials that they hold. They say so in
// Origin and Sec-Fetch-Site, which pages cannot set; other clients send neither and pass.
#include "service/rights/cross_site.hpp"

#include <algorithm>

#include "schema/error.hpp"
#include "service/api/context.hpp"
#include "service/api/cors.hpp"
#include "service/api/request.hpp"
#include "service/config/config.hpp"
#include "service/http/request_head.hpp"

namespace trashd::service {

namespace {

[[noreturn]] void refuse_page(const std::string& more = "") {
    throw Error(Code::kForbidden, "a page of another site must not change anything" + more);
}

// A browser that fetches, renders or shows ahead what nobody has asked for.
void refuse_prefetch(const Request& request) {
    for (const char* name : {"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"})
        for (const auto& value : request.headers(name))
            for (const char* word : {"prefetch", "prerender", "preview"})
                if (lower_case(value).find(word) != std::string::npos)
                    throw Error(Code::kForbidden, "a prefetch must not change anything");
}

// The page came from this service, by the name that the request calls it, or by one that browsers
// know it under and a proxy does not hand on.
bool is_own(const Request& request, const Config& config, const std::string& origin) {
    if (std::ranges::count(config.own_origins, origin) > 0) return true;
    const auto hosts = request.headers("Host");
    return hosts.size() == 1 && (origin == "http://" + hosts[0] || origin == "https://" + hosts[0]);
}

}  // namespace

// What may well be the service's own page says how it gets known.
void refuse_foreign(const Request& request, const Context& context) {
    refuse_prefetch(request);
    bool known = true;
    for (const auto& origin : request.headers("Origin")) {
        if (is_allowed_origin(*context.config, origin)) return;
        known = known && is_own(request, *context.config, origin);
    }
    // another port of the same host is the same site, and another's page
    for (const auto& value : request.headers("Sec-Fetch-Site"))
        if (const auto site = lower_case(value); site != "same-origin" && site != "none")
            refuse_page();
    if (!known)
        refuse_page(
            "; the service's own is known by Host, and where a proxy hands on another "
            "one, by [http] origins");
}

}  // namespace trashd::service
