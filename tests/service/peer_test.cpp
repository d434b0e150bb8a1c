// Who the client is behind proxies, and what a client may not make the service believe.
#include <doctest/doctest.h>
#include <unistd.h>

#include <fstream>

#include "service/http/client_address.hpp"
#include "service/http/request_head.hpp"
#include "tests/support/database.hpp"
#include "tests/support/http.hpp"

using namespace trashd::service;

namespace {

using Lines = std::vector<std::pair<std::string, std::string>>;

// Of a request from the peer, where 10.0.0.0/8, ::1 and 2001:db8:1::/48 are trusted.
std::string client(const std::string& peer, const Lines& headers) {
    std::vector<Network> trusted;
    for (const char* text : {"10.0.0.0/8", "::1", "2001:db8:1::/48"})
        trusted.push_back(Network::parse(text).value());
    Head head;
    head.headers = headers;
    return client_address(peer, head, trusted);
}

std::string listed(const std::string& list) {
    return client("10.0.0.1", {{"x-forwarded-for", list}});
}

std::string forwarded(const std::string& list) {
    return client("10.0.0.1", {{"forwarded", list}});
}

}  // namespace

TEST_CASE("nodb: only a trusted peer is believed who the client is") {
    for (const char* header : {"x-forwarded-for", "forwarded"}) {
        const std::string value = header[0] == 'f' ? "for=192.0.2.1" : "192.0.2.1";
        CHECK(client("203.0.113.9", {{header, value}}) == "203.0.113.9");
        CHECK(client("11.0.0.1", {{header, value}}) == "11.0.0.1");
        CHECK(client("10.255.0.1", {{header, value}}) == "192.0.2.1");
        CHECK(client("::ffff:10.0.0.1", {{header, value}}) == "192.0.2.1");
        CHECK(client("::1", {{header, value}}) == "192.0.2.1");
        CHECK(client("::2", {{header, value}}) == "::2");
    }
    CHECK(client("10.0.0.1", {}) == "10.0.0.1");
    CHECK(client("", {{"x-forwarded-for", "192.0.2.1"}}).empty());
}

TEST_CASE("nodb: the client is the last address that is no trusted proxy") {
    CHECK(listed("198.51.100.7, 192.0.2.1, 10.0.0.9,10.3.4.5") == "192.0.2.1");
    CHECK(listed("198.51.100.7,192.0.2.1") == "192.0.2.1");
    CHECK(listed("10.0.0.9, 10.0.0.8") == "10.0.0.9");
    CHECK(client("10.0.0.1", {{"x-forwarded-for", "192.0.2.1"},
                              {"x-forwarded-for", "192.0.2.2, 10.0.0.2"}}) == "192.0.2.2");
    CHECK(forwarded("for=198.51.100.7;by=x, for=192.0.2.1;proto=https, for=10.0.0.9") ==
          "192.0.2.1");
    CHECK(listed("192.0.2.1, , 10.0.0.2,") == "192.0.2.1");
}

TEST_CASE("nodb: addresses are read in every way that they are written") {
    for (const char* text : {"2001:db8::7", "[2001:db8::7]", "[2001:db8::7]:443", "2001:DB8::0:7"})
        CHECK(listed(text) == "2001:db8::7");
    for (const char* text : {"192.0.2.1", "192.0.2.1:65535", "::ffff:192.0.2.1"})
        CHECK(listed(text) == "192.0.2.1");
    CHECK(forwarded(R"(for="[2001:db8::7]:4711")") == "2001:db8::7");
    CHECK(forwarded(R"(Proto=http;By="a;b,c";FOR="192.0.2.1:80")") == "192.0.2.1");
}

