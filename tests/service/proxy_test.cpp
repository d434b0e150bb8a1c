// A service behind a proxy that calls it by another name than browsers do, or takes a prefix off.
#include <doctest/doctest.h>

#include "service/http/client_address.hpp"
#include "service/http/request_head.hpp"
#include "tests/support/database.hpp"
#include "tests/support/problem.hpp"

using namespace trashd::test;
using namespace trashd::service;

namespace {

const char* kSchema =
    "CREATE TABLE thing (id int PRIMARY KEY); INSERT INTO thing SELECT generate_series(1, 9);";
const char* kTrusted = "[proxy]\ntrusted = [\"127.0.0.1\"]\n";
const httplib::Headers kPrefix = {{"X-Forwarded-Prefix", "/tools/trash"}};

struct Bench {
    TempDatabase database{kSchema};
    ServiceProcess service;
    explicit Bench(const std::string& toml = "") : service(database.url(), {}, toml) {}
    Answer operator()(const std::string& verb, const std::string& address,
                      const httplib::Headers& headers = {}) {
        return ask(service.port(), verb, address, headers);
    }
};

std::string prefix(const std::string& peer,
                   const std::vector<std::pair<std::string, std::string>>& headers) {
    Head head;
    head.headers = headers;
    return forwarded_prefix(peer, head, {Network::parse("10.0.0.0/8").value()});
}

std::string said(const std::string& value) {
    return prefix("10.0.0.1", {{"x-forwarded-prefix", value}});
}

}  // namespace

TEST_CASE("nodb: only a trusted peer says one prefix, and only a path is one") {
    CHECK(said("/tools") == "/tools");
    CHECK(said(" /tools/trash/ ") == "/tools/trash");
    CHECK(said("/a%20b/~c-d_e.f") == "/a%20b/~c-d_e.f");
    for (const char* none :
         {"", "/", "tools", "//evil.example", "/a//b", "https://evil.example", "/a, /b", "/a b",
          "/a?b", "/a#b", "/a\"b", "/a>b", "/\\evil.example", "/\xc3\xa4"}) {
        CAPTURE(none);
        CHECK(said(none).empty());
    }
    CHECK(prefix("192.0.2.1", {{"x-forwarded-prefix", "/tools"}}).empty());
    CHECK(prefix("", {{"x-forwarded-prefix", "/tools"}}).empty());
    CHECK(prefix("10.0.0.1", {{"x-forwarded-prefix", "/a"}, {"x-forwarded-prefix", "/b"}}).empty());
    CHECK(prefix("10.0.0.1", {}).empty());
}

TEST_CASE("a trusted proxy's prefix is in front of what Location and Link name") {
    Bench call(kTrusted);
    const auto removed = call("DELETE", "/v1/thing/1", kPrefix);
    CHECK(removed.status == 204);
    CHECK(removed.header("Location").starts_with("/tools/trash/v1/trash/"));
    CHECK(removed.header("Link").starts_with("</tools/trash/v1/history/"));
    const auto page = call("GET", "/v1/thing?limit=2", kPrefix);
    const auto next = page.link("next");
    CHECK(next.starts_with("/tools/trash/v1/thing?"));
    const auto second = call("GET", next.substr(std::string("/tools/trash").size()), kPrefix);
    CHECK(second.body == R"([{"id":4},{"id":5}])");
    const auto twice = call("GET", "/v1/thing?limit=2&page=2", kPrefix);
    for (const char* relation : {"first", "prev", "next"})
        CHECK(twice.link(relation).starts_with("/tools/trash/v1/thing?"));
    CHECK(call("GET", "/panel", kPrefix).header("Location") == "panel/");
    CHECK(call("DELETE", "/v1/thing/2").header("Location").starts_with("/v1/trash/"));
}

TEST_CASE("a kept answer has the prefix of the request that asks for it again") {
    Bench call(kTrusted);
    auto keyed = kPrefix;
    keyed.emplace("Idempotency-Key", "a");
    const auto first = call("DELETE", "/v1/thing/1", keyed).header("Location");
    const auto again = call("DELETE", "/v1/thing/1", {{"Idempotency-Key", "a"}});
    CHECK(again.header("Idempotency-Replayed") == "true");
    CHECK("/tools/trash" + again.header("Location") == first);
    CHECK(call("DELETE", "/v1/thing/1", keyed).header("Location") == first);
}

TEST_CASE("nobody else's prefix goes anywhere") {
    // A client that reaches the service itself could send whom it likes to another host.
    for (const char* toml : {"", "[proxy]\ntrusted = [\"10.0.0.0/8\"]\n"}) {
        Bench call(toml);
        CHECK(call("DELETE", "/v1/thing/1", kPrefix).header("Location").starts_with("/v1/trash/"));
    }
    Bench call(kTrusted);
    CHECK(call("DELETE", "/v1/thing/1", {{"X-Forwarded-Prefix", "//evil.example"}})
              .header("Location")
              .starts_with("/v1/trash/"));
}

TEST_CASE("own pages behind a proxy that rewrites Host may change, as long as they are named") {
    const std::string foreign = "a page of another site must not change anything";
    const auto unknown = foreign +
                         "; the service's own is known by Host, and where a proxy hands on "
                         "another one, by [http] origins";
    const httplib::Headers own = {{"Origin", "https://tools.example"},
                                  {"Sec-Fetch-Site", "same-origin"}};
    Bench unnamed;
    check_problem(unnamed("DELETE", "/v1/thing/1", own), "forbidden", unknown);
    Bench call("[http]\norigins = [\"https://tools.example\", \"http://tools.local:81\"]\n");
    CHECK(call("DELETE", "/v1/thing/1", own).status == 204);
    CHECK(call("DELETE", "/v1/thing/2", {{"Origin", "http://tools.local:81"}}).status == 204);
    for (const char* site : {"same-site", "cross-site"})
        check_problem(call("DELETE", "/v1/thing/3",
                           {{"Origin", "https://tools.example"}, {"Sec-Fetch-Site", site}}),
                      "forbidden", foreign);
    for (const char* other : {"http://tools.example", "https://tools.example:444",
                              "https://x.tools.example", "https://tools.example.evil", "null"})
        check_problem(call("DELETE", "/v1/thing/3", {{"Origin", other}}), "forbidden", unknown);
    CHECK(call("GET", "/v1/thing/3", own).header("Access-Control-Allow-Origin").empty());
    const auto host = "http://127.0.0.1:" + std::to_string(call.service.port());
    CHECK(call("DELETE", "/v1/thing/3", {{"Origin", host}}).status == 204);
}

TEST_CASE("an origin that cannot be meant stops the start") {
    for (const char* wrong : {"*", "tools.example", "https://tools.example/", "https://"}) {
        CAPTURE(wrong);
        CHECK_THROWS_WITH_AS(Bench("[http]\norigins = [\"" + std::string(wrong) + "\"]\n"),
                             doctest::Contains("must be as in https://tools.example"),
                             std::runtime_error);
    }
    CHECK(run_program({"config", "--config", "/dev/null"}).output.find("http") ==
          std::string::npos);
}
