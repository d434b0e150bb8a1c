// What stands before every route: origins, verbs, compression, the access log.
#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <sstream>
#include <thread>

#include "schema/error.hpp"
#include "service/api/content_negotiation.hpp"
#include "service/api/json_indent.hpp"
#include "service/api/request.hpp"
#include "service/config/config.hpp"
#include "tests/support/database.hpp"
#include "tests/support/http.hpp"

using namespace trashd::test;
using trashd::service::weight_of;

namespace {

std::string text_of(const std::string& file) {
    std::ifstream in(file);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
}

/** A request is logged after its answer was sent: up to ten seconds for its line. */
void wait_for_lines(const std::string& file, int count) {
    auto lines = [&] {
        const auto text = text_of(file);
        return std::count(text.begin(), text.end(), '\n');
    };
    for (int i = 0; i < 1000 && lines() < count; ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    REQUIRE(lines() == count);
}

const char* kSchema = R"(
CREATE TABLE thing (id int PRIMARY KEY, name text);
INSERT INTO thing SELECT i, 'a name that repeats' FROM generate_series(1, 500) i;
)";
const httplib::Headers kOrigin = {{"Origin", "https://app.example"}};

struct Bench {
    TempDatabase database{kSchema};
    ServiceProcess service;
    explicit Bench(const std::string& toml = "") : service(database.url(), {}, toml) {}

    Answer operator()(const std::string& verb, const std::string& address,
                      const httplib::Headers& headers = {}) {
        return request(service.port(), verb, address, headers);
    }
};

}  // namespace

TEST_CASE("a page of a configured origin may read and change, one of another may not") {
    Bench call("[cors]\norigins = [\"https://app.example\", \"http://localhost:3000\"]\n");
    auto read = call("GET", "/v1/thing/1", kOrigin);
    CHECK(read.header("Access-Control-Allow-Origin") == "https://app.example");
    CHECK(read.header("Access-Control-Expose-Headers").find("X-Trash-Group") != std::string::npos);
    CHECK(read.header("Vary").find("Origin") != std::string::npos);
    CHECK(read.header("Access-Control-Allow-Credentials").empty());
    CHECK(call("GET", "/v1/nothing", kOrigin).header("Access-Control-Allow-Origin") != "");
    auto other = call("GET", "/v1/thing/1", {{"Origin", "https://evil.example"}});
    CHECK(other.header("Access-Control-Allow-Origin").empty());
    auto foreign = kOrigin;
    foreign.emplace("Sec-Fetch-Site", "cross-site");
    CHECK(call("DELETE", "/v1/thing/1", foreign).status == 204);
    CHECK(call("DELETE", "/v1/thing/2",
               {{"Origin", "https://evil.example"}, {"Sec-Fetch-Site", "cross-site"}})
              .code() == "forbidden");
}

TEST_CASE("a preflight is answered alike for every address") {
    Bench call("[cors]\norigins = [\"https://app.example\"]\n");
    auto headers = kOrigin;
    headers.emplace("Access-Control-Request-Method", "DELETE");
    for (const char* address : {"/v1/thing/1", "/v1/nothing/1"}) {
        auto answer = call("OPTIONS", address, headers);
        CHECK(answer.status == 204);
        CHECK(answer.header("Access-Control-Allow-Origin") == "https://app.example");
        CHECK(answer.header("Access-Control-Allow-Methods").find("DELETE") != std::string::npos);
        CHECK(answer.header("Access-Control-Allow-Headers").find("If-Match") != std::string::npos);
    }
    httplib::Headers evil = {{"Origin", "https://evil.example"},
                             {"Access-Control-Request-Method", "DELETE"}};
    CHECK(call("OPTIONS", "/v1/thing/1", evil).header("Access-Control-Allow-Methods").empty());
}

TEST_CASE("any origin is let in by a star, none without configuration") {
    Bench open("[cors]\norigins = [\"*\"]\n");
    CHECK(open("GET", "/v1/", kOrigin).header("Access-Control-Allow-Origin") == "*");
    Bench closed;
    CHECK(closed("GET", "/v1/", kOrigin).header("Access-Control-Allow-Origin").empty());
    for (const char* wrong : {"https://app.example/", "app.example", "https://"}) {
        CAPTURE(wrong);
        CHECK_THROWS_WITH_AS(Bench("[cors]\norigins = [\"" + std::string(wrong) + "\"]\n"),
                             doctest::Contains("must be as in https://app.example"),
                             std::runtime_error);
    }
}