TEST_CASE("nodb: what cannot be read says nothing of the client") {
    for (const char* text : {"unknown", "_hidden", "localhost", "1.2.3", "192.0.2.1:x",
                             "192.0.2.1:", "192.0.2.1:123456", "[192.0.2.1]", "[2001:db8::7",
                             "[2001:db8::7]x", "fe80::1%eth0", "192.0.2.1 evil", "\"",
                             "192.0.2.256", "0300.0.0.1", "for=192.0.2.1", "<script>"}) {
        CAPTURE(text);
        CHECK(listed(text) == "10.0.0.1");
        CHECK(listed("192.0.2.1, " + std::string(text) + ", 10.0.0.7") == "10.0.0.7");
        CHECK(forwarded("for=" + std::string(text)) == "10.0.0.1");
    }
    CHECK(forwarded("for=192.0.2.1;for=192.0.2.2") == "10.0.0.1");
    CHECK(forwarded("by=192.0.2.1") == "10.0.0.1");
    CHECK(forwarded("192.0.2.1") == "10.0.0.1");
}

TEST_CASE("nodb: what a client writes before the proxy's own entry hides nobody") {
    for (const char* junk : {"\"", "for=\"", "\\", "a=\"b, ", "for=\"\\\"", ",,,", ";;"}) {
        CAPTURE(junk);
        CHECK(listed(std::string(junk) + ", 192.0.2.1") == "192.0.2.1");
        CHECK(forwarded(std::string(junk) + ", for=192.0.2.1") == "192.0.2.1");
    }
    std::string many;
    for (int i = 0; i < 3000; ++i) many += "10.0.0.2, ";
    CHECK(listed("192.0.2.1, " + many + "10.0.0.3") == "192.0.2.1");
    CHECK(listed(many + "192.0.2.1") == "192.0.2.1");
}

TEST_CASE("nodb: two headers that say different things are not believed") {
    const auto both = [](const std::string& one, const std::string& other) {
        return client("10.0.0.1", {{"forwarded", one}, {"x-forwarded-for", other}});
    };
    CHECK(both("for=192.0.2.1", "192.0.2.1") == "192.0.2.1");
    CHECK(both("for=192.0.2.1", "192.0.2.2") == "10.0.0.1");
    CHECK(both("for=_hidden", "192.0.2.2") == "10.0.0.1");
}

TEST_CASE("nodb: networks are read strictly, a client is a /64 of IPv6") {
    for (const char* text : {"10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/8x", "/8", "proxy", "",
                             "10.0.0/8", "10.0.0.0/-1", "10.0.0.0/8/8"})
        CHECK_FALSE(Network::parse(text));
    const auto odd = Network::parse("192.0.2.128/25").value();
    CHECK(odd.contains(parse_ip("192.0.2.255").value()));
    CHECK_FALSE(odd.contains(parse_ip("192.0.2.127").value()));
    CHECK_FALSE(Network::parse("0.0.0.0/0")->contains(parse_ip("2001:db8::1").value()));
    CHECK(Network::parse("::/0")->contains(parse_ip("192.0.2.1").value()));
    CHECK(client_network("2001:db8:1:2:3::4") == "2001:db8:1:2::/64");
    CHECK(client_network("192.0.2.1") == "192.0.2.1");
    CHECK(client_network("") == "");
}

TEST_CASE("the access log has the client that a trusted proxy names") {
    using namespace trashd::test;
    const std::string file = "/tmp/trashd-test-peers-" + std::to_string(getpid());
    const TempDatabase database;
    const auto peer_in = [&](const std::string& toml) {
        unlink(file.c_str());
        {
            ServiceProcess service(database.url(), {}, toml + "[log]\naccess = \"" + file + "\"\n");
            request(service.port(), "GET", "/v1/", {{"X-Forwarded-For", "192.0.2.1, 127.0.0.9"}});
        }
        Answer line;
        std::ifstream lines(file);
        std::getline(lines, line.body);
        return std::string(line.json()["peer"].GetString());
    };
    CHECK(peer_in("[proxy]\ntrusted = [\"127.0.0.0/8\"]\n") == "192.0.2.1");
    CHECK(peer_in("[proxy]\ntrusted = [\"10.0.0.0/8\"]\n") == "127.0.0.1");
    CHECK(peer_in("") == "127.0.0.1");
    unlink(file.c_str());
    CHECK_THROWS_WITH_AS(peer_in("[proxy]\ntrusted = [\"example\"]\n"),
                         doctest::Contains("proxy.trusted: 'example' must be as in 10.0.0.0/8"),
                         std::runtime_error);
}
