// Who asks: filled by Authenticator and Admission before a handler is called.
#pragma once

#include <optional>

#include "service/auth/permissions.hpp"
#include "service/auth/principal.hpp"
#include "service/auth/rate_limiter.hpp"

namespace trashd::service {

struct Caller {
    Principal principal;                      // the name, with its roles and its tenant
    Access access;                            // what that one may do
    std::optional<Allowance> allowance = {};  // of requests in time; nothing: not counted
};

}  // namespace trashd::service