TEST_CASE("OPTIONS names the verbs of an address") {
    Bench call;
    auto answer = call("OPTIONS", "/v1/thing/1");
    CHECK(answer.status == 204);
    CHECK(answer.header("Allow") == "GET, HEAD, PATCH, PUT, DELETE, OPTIONS");
    CHECK(call("OPTIONS", "/healthz").header("Allow") == "GET, HEAD, OPTIONS");
    CHECK(call("OPTIONS", "/v1/nothing").code() == "not-found");
    CHECK(call("OPTIONS", "*").header("Allow") == "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
    CHECK(call("TRACE", "/healthz").code() == "method-not-allowed");
}

TEST_CASE("HEAD answers as GET does, without the body") {
    Bench call;
    for (const char* address : {"/v1/thing", "/v1/thing/1", "/v1/nothing", "/docs", "/healthz"}) {
        CAPTURE(address);
        const httplib::Headers headers = {{"X-Request-Id", "the-same"}};
        auto get = call("GET", address, headers), head = call("HEAD", address, headers);
        CHECK(head.status == get.status);
        CHECK(head.body.empty());
        CHECK(head.headers == get.headers);
        const bool line = get.header("Content-Type").find("json") != std::string::npos;
        CHECK(std::to_string(get.body.size() + (line ? 1 : 0)) == get.header("Content-Length"));
    }
}

TEST_CASE("long text is compressed for those who take it") {
    Bench call;
    const auto plain = call("GET", "/v1/thing?limit=500");
    CHECK(plain.header("Content-Encoding").empty());
    CHECK(plain.header("Vary") == "Accept-Encoding");
    for (const char* accepted : {"gzip", "br, gzip;q=0.5", "*", "GZIP"}) {
        auto packed = call("GET", "/v1/thing?limit=500", {{"Accept-Encoding", accepted}});
        CHECK(packed.header("Content-Encoding") == "gzip");
        CHECK(std::stoul(packed.header("Content-Length")) < plain.body.size() / 5);
        CHECK(packed.body == plain.body);
    }
    for (const char* refused : {"gzip;q=0", "br", "identity", "*;q=0", "xgzip"})
        CHECK(call("GET", "/v1/thing?limit=500", {{"Accept-Encoding", refused}}).body ==
              plain.body);
    CHECK(call("GET", "/v1/thing/1", {{"Accept-Encoding", "gzip"}}).header("Content-Encoding") ==
          "");
}

TEST_CASE("the access log has a line of JSON for each request, without queries") {
    const std::string file = "/tmp/trashd-test-access-" + std::to_string(getpid());
    {
        Bench call("[log]\naccess = \"" + file + "\"\n");
        call("GET", "/v1/thing?limit=1", {{"X-Request-Id", "a-1"}, {"User-Agent", "me \"x\""}});
        call("DELETE", "/v1/thing/1");
        wait_for_lines(file, 2);
        RawClient broken(call.service.port());
        broken.send("GET /secret\r\n\r\n");
        broken.receive_all();
        CHECK(call.service.stop() == 0);
    }
    std::ifstream lines(file);
    std::vector<Answer> logged(1);
    while (std::getline(lines, logged.back().body)) logged.emplace_back();
    unlink(file.c_str());
    REQUIRE(logged.size() == 4);
    auto first = logged[0].json();
    CHECK(std::string(first["path"].GetString()) == "/v1/thing");
    CHECK(std::string(first["requestId"].GetString()) == "a-1");
    CHECK(std::string(first["peer"].GetString()) == "127.0.0.1");
    CHECK(std::string(first["userAgent"].GetString()) == "me \"x\"");
    CHECK(first["status"].GetInt() == 200);
    CHECK(first["bytes"].GetInt() > 100);
    CHECK(logged[1].json()["status"].GetInt() == 204);
    CHECK(logged[2].json()["status"].GetInt() == 400);
    CHECK_THROWS_AS(Bench("[log]\naccess = \"/proc/none/access\"\n"), std::runtime_error);
}

TEST_CASE("SIGHUP opens the access log anew and never ends the service") {
    // Without TLS it ended the service, and a log that had been moved away was written on.
    const std::string file = "/tmp/trashd-test-moved-" + std::to_string(getpid());
    const std::string moved = file + ".1";
    Bench call("[log]\naccess = \"" + file + "\"\n");
    call("GET", "/v1/thing/1");
    wait_for_lines(file, 1);
    REQUIRE(std::rename(file.c_str(), moved.c_str()) == 0);
    kill(call.service.pid(), SIGHUP);
    call.service.log_with("the access log was opened again");
    call("GET", "/v1/thing/2");
    CHECK(call.service.stop() == 0);
    const auto old = text_of(moved), fresh = text_of(file);
    unlink(moved.c_str());
    unlink(file.c_str());
    CHECK(old.find("/v1/thing/1") != std::string::npos);
    CHECK(old.find("/v1/thing/2") == std::string::npos);
    CHECK(fresh.find("/v1/thing/2") != std::string::npos);
    Bench plain;
    for (int i = 0; i < 3; ++i) kill(plain.service.pid(), SIGHUP);
    CHECK(plain("GET", "/healthz").status == 200);
    CHECK(plain.service.stop() == 0);
}

TEST_CASE("answers of JSON end with the end of a line, and are indented where that is asked for") {
    Bench call;
    const std::string head = "HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    for (const char* address : {"/v1/thing/1", "/v1/nothing", "/v1/thing?limit=2", "/healthz"}) {
        CAPTURE(address);
        const auto raw =
            raw_request(call.service.port(), std::string("GET ") + address + " " + head);
        CHECK((raw.ends_with("}\n") || raw.ends_with("]\n")));
    }
    const std::string pretty = "{\n  \"id\": 1,\n  \"name\": \"a name that repeats\"\n}";
    CHECK(call("GET", "/v1/thing/1?pretty=true").body == pretty);
    CHECK(call("GET", "/v1/thing/1", {{"Accept", "text/csv, application/json; indent=4"}}).body ==
          pretty);
    CHECK(call("GET", "/v1/thing/1?pretty=false", {{"Accept", "*/*;indent"}}).body ==
          R"({"id":1,"name":"a name that repeats"})");
    CHECK(call("GET", "/v1/thing?pretty=true&limit=2&select=id").body ==
          "[\n  {\n    \"id\": 1\n  },\n  {\n    \"id\": 2\n  }\n]");
    CHECK(call("GET", "/v1/trash?pretty=true").body == "[]");
    CHECK(call("GET", "/v1/nothing?pretty=true").body.starts_with("{\n  \"type\": \"/problems/"));
    CHECK(call("GET", "/v1/thing/1?pretty=yes").code() == "bad-request");
    CHECK(call("DELETE", "/v1/thing/1?pretty=true").status == 204);
}

