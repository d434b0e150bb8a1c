// Requests in time: the buckets with a clock of the test's own, then what clients notice.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "schema/error.hpp"
#include "service/auth/rate_limiter.hpp"
#include "tests/support/database.hpp"
#include "tests/support/problem.hpp"
#include "trash/records/api_keys.hpp"

using namespace trashd;
using namespace trashd::service;
using namespace trashd::test;
using std::chrono::milliseconds, std::chrono::seconds;

namespace {

const char* kSchema = "CREATE TABLE thing (id int PRIMARY KEY); INSERT INTO thing VALUES (1);";
const RateLimiter::Time kStart{};

// A rate that no test outlasts: one request in a second, so many at once.
std::string limits(int burst) {
    return fmt::format("[limits]\nrequests_per_second = 1\nburst = {}\n", burst);
}

const std::string kCredentials = "[credentials]\napi_keys = true\nanonymous = \"guest\"\n";

struct Bench {
    TempDatabase database{kSchema};
    ServiceProcess service;
    schema::Pool pool{database.url(), 1};
    explicit Bench(const std::string& toml) : service(database.url(), {}, toml) {}
    std::string key(const std::string& name, const std::string& role) {
        return trash::Keys(pool, "trashd").create({name, {role}}).text;
    }
    Answer with(const httplib::Headers& headers, const std::string& address = "/v1/thing/1") {
        return ask(service.port(), "GET", address, headers);
    }
    Answer with_key(const std::string& key) { return with({{"X-API-Key", key}}); }
};

// How many of so many requests in a row were let in before the first that was not.
template <class Send>
int granted(int most, Send send) {
    for (int i = 0; i < most; ++i)
        if (send().status == 429) return i;
    return most;
}

}  // namespace

TEST_CASE("nodb: a bucket gives its burst at once, then as fast as it fills") {
    RateLimiter limiter(10);
    const Rate rate{2, 5};
    for (int left = 4; left >= 0; --left) {
        const auto allowance = limiter.take("a", rate, kStart);
        CHECK(allowance.granted);
        CHECK(allowance.limit == 5);
        CHECK(allowance.remaining == left);
    }
    const auto refused = limiter.take("a", rate, kStart);
    CHECK_FALSE(refused.granted);
    CHECK(refused.next_in_seconds == 1);
    CHECK(refused.full_in_seconds == 3);
    CHECK_FALSE(limiter.take("a", rate, kStart + milliseconds(499)).granted);
    CHECK(limiter.take("a", rate, kStart + milliseconds(501)).granted);
    CHECK_FALSE(limiter.take("a", rate, kStart + milliseconds(502)).granted);
    CHECK(limiter.take("b", rate, kStart).granted);
    CHECK(limiter.take("a", rate, kStart + seconds(3600)).remaining == 4);
}

TEST_CASE("nodb: without a burst it is a second's, without a rate there is no limit") {
    RateLimiter limiter(10);
    for (int i = 0; i < 3; ++i) CHECK(limiter.take("a", {3, 0}, kStart).granted);
    CHECK_FALSE(limiter.take("a", {3, 0}, kStart).granted);
    for (int i = 0; i < 100; ++i) CHECK(limiter.take("b", {0, 0}, kStart).granted);
    CHECK(limiter.take("b", {0, 0}, kStart).limit == 0);
    CHECK(limiter.buckets() == 1);
}

TEST_CASE("nodb: looking takes nothing, and time that goes back gives nothing") {
    RateLimiter limiter(10);
    for (int i = 0; i < 10; ++i) CHECK(limiter.look("a", {1, 1}, kStart + seconds(9)).granted);
    CHECK(limiter.take("a", {1, 1}, kStart + seconds(9)).granted);
    CHECK_FALSE(limiter.look("a", {1, 1}, kStart).granted);
    CHECK_FALSE(limiter.take("a", {1, 1}, kStart + seconds(9)).granted);
}

