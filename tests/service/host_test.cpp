// Pages whose own name leads to 127.0.0.1: what a service without credentials answers them.
#include <doctest/doctest.h>

#include "schema/error.hpp"
#include "service/http/allowed_hosts.hpp"
#include "tests/support/database.hpp"
#include "tests/support/problem.hpp"

using namespace trashd::test;
using trashd::service::is_known_host;

namespace {

const char* kSchema = "CREATE TABLE thing (id int PRIMARY KEY); INSERT INTO thing VALUES (1);";
const char* kDetail =
    "this service asks for no credentials and so answers to localhost alone; name the Host in "
    "'hosts' under [http] of its configuration, or configure [credentials]";

struct Bench {
    TempDatabase database{kSchema};
    ServiceProcess service;
    explicit Bench(const std::string& toml = "") : service(database.url(), {}, toml) {}
    Answer as(const std::string& host, const std::string& verb, const std::string& address) {
        return ask(service.port(), verb, address, {{"Host", host}});
    }
};

}  // namespace

TEST_CASE("nodb: names and addresses of the loopback are known") {
    for (const char* host :
         {"localhost", "LOCALHOST:8080", "localhost.", "a.b.localhost:1", "127.0.0.1",
          "127.1.2.3:80", "[::1]", "[::1]:8080", "Trash.Example", "trash.example:443"})
        CHECK(is_known_host({host}, {"trash.EXAMPLE"}));
    for (const char* host : {"evil.example", "127.0.0.1.evil.example", "localhost.evil.example",
                             "xlocalhost", "", "0.0.0.0", "128.0.0.1", "[::2]", "[::1", "::1",
                             "2130706433", "127.1", "sub.trash.example", "localhost@evil.example"})
        CHECK_FALSE(is_known_host({host}, {"trash.example"}));
    CHECK(is_known_host({}, {}));
}

TEST_CASE("without credentials a page of another name gets nothing") {
    Bench bench;
    for (const char* address : {"/v1/thing/1", "/healthz", "/", "/openapi.yaml", "/nothing"})
        check_problem(bench.as("evil.example:8080", "GET", address), "forbidden", kDetail);
    check_problem(bench.as("evil.example", "DELETE", "/v1/thing/1"), "forbidden", kDetail);
    auto preflight = ask(bench.service.port(), "OPTIONS", "/v1/thing/1",
                         {{"Host", "evil.example"},
                          {"Origin", "http://evil.example"},
                          {"Access-Control-Request-Method", "DELETE"}});
    CHECK(preflight.status == 403);
    CHECK(bench.as("localhost:1234", "GET", "/v1/thing/1").status == 200);
    CHECK(raw_request(bench.service.port(), "GET /healthz HTTP/1.0\r\n\r\n").find(" 200 ") !=
          std::string::npos);
}

TEST_CASE("the host in an address that is sent as to a proxy counts, not the Host header") {
    // DELETE http://evil.example/v1/thing/1 with Host: localhost deleted.
    Bench bench;
    auto sent = [&](const std::string& verb, const std::string& address, const std::string& host) {
        return raw_request(bench.service.port(), verb + " " + address + " HTTP/1.1\r\nHost: " +
                                                     host + "\r\nConnection: close\r\n\r\n");
    };
    for (const char* address :
         {"http://evil.example/v1/thing/1", "https://evil.example:80/v1/thing/1"}) {
        CAPTURE(address);
        CHECK(sent("DELETE", address, "localhost").starts_with("HTTP/1.1 403 "));
    }
    CHECK(sent("DELETE", "http://localhost@evil.example/v1/thing/1", "localhost")
              .starts_with("HTTP/1.1 400 "));
    CHECK(sent("GET", "http://localhost/v1/thing/1", "evil.example").starts_with("HTTP/1.1 200 "));
    CHECK(sent("DELETE", "http://127.0.0.1:1/v1/thing/1", "evil.example")
              .starts_with("HTTP/1.1 204 "));
}

TEST_CASE("configured hosts are answered; with credentials any is") {
    Bench named("[http]\nhosts = [\"trash.example\", \"other.example\"]\n");
    CHECK(named.as("trash.example", "GET", "/v1/thing/1").status == 200);
    CHECK(named.as("OTHER.example:8443", "GET", "/healthz").status == 200);
    CHECK(named.as("evil.example", "GET", "/healthz").code() == "forbidden");
    Bench guarded("[credentials]\napi_keys = true\n[roles]\nall = \"*\"\n");
    CHECK(guarded.as("trash.example", "GET", "/healthz").status == 200);
    CHECK(guarded.as("trash.example", "GET", "/v1/thing/1").code() == "unauthorized");
    CHECK_THROWS_WITH_AS(Bench("[http]\nhosts = [\"https://trash.example/\"]\n"),
                         doctest::Contains("http.hosts: 'https://trash.example/' must be a name"),
                         std::runtime_error);
}