TEST_CASE("nodb: JSON is indented whatever its pieces are, and its values stay as they were") {
    const std::string json = R"([ {"a":"x[{,:\"\\", "b" : 1.0e5,"c":[]},{},[[ ]],"",null,"\\\""])";
    const std::string wanted =
        "[\n  {\n    \"a\": \"x[{,:\\\"\\\\\",\n    \"b\": 1.0e5,\n    "
        "\"c\": []\n  },\n  {},\n  [\n    []\n  ],\n  \"\",\n  null,\n  "
        "\"\\\\\\\"\"\n]";
    for (std::size_t size = 1; size <= json.size(); ++size) {
        trashd::service::Indenter indenter;
        std::string out;
        for (std::size_t at = 0; at < json.size(); at += size)
            out += indenter.take(std::string_view(json).substr(at, size));
        CHECK(out == wanted);
    }
    // an answer that is nested a thousand times does not grow by its depth at each bracket
    const std::string deep = std::string(1000, '[') + std::string(1000, ']');
    CHECK(trashd::service::Indenter().take(deep).size() < 150000);
}

TEST_CASE("nodb: weights of Accept are read as they are meant") {
    CHECK(weight_of({"text/html"}, "text/html") == 1);
    CHECK(weight_of({"a/b;q=0.5, Text/HTML ; level=1;q=0.25"}, "text/html") == 0.25);
    CHECK(weight_of({"a/b", "c/d;q=0"}, "c/d") == 0);
    CHECK(weight_of({"text/html;q=2"}, "text/html") == 0);
    CHECK(weight_of({"text/html;q=x"}, "text/html") == 0);
    CHECK(weight_of({"text/htmlx", "", ",,;q=1"}, "text/html") == -1);
}
