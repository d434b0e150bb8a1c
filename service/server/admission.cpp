// Requests of who is known are counted by tenant and principal, all others by the network of their
// address. Wrong credentials have a count of their own, which is looked at before the next ones are
// checked, so that guessing ends soon.
#include "service/server/admission.hpp"

#include <fmt/format.h>

#include "service/api/caller.hpp"
#include "service/api/problem.hpp"
#include "service/api/request.hpp"
#include "service/auth/errors.hpp"
#include "service/auth/principal_limits.hpp"
#include "service/config/config.hpp"
#include "service/http/client_address.hpp"
#include "service/server/router.hpp"
#include "trash/records/api_keys.hpp"

namespace trashd::service {

namespace {

Rate rate_of(const PrincipalLimits& limits) {
    return {limits.requests_per_second, limits.burst};
}

bool has_credentials(const Request& request) {
    return !request.headers("Authorization").empty() || !request.headers("X-API-Key").empty();
}

void demand(const Caller& caller) {
    if (caller.allowance->granted) return;
    throw Error(Code::kTooManyRequests, fmt::format("too many requests; send the next in {} s",
                                                    caller.allowance->next_in_seconds));
}

}  // namespace

void Admission::count(Caller& caller, RateLimiter& limiter, const std::string& who,
                      RateLimiter::Time now) {
    caller.allowance = limiter.take(who, rate_of(limits_of(config_, caller.principal)), now);
    demand(caller);
}

void Admission::sign_in(const Request& request, Caller& caller, RateLimiter::Time now) {
    const auto rate = rate_of(config_.limits.asker);
    const auto address = client_network(request.peer);
    const bool tried = has_credentials(request);
    if (tried) caller.allowance = failures_.look(address, rate, now);
    if (tried) demand(caller);
    try {
        authenticator_.sign_in(request, caller);
    } catch (const Unauthorized&) {
        caller.allowance = (tried ? failures_ : addresses_).take(address, rate, now);
        demand(caller);
        throw;
    }
}

void Admission::admit(const Request& request, Caller& caller, std::string_view path,
                      RateLimiter::Time now) {
    const bool open = is_public(request, path) || !config_.credentials.configured();
    // A page that comes without its script is worse than one that is late, and it costs no query.
    if (path == "/healthz" || path == "/readyz" || is_of_panel(path)) return;
    if (caller.allowance) return;
    if (!open) sign_in(request, caller, now);
    const auto address = client_network(request.peer);
    if (open)
        count(caller, addresses_, address, now);
    else if (authenticator_.is_anonymous(caller))
        count(caller, addresses_, "anonymous " + address, now);
    else
        count(caller, principals_,
              schema::array_literal({caller.principal.tenant, caller.principal.id}), now);
}

void say_allowance(const Caller& caller, Response& reply) {
    if (!caller.allowance || caller.allowance->limit == 0) return;
    const auto& allowance = *caller.allowance;
    auto say = [&](const char* name, int value) {
        reply.headers.emplace_back(name, std::to_string(value));
    };
    say("RateLimit-Limit", allowance.limit);
    say("RateLimit-Remaining", allowance.remaining);
    say("RateLimit-Reset", allowance.full_in_seconds);
    if (!allowance.granted) say("Retry-After", allowance.next_in_seconds);
}

}  // namespace trashd::service
