#include <doctest/doctest.h>

#include "service/http/limits.hpp"
#include "service/http/request_head.hpp"

using namespace trashd;
using namespace trashd::service;

namespace {

// What parse_head says against a head: request line and headers, the Host header left out.
std::string refusal_of(const std::string& text, const RequestLimits& limits = {}) {
    auto head = parse_head(text + "Host: x\r\n\r\n", limits);
    return head.refusal ? head.refusal->what() : "";
}

}  // namespace

TEST_CASE("nodb: a head is taken apart") {
    auto head = parse_head(
        "PATCH /v1/a?b=c?d HTTP/1.1\r\nHost: x\r\nX-A:  one \r\nx-a:\r\nContent-Length: 12\r\n\r\n",
        {});
    CHECK_FALSE(head.refusal);
    CHECK(head.method == "PATCH");
    CHECK(head.target == "/v1/a?b=c?d");
    CHECK(head.values("X-a") == std::vector<std::string>{"one", ""});
    CHECK(head.body_bytes == 12);
    CHECK(head.keep_alive);
}

TEST_CASE("nodb: an address as it is sent to a proxy is understood") {
    auto target = [](const std::string& sent) {
        return parse_head("GET " + sent + " HTTP/1.1\r\nHost: x\r\n\r\n", {}).target;
    };
    CHECK(target("http://host:80/v1/a?b") == "/v1/a?b");
    CHECK(target("HTTP://host") == "/");
    CHECK(target("https://host?a=/") == "/?a=/");
    CHECK(target("/http://host/a") == "/http://host/a");
    CHECK(target("*") == "*");
    // A scheme alone ended the service.
    CHECK(target("http") == "http");
    CHECK(target("https:/x") == "https:/x");
}

TEST_CASE("nodb: the host in an address takes the place of the Host header") {
    auto host = [](const std::string& request) { return parse_head(request, {}).values("host"); };
    using Values = std::vector<std::string>;
    CHECK(host("GET http://a.example:8/v1 HTTP/1.1\r\nHost: b\r\n\r\n") == Values{"a.example:8"});
    CHECK(host("GET HTTPS://[::1]:8 HTTP/1.1\r\nHost: b\r\n\r\n") == Values{"[::1]:8"});
    CHECK(host("GET http://a?x HTTP/1.0\r\n\r\n") == Values{"a"});
    CHECK(host("GET /http://a HTTP/1.1\r\nHost: b\r\n\r\n") == Values{"b"});
    for (const char* address :
         {"http://", "http:///v1", "http://a@b/v1", "http://localhost@evil.example/", "http://a#b/",
          "http://evil.example#.localhost/", "http://a\\b/", "http://[::1/", "http://[]/",
          "http://a:8x/", "http://a:b:1/", "http://a:80@b/"}) {
        CAPTURE(address);
        CHECK(refusal_of("GET " + std::string(address) + " HTTP/1.1\r\n") ==
              "the host in the address cannot be read");
    }
    for (const char* value :
         {"evil.example/.localhost", "a@localhost", "evil.example#.localhost", "a b",
          "evil.example?.localhost", "evil.example\\.localhost", "::1"}) {
        CAPTURE(value);
        CHECK(parse_head("GET / HTTP/1.1\r\nHost: " + std::string(value) + "\r\n\r\n", {})
                  .refusal->what() == std::string("the Host header cannot be read"));
    }
    CHECK(parse_head("GET http://a/ HTTP/1.1\r\n\r\n", {}).refusal->what() ==
          std::string("there must be one Host header"));
    CHECK(refusal_of("GET http://a/ HTTP/1.1\r\nHost: y\r\n") == "there must be one Host header");
    CHECK(parse_head("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", {}).refusal->what() ==
          std::string("there must be one Host header"));
}

TEST_CASE("nodb: a connection is kept as version and Connection say") {
    auto kept = [](const std::string& version, const std::string& connection) {
        return parse_head("GET / HTTP/" + version + "\r\nHost: x\r\n" + connection + "\r\n", {})
            .keep_alive;
    };
    CHECK(kept("1.1", ""));
    CHECK_FALSE(kept("1.1", "Connection: TE, Close\r\n"));
    CHECK_FALSE(kept("1.1", "Connection: keep-alive\r\nConnection: close\r\n"));
    CHECK_FALSE(kept("1.0", ""));
    CHECK(kept("1.0", "Connection: Keep-Alive\r\n"));
}