TEST_CASE("nodb: however many clients come, the buckets are few; the one in use stays") {
    RateLimiter limiter(100);
    const Rate rate{1, 1};
    CHECK(limiter.take("steady", rate, kStart).granted);
    for (int i = 0; i < 10'000; ++i) {
        CHECK(limiter.take("address " + std::to_string(i), rate, kStart).granted);
        if (i % 50 == 0) CHECK_FALSE(limiter.take("steady", rate, kStart).granted);
    }
    CHECK(limiter.buckets() == 100);
    limiter.take(std::string(1'000'000, 'x'), rate, kStart);
    CHECK_FALSE(limiter.take(std::string(2'000'000, 'x'), rate, kStart).granted);
}

TEST_CASE("too many requests are refused, with the time to wait; probes never are") {
    Bench bench(limits(3));
    const auto first = bench.with({});
    CHECK(first.status == 200);
    CHECK(first.header("RateLimit-Limit") == "3");
    CHECK(first.header("RateLimit-Remaining") == "2");
    CHECK(std::stoi(first.header("RateLimit-Reset")) >= 1);
    CHECK(first.header("Retry-After").empty());
    REQUIRE(granted(100, [&] { return bench.with({}); }) < 100);
    const auto refused = bench.with({}, "/nothing");
    CHECK(refused.code() == "too-many-requests");
    CHECK(std::string(refused.json()["detail"].GetString()) ==
          "too many requests; send the next in 1 s");
    CHECK(refused.header("Retry-After") == "1");
    CHECK(refused.header("RateLimit-Remaining") == "0");
    for (const char* probe : {"/healthz", "/readyz"}) {
        CHECK(bench.with({}, probe).status == 200);
        CHECK(bench.with({}, probe).header("RateLimit-Limit").empty());
    }
}

TEST_CASE("without a limit nothing is said of one") {
    Bench bench("");
    CHECK(granted(50, [&] { return bench.with({}); }) == 50);
    CHECK(bench.with({}).header("RateLimit-Limit").empty());
}

TEST_CASE("principals are counted apart, by the widest of their roles") {
    Bench bench(kCredentials + limits(2) +
                "[roles]\nguest = [\"read\"]\nslow = [\"read\"]\n"
                "fast = { read = \"*\", requests_per_second = 1000, burst = 60 }\n"
                "free = { read = \"*\", requests_per_second = 0 }\n");
    const auto one = bench.key("one", "slow"), two = bench.key("two", "slow"),
               fast = bench.key("fast", "fast"), free = bench.key("free", "free");
    CHECK(granted(100, [&] { return bench.with_key(one); }) < 100);
    CHECK(bench.with_key(two).header("RateLimit-Remaining") == "1");
    CHECK(bench.with_key(fast).header("RateLimit-Limit") == "60");
    CHECK(granted(100, [&] { return bench.with_key(free); }) == 100);
    CHECK(granted(100, [&] { return bench.with({}); }) < 100);
    CHECK(bench.with_key(two).status == 200);
}

TEST_CASE("who guesses keys is not even looked at after a while, others from there go on") {
    Bench bench(limits(5) + "[proxy]\ntrusted = [\"127.0.0.1\"]\n" +
                "[credentials]\napi_keys = true\n[roles]\nall = \"*\"\n");
    const auto key = bench.key("good", "all");
    const auto from = [&](const std::string& address, const std::string& guess) {
        return bench.with({{"X-API-Key", guess}, {"X-Forwarded-For", address}});
    };
    CHECK(from("192.0.2.1", "wrong").code() == "unauthorized");
    CHECK(granted(100, [&] { return from("192.0.2.1", "wrong"); }) < 100);
    CHECK(from("192.0.2.1", key).code() == "too-many-requests");
    CHECK(from("192.0.2.2", key).status == 200);
    // A subscriber has a whole /64.
    CHECK(granted(100, [&] { return from("2001:db8:0:1::7", "wrong"); }) < 100);
    CHECK(from("2001:db8:0:1::8", "wrong").status == 429);
    CHECK(from("2001:db8:0:2::8", "wrong").status == 401);
}
