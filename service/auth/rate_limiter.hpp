// Requests in time: a bucket of tokens for each client, that fills at a steady rate; a request
// takes one. There are only so many buckets: the one not used for longest makes room.
#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <map>
#include <mutex>
#include <string>

namespace trashd::service {

struct Rate {
    int per_second = 0;  // 0: no limit
    int burst = 0;       // at once; 0: those of a second
    int capacity() const { return burst > 0 ? burst : per_second; }
};

// What RateLimit-Limit, -Remaining, -Reset and Retry-After say.
struct Allowance {
    bool granted = true;
    int limit = 0, remaining = 0;  // limit 0: there is none
    int full_in_seconds = 0, next_in_seconds = 0;
};

class RateLimiter {
  public:
    using Time = std::chrono::steady_clock::time_point;

    explicit RateLimiter(std::size_t most_buckets) : most_(most_buckets) {}
    // Takes a token where there is one.
    Allowance take(const std::string& who, const Rate& rate, Time now);
    // What take() would say, without taking.
    Allowance look(const std::string& who, const Rate& rate, Time now);
    std::size_t buckets() const { return order_.size(); }

  private:
    struct Bucket {
        std::string who;
        double tokens = 0;
        Time filled;
    };
    Bucket& bucket(const std::string& who, const Rate& rate, Time now);
    Allowance ask(const std::string& who, const Rate& rate, Time now, int tokens);

    const std::size_t most_;
    std::mutex mutex_;
    std::list<Bucket> order_;  // the last used first
    std::map<std::string, std::list<Bucket>::iterator> by_name_;
};

}  // namespace trashd::service
