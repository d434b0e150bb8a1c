#include "service/auth/principal_limits.hpp"

#include <algorithm>

#include "service/auth/principal.hpp"
#include "service/config/config.hpp"

namespace trashd::service {

namespace {

bool is_wider(long long limit, long long other) {
    return other != 0 && (limit == 0 || limit > other);
}

void widen(PrincipalLimits& limits, const PrincipalLimits& others) {
    if (is_wider(others.delete_rows, limits.delete_rows)) limits.delete_rows = others.delete_rows;
    if (!is_wider(others.requests_per_second, limits.requests_per_second)) return;
    limits.requests_per_second = others.requests_per_second;
    limits.burst = others.burst;
}

}  // namespace

PrincipalLimits limits_of(const Config& config, const Principal& principal) {
    std::optional<PrincipalLimits> limits;
    for (const auto& role : principal.roles) {
        const auto found = config.role_limits.find(role);
        if (found == config.role_limits.end()) continue;
        if (!limits) limits = found->second;
        widen(*limits, found->second);
    }
    return limits.value_or(config.limits.asker);
}

}  // namespace trashd::service
