// A bucket is filled when it is looked at, by the time that has passed, so nothing runs in between.
#include "service/auth/rate_limiter.hpp"

#include <algorithm>
#include <cmath>

namespace trashd::service {

namespace {

// An issuer of tokens may give names of any length.
constexpr std::size_t kNameBytes = 128;

}  // namespace

RateLimiter::Bucket& RateLimiter::bucket(const std::string& who, const Rate& rate, Time now) {
    const auto name = who.substr(0, kNameBytes);
    const auto found = by_name_.find(name);
    if (found != by_name_.end()) {
        order_.splice(order_.begin(), order_, found->second);
    } else {
        if (order_.size() >= most_) {
            by_name_.erase(order_.back().who);
            order_.pop_back();
        }
        order_.push_front({name, static_cast<double>(rate.capacity()), now});
        by_name_[name] = order_.begin();
    }
    auto& bucket = order_.front();
    const std::chrono::duration<double> passed = std::max(now, bucket.filled) - bucket.filled;
    bucket.tokens =
        std::min<double>(rate.capacity(), bucket.tokens + passed.count() * rate.per_second);
    bucket.filled = std::max(now, bucket.filled);
    return bucket;
}

Allowance RateLimiter::ask(const std::string& who, const Rate& rate, Time now, int tokens) {
    Allowance allowance;
    if (rate.per_second == 0) return allowance;
    const std::lock_guard lock(mutex_);
    auto& left = bucket(who, rate, now).tokens;
    allowance.granted = left >= 1;
    if (allowance.granted) left -= tokens;
    allowance.limit = rate.capacity();
    allowance.remaining = static_cast<int>(left);
    const auto seconds = [&](double until) {
        return static_cast<int>(std::ceil(std::max(0.0, until - left) / rate.per_second));
    };
    allowance.full_in_seconds = seconds(rate.capacity());
    allowance.next_in_seconds = std::max(1, seconds(1));
    return allowance;
}

Allowance RateLimiter::take(const std::string& who, const Rate& rate, Time now) {
    return ask(who, rate, now, 1);
}

Allowance RateLimiter::look(const std::string& who, const Rate& rate, Time now) {
    return ask(who, rate, now, 0);
}

}  // namespace trashd::service
