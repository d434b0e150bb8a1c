// Before a request is looked at: who asks, and whether that one asks too often.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "service/api/response.hpp"
#include "service/auth/rate_limiter.hpp"
#include "service/rights/authenticator.hpp"

namespace trashd::service {

class Authenticator;
struct Call;
struct Config;
struct Response;

class Admission {
  public:
    // The two must outlive it.
    Admission(const Config& config, Authenticator& authenticator)
        : config_(config), authenticator_(authenticator) {}
    // Signs in and counts the request, the first time that it is called for it. Those whose
    // credentials are good are counted by principal, all others by address; who sent too many bad
    // ones has the next not even looked at. Throws Error kTooManyRequests, Unauthorized.
    void admit(const Request& request, Caller& caller, std::string_view path,
               RateLimiter::Time now);

  private:
    void sign_in(const Request& request, Caller& caller, RateLimiter::Time now);
    void count(Caller& caller, RateLimiter& limiter, const std::string& who, RateLimiter::Time now);

    const Config& config_;
    Authenticator& authenticator_;
    // Apart, so that neither many addresses nor bad credentials free or fill another's bucket.
    RateLimiter principals_{kBuckets}, addresses_{kBuckets}, failures_{kBuckets};
    static constexpr std::size_t kBuckets = 10000;
};

// RateLimit-* and, where the request was refused, Retry-After.
void say_allowance(const Caller& caller, Response& reply);

}  // namespace trashd::service
