#include "service/server/admission.hpp"

#include <fmt/format.h>

#include "service/api/problem.hpp"
#include "service/auth/principal_limits.hpp"
#include "service/server/router.hpp"

namespace trashd::service {

namespace {

Rate rate_of(const PrincipalLimits& limits) {
    return {limits.requests_per_second, limits.burst};
}

bool has_credentials(const Call& call) {
    return !call.headers("Authorization").empty() || !call.headers("X-API-Key").empty();
}

void demand(const Call& call) {
    if (call.allowance->granted) return;
    throw Error(Code::kTooManyRequests, fmt::format("too many requests; send the next in {} s",
                                                    call.allowance->next_in_seconds));
}

}  // namespace

void Admission::count(Call& call, RateLimiter& limiter, const std::string& who,
                      RateLimiter::Time now) {
    call.allowance = limiter.take(who, rate_of(limits_of(config_, call.principal)), now);
    demand(call);
}

void Admission::sign_in(Call& call, RateLimiter::Time now) {
    const auto rate = rate_of(config_.limits.asker);
    const auto address = client_network(call.peer);
    const bool tried = has_credentials(call);
    if (tried) call.allowance = failures_.look(address, rate, now);
    if (tried) demand(call);
    try {
        authenticator_.sign_in(call);
    } catch (const Unauthorized&) {
        call.allowance = (tried ? failures_ : addresses_).take(address, rate, now);
        demand(call);
        throw;
    }
}

void Admission::admit(Call& call, std::string_view path, RateLimiter::Time now) {
    const bool open = is_public(path) || !config_.credentials.configured();
    if (path == "/healthz" || path == "/readyz") return;
    if (call.allowance) return;
    if (!open) sign_in(call, now);
    const auto address = client_network(call.peer);
    if (open)
        count(call, addresses_, address, now);
    else if (authenticator_.is_anonymous(call))
        count(call, addresses_, "anonymous " + address, now);
    else
        count(call, principals_, schema::array_literal({call.principal.tenant, call.principal.id}),
              now);
}

void say_allowance(const Call& call, Response& reply) {
    if (!call.allowance || call.allowance->limit == 0) return;
    const auto& allowance = *call.allowance;
    auto say = [&](const char* name, int value) {
        reply.headers.emplace_back(name, std::to_string(value));
    };
    say("RateLimit-Limit", allowance.limit);
    say("RateLimit-Remaining", allowance.remaining);
    say("RateLimit-Reset", allowance.full_in_seconds);
    if (!allowance.granted) say("Retry-After", allowance.next_in_seconds);
}

}  // namespace trashd::service