TEST_CASE("nodb: what is no request line is refused") {
    for (const char* line :
         {"", "GET", "GET /", "GET  HTTP/1.1", "get / HTTP/1.1", "GET / HTTP/2.0", "GET / http/1.1",
          "GET /a b HTTP/1.1", "GET\t/ HTTP/1.1", " GET / HTTP/1.1", "GET / HTTP/1.1 ",
          "BREW / HTTP/1.1", "GET / HTTP/0.9"}) {
        CAPTURE(line);
        CHECK(refusal_of(std::string(line) + "\r\n") == "the request cannot be read as HTTP");
    }
}

TEST_CASE("nodb: a head that readers could understand differently is refused") {
    const std::string line = "POST / HTTP/1.1\r\n";
    for (const char* header : {"Content-Length : 1\r\n", " X: folded\r\n", "X\r\n", ": x\r\n",
                               "X(y): z\r\n", "\xc3\xa4: z\r\n"}) {
        CAPTURE(header);
        CHECK(refusal_of(line + header) == "a header cannot be read");
    }
    for (const char* header : {"X: a\nY: b\r\n", "X: a\rY: b\r\n", "X: \x7f\r\n", "X: \x01\r\n"})
        CHECK(refusal_of(line + header) == "the head of the request holds a control character");
    CHECK(refusal_of(line + "Host: y\r\n") == "there must be one Host header");
    CHECK(parse_head(line + "\r\n", {}).refusal->what() ==
          std::string("there must be one Host header"));
}

TEST_CASE("nodb: a body has one length, said in one way") {
    const std::string line = "POST / HTTP/1.1\r\n", twice = "the request says twice";
    const std::string length = "Content-Length: 1\r\n", chunked = "Transfer-Encoding: chunked\r\n";
    for (const auto& headers :
         {length + length, length + chunked, chunked + length, chunked + chunked})
        CHECK(refusal_of(line + headers).starts_with(twice));
    for (const char* value : {"", "-1", "+1", "0x1", "1 1", "1,1", "1e3", "99999999999999999999"})
        CHECK(refusal_of(line + "Content-Length: " + value + "\r\n") ==
              "Content-Length is not a length");
    for (const char* coding : {"", "gzip", "chunked, gzip", "gzip, chunked", "chunked;x"})
        CHECK(refusal_of(line + "Transfer-Encoding: " + coding + "\r\n") ==
              "the only Transfer-Encoding understood is chunked");
    CHECK(refusal_of("POST / HTTP/1.0\r\n" + chunked) ==
          "the only Transfer-Encoding understood is chunked");
    CHECK(refusal_of(line + length + "Content-Encoding: gzip\r\n") ==
          "send the body without Content-Encoding");
}

TEST_CASE("nodb: limits of a head are named") {
    RequestLimits limits;
    limits.header_count = 3;
    limits.url_bytes = 10;
    limits.body_bytes = 5;
    CHECK(refusal_of("GET /123456789 HTTP/1.1\r\nA: 1\r\nB: 2\r\n", limits).empty());
    CHECK(refusal_of("GET /1234567890 HTTP/1.1\r\n", limits) == "the address is too long");
    CHECK(refusal_of("GET / HTTP/1.1\r\nA: 1\r\nB: 2\r\nC: 3\r\n", limits) ==
          "there are too many headers");
    CHECK(refusal_of("GET / HTTP/1.1\r\nContent-Length: 6\r\n", limits) ==
          "the body may have up to 5 bytes");
    CHECK(refusal_of("GET / HTTP/1.1\r\nA: \xff\r\n", limits) == "a header is not UTF-8");
}

TEST_CASE("nodb: the end of a head is found wherever the bytes were cut") {
    const std::string head = "GET / HTTP/1.1\r\n\r\n";
    for (std::size_t cut = 0; cut < head.size(); ++cut) {
        CHECK(head_length(head.substr(0, cut)) == std::string::npos);
        CHECK(head_length(head + "POST", cut) == head.size());
    }
}
