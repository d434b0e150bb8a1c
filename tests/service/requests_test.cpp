#include <doctest/doctest.h>
#include <fmt/format.h>

#include <array>

#include "schema/error.hpp"
#include "tests/support/database.hpp"
#include "tests/support/http.hpp"

using namespace trashd::test;

namespace {

const char* kSchema = R"(
CREATE TABLE thing (id int PRIMARY KEY, name text);
CREATE TABLE "we""ird / näme" ("the key" text PRIMARY KEY, t int);
CREATE TABLE short (code varchar(3) PRIMARY KEY);
CREATE TABLE trash (id int PRIMARY KEY);
CREATE TABLE keyless (id int);
INSERT INTO thing VALUES (1, 'one'), (2, 'two');
INSERT INTO "we""ird / näme" VALUES ('a/b?c#d%e f', 1), ('@deleted', 2), ('', 3);
INSERT INTO short VALUES ('USA');
)";

struct Bench {
    TempDatabase database{kSchema};
    ServiceProcess service{database.url()};

    Answer operator()(const std::string& verb, const std::string& address,
                      const httplib::Headers& headers = {}, const std::string& body = "") {
        return request(service.port(), verb, address, headers, body);
    }
};

}  // namespace

TEST_CASE("malformed addresses are 400, whatever the route") {
    Bench call;
    for (const char* address : {"/v1/thing/%",
                                "/v1/thing/%4",
                                "/v1/thing/%zz",
                                "/v1/thing/%00",
                                "/v1/thing/%ff",
                                "/v1/thing/%ed%a0%80",
                                "/v1/thing/%c0%af",
                                "/v1/thing?limit=%",
                                "/v1/thing?limit=1&limit=2",
                                "/v1/thing?limit=0",
                                "/v1/thing?limit=1001",
                                "/v1/thing?limit=x",
                                "/v1/thing?limit=",
                                "/v1/thing?cursor=x",
                                "/v1/thing?cursor=WyJsaXZlIiwieCJd",
                                "/v1/thing?cursor=!",
                                "/v1/thing?deleted=yes",
                                "/v1/thing?trash=1",
                                "/v1/thing?where[id]=1",
                                "/v1/trash?cursor=WyJsaXZlIl0",
                                "/v1/trash/x/$restore?with=all"}) {
        CAPTURE(address);
        CHECK(call("GET", address).code() == "bad-request");
    }
    for (const char* query : {"hard=yes", "cascade", "dryRun=1", "dryrun=true", "confirm=TRUE"})
        CHECK(call("DELETE", std::string("/v1/thing/1?") + query).code() == "bad-request");
    CHECK(call("DELETE", "/v1/thing/1?reason=" + std::string(501, 'x')).code() == "bad-request");
    CHECK(call("GET", "/v1/thing/1").status == 200);
}

TEST_CASE("ids that cannot be a key and addresses that are none are 404") {
    Bench call;
    for (const char* address :
         {"/v2/", "/v1/nothing", "/v1/thing/x", "/v1/thing/99999999999", "/v1/thing/",
          "/v1/thing/1/x", "/v1/thing/1%2F2", "/v1/thing/..%2F1", "/v1/keyless", "/v1/trash/x",
          "/v1/trash/00000000-0000-7000-8000-000000000001", "/v1/thing/$other", "/v1/trash/1/x",
          "/v1/thing/'%20OR%20''='", "/v1/short/USAX"}) {
        CAPTURE(address);
        CHECK(call("GET", address).code() == "not-found");
    }
    CHECK(call("DELETE", "/v1/thing/x").code() == "not-found");
    CHECK(call("DELETE", "/v1/thing/3").code() == "not-found");
    CHECK(call("DELETE", "/v1/short/USAX").code() == "not-found");
    CHECK(call("GET", "/v1/short/USA").status == 200);
}

TEST_CASE("wrong verbs are 405 and name those that are answered") {
    Bench call;
    auto wrong = call("POST", "/v1/thing/1");
    CHECK(wrong.code() == "method-not-allowed");
    CHECK(wrong.header("Allow") == "GET, HEAD, PATCH, PUT, DELETE, OPTIONS");
    CHECK(call("PUT", "/v1/thing/1/@deleted", {}, "{}").status == 405);
    CHECK(call("PUT", "/v1/thing").header("Allow") == "GET, HEAD, DELETE, POST, OPTIONS");
    CHECK(call("POST", "/v1/trash", {}, "").header("Allow") == "GET, HEAD, DELETE, OPTIONS");
    CHECK(call("PATCH", "/v1/nothing/1").code() == "not-found");
}

TEST_CASE("POST may stand for another verb, other verbs ignore the parameter") {
    Bench call;
    CHECK(call("GET", "/v1/thing/1?method=DELETE").status == 200);
    CHECK(call("POST", "/v1/thing/1?method=PATCH").code() == "bad-request");
    CHECK(call("POST", "/v1/thing/1?method=GET").code() == "bad-request");
    CHECK(call("POST", "/v1/thing/1?method=DELETE").status == 204);
    CHECK(call("GET", "/v1/thing/1").status == 410);
}

TEST_CASE("names and ids that need quoting are found") {
    Bench call;
    const std::string path = "/v1/we%22ird%20%2F%20n%C3%A4me";
    CHECK(call("GET", path).json().Size() == 3);
    CHECK(call("GET", path + "/a%2Fb%3Fc%23d%25e%20f").json()["t"].GetInt() == 1);
    CHECK(call("GET", path + "/%40deleted").json()["t"].GetInt() == 2);
    CHECK(call("GET", path + "/").json()["t"].GetInt() == 3);
    auto item = call("DELETE", path + "/a%2Fb%3Fc%23d%25e%20f").header("Location");
    CHECK(call("GET", item).json()["resource"].GetString() == path.substr(4));
    CHECK(call("POST", item + "/$restore").json()["root"]["href"].GetString() ==
          path + "/a%2Fb%3Fc%23d%25e%20f");
}

TEST_CASE("a table with a reserved name is not served, and the log says so") {
    Bench call;
    CHECK(call("GET", "/v1/trash").body == "[]");
    CHECK(call.service.log().find("public.trash is not served") != std::string::npos);
    CHECK(call("GET", "/v1/").json().Size() == 3);
}

TEST_CASE("a body that is too large is 413, chunked or not") {
    Bench call;
    const std::string large((1 << 20) + 1, 'x');
    CHECK(call("DELETE", "/v1/thing/1", {}, large).code() == "payload-too-large");
    std::string chunked =
        "DELETE /v1/thing/1 HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
        "Connection: close\r\n\r\n100001\r\n" +
        large + "\r\n0\r\n\r\n";
    auto answer = raw_request(call.service.port(), chunked);
    CHECK(answer.find("HTTP/1.1 413") == 0);
    CHECK(call("GET", "/v1/thing/1").status == 200);
}

// A body that the library left unread was taken for the next request of the connection.
TEST_CASE("a body is never taken for the next request") {
    Bench call;
    std::string inner;  // longer than what the library reads ahead and forgets
    while (inner.size() < 20000) inner += "DELETE /v1/thing/1 HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for (const std::string verb : {"GET", "DELETE", "POST", "OPTIONS", "PUT"}) {
        const auto start = verb + " /v1/thing/9 HTTP/1.1\r\nHost: localhost\r\n";
        const auto size = std::to_string(inner.size());
        raw_request(call.service.port(), start + "Content-Length: " + size + "\r\n\r\n" + inner);
        auto hex = fmt::format("{:x}", inner.size());
        raw_request(call.service.port(), start + "Transfer-Encoding: chunked\r\n\r\n" + hex +
                                             "\r\n" + inner + "\r\n0\r\n\r\n");
    }
    CHECK(call("GET", "/v1/thing/1").status == 200);
    auto form =
        call("POST", "/v1/thing/1", {{"Content-Type", "multipart/form-data; boundary=x"}}, "--x--");
    CHECK(form.code() == "method-not-allowed");
}

TEST_CASE("what is not HTTP gets a problem body as well") {
    Bench call;
    auto answer =
        raw_request(call.service.port(), "NONSENSE / HTTP/1.1\r\nConnection: close\r\n\r\n");
    CHECK(answer.find("HTTP/1.1 400") == 0);
    CHECK(answer.find("\"code\":\"bad-request\"") != std::string::npos);
    CHECK(call("GET", "/v1/" + std::string(8100, 'x')).code() == "bad-request");
    httplib::Headers many;
    for (int i = 0; i < 200; ++i) many.emplace("X-" + std::to_string(i), "1");
    CHECK(call("GET", "/v1/", many).code() == "bad-request");
}

TEST_CASE("a page of another site cannot delete") {
    Bench call;
    CHECK(call("POST", "/v1/thing/1?method=DELETE", {{"Sec-Fetch-Site", "cross-site"}}).code() ==
          "forbidden");
    // Browsers leave Sec-Fetch-Site out where a name is not loopback and there is no TLS.
    for (const char* origin : {"https://evil.example", "null", "http://127.0.0.1:1"})
        CHECK(call("POST", "/v1/thing/1?method=DELETE", {{"Origin", origin}}).code() ==
              "forbidden");
    CHECK(call("GET", "/v1/thing/1").status == 200);
    const auto own = "http://127.0.0.1:" + std::to_string(call.service.port());
    CHECK(call("DELETE", "/v1/thing/1", {{"Origin", own}}).status == 204);
}

TEST_CASE("what a browser fetches ahead, or a page of another port loads, restores nothing") {
    // X-Moz: prefetch and Sec-Fetch-Site: same-site were let through.
    Bench call;
    const auto address = call("DELETE", "/v1/thing/1").header("Location") + "/$restore";
    for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{
             {"X-Moz", "prefetch"},
             {"x-moz", "Prefetch"},
             {"Purpose", "prefetch"},
             {"Purpose", "preview"},
             {"X-Purpose", "preview"},
             {"Sec-Purpose", "prefetch"},
             {"Sec-Purpose", "prefetch;prerender"},
             {"Sec-Purpose", "prefetch;anonymous-client-ip"},
             {"Sec-Purpose", "PreRender"}}) {
        CAPTURE(name + ": " + value);
        const auto answer = call("GET", address, {{name, value}});
        CHECK(answer.code() == "forbidden");
        CHECK(answer.json()["detail"] == "a prefetch must not change anything");
    }
    for (const char* site : {"same-site", "cross-site", "Same-Site", "CROSS-SITE", "other"}) {
        CAPTURE(site);
        const auto answer = call("GET", address, {{"Sec-Fetch-Site", site}});
        CHECK(answer.code() == "forbidden");
        CHECK(answer.json()["detail"] == "a page of another site must not change anything");
        for (const char* verb : {"DELETE", "PATCH", "PUT"})
            CHECK(call(verb, "/v1/thing/2", {{"Sec-Fetch-Site", site}}, "{}").status == 403);
        CHECK(call("POST", "/v1/thing", {{"Sec-Fetch-Site", site}}, "{}").status == 403);
    }
    CHECK(call("GET", "/v1/thing/2").status == 200);
    CHECK(call("GET", address, {{"Sec-Fetch-Site", "none"}}).status == 200);
    call("DELETE", "/v1/thing/1");
    const auto own = "http://127.0.0.1:" + std::to_string(call.service.port());
    CHECK(call("DELETE", "/v1/thing/2", {{"Origin", own}, {"Sec-Fetch-Site", "same-origin"}})
              .status == 204);
}

TEST_CASE("a range does not cut the answer into pieces") {
    Bench call;
    auto answer = call("GET", "/v1/thing/1", {{"Range", "bytes=0-3"}});
    CHECK(answer.status == 200);
    CHECK(answer.json()["name"] == "one");
}

TEST_CASE("a table made after the start is served without a new start") {
    Bench call;
    TestConnection other(call.database.url());
    // Only a DELETE looked whether there is such a table by now.
    for (const std::string verb : {"GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"}) {
        CAPTURE(verb);
        const auto table = "late_" + verb;
        other->exec("CREATE TABLE \"" + table + "\" (id int PRIMARY KEY, n int)");
        other->exec("INSERT INTO \"" + table + "\" VALUES (1)");
        const auto address = "/v1/" + table + (verb == "POST" ? "" : "/1");
        const bool bare = verb == "GET" || verb == "HEAD" || verb == "OPTIONS";
        const httplib::Headers type = {{"Content-Type", "application/json"}};
        const std::string body = verb == "POST" ? R"({"id":2})" : R"({"n":2})";
        CHECK(call(verb, address, type, bare || verb == "DELETE" ? "" : body).status < 400);
        CHECK(call("GET", "/v1/" + table).status == 200);
    }
}

TEST_CASE("addresses whose slashes and commas are encoded too are taken as meant") {
    // Clients made from openapi.yaml send time%2Fprojects and 10%2C1: both were 404.
    const std::string toml = "[[resource]]\ntable = \"pair\"\npath = \"time/pairs\"\n";
    TempDatabase database(
        "CREATE TABLE pair (a int, b text, PRIMARY KEY (a, b)); CREATE TABLE \"x/y\" (id text "
        "PRIMARY KEY); CREATE SCHEMA x; CREATE TABLE x.y (id text PRIMARY KEY); INSERT INTO pair "
        "VALUES (10, '1'), (10, 'a,b'), (10, '%2C'); INSERT INTO \"x/y\" VALUES ('a/b,c')");
    ServiceProcess service(database.url(), {}, toml);
    auto get = [&](const std::string& address) { return request(service.port(), "GET", address); };
    for (const char* path : {"/v1/time/pairs", "/v1/time%2Fpairs", "/v1/time%2fpairs"}) {
        CAPTURE(path);
        CHECK(get(path).json().Size() == 3);
        for (const char* id : {"10,1", "10%2C1", "10%2c1"})
            CHECK(get(path + std::string("/") + id).json()["b"] == "1");
        for (const char* id : {"10,a%2Cb", "10%2Ca%252Cb"})
            CHECK(get(path + std::string("/") + id).json()["b"] == "a,b");
        for (const char* id : {"10,%252C", "10%2C%25252C"})
            CHECK(get(path + std::string("/") + id).json()["b"] == "%2C");
        for (const char* id : {"10", "10%2C1%2C1", "10,1,1", "10%2Ca,b", "10%2Ca%2Cb", "%2C"})
            CHECK(get(path + std::string("/") + id).code() == "not-found");
        CHECK(get(path + std::string("/$metadata")).status == 200);
        CHECK(get(path + std::string("/10%2C1/@history")).json().Size() == 0);
    }
    CHECK(get("/v1/x%2Fy/a%2Fb%2Cc").json()["id"] == "a/b,c");
    CHECK(get("/v1/x/y/a%2Fb%2Cc").code() == "not-found");  // another table's
    const auto item = request(service.port(), "DELETE", "/v1/time%2Fpairs/10%2C1");
    CHECK(item.status == 204);
    CHECK(get("/v1/time/pairs/10,1/@deleted").json()["b"] == "1");
    CHECK(get("/v1/time%2Fpairs/10%2C1/@deleted").json()["b"] == "1");
    CHECK(get("/v1/trash?resource=time%2Fpairs").json().Size() == 1);
    CHECK(get("/v1/trash?resource=x%252Fy").json().Size() == 0);
    CHECK(get("/v1/trash?resource=time%252Fpairs").code() == "bad-request");
}

TEST_CASE("hostile ids name the row that they spell, or none") {
    TempDatabase database(
        "CREATE TABLE pair (a text, b text, PRIMARY KEY (a, b)); CREATE TABLE tag (id text PRIMARY "
        "KEY); INSERT INTO pair VALUES ('', ''), ('', 'b'), ('a', ''), ('a,', ',b'), ('%2C', '%'), "
        "('a/b', '%2F'), ('@deleted', '$metadata'); INSERT INTO tag VALUES ('%2F'), ('a,b'), "
        "('%252C'), ('@deleted'), ('/'), (',');");
    ServiceProcess service(database.url());
    const auto body = [&](const std::string& id) {
        return request(service.port(), "GET", id).body;
    };
    // Whole parameters that a client has encoded again mean the same: the second of each pair.
    const std::vector<std::array<const char*, 3>> pairs = {
        {",", "%2C", R"({"a":"","b":""})"},
        {",b", "%2Cb", R"({"a":"","b":"b"})"},
        {"a,", "a%2C", R"({"a":"a","b":""})"},
        {"a%2C,%2Cb", "a%252C%2C%252Cb", R"({"a":"a,","b":",b"})"},
        {"%252C,%25", "%25252C%2C%2525", R"({"a":"%2C","b":"%"})"},
        {"a%2Fb,%252F", "a%252Fb%2C%25252F", R"({"a":"a/b","b":"%2F"})"},
        {"%40deleted,%24metadata", "%2540deleted%2C%2524metadata",
         R"({"a":"@deleted","b":"$metadata"})"}};
    for (const auto& [raw, encoded, row] : pairs) {
        CAPTURE(raw);
        CHECK(body(std::string("/v1/pair/") + raw) == row);
        CHECK(body(std::string("/v1/pair/") + encoded) == row);
    }
    for (const auto& [id, text] :
         std::vector<std::array<const char*, 2>>{{"%252F", "%2F"},
                                                 {"a,b", "a,b"},
                                                 {"a%2Cb", "a,b"},
                                                 {"%25252C", "%252C"},
                                                 {"%40deleted", "@deleted"},
                                                 {"%2F", "/"},
                                                 {",", ","},
                                                 {"%2C", ","}}) {
        CAPTURE(id);
        CHECK(request(service.port(), "GET", std::string("/v1/tag/") + id).json()["id"] == text);
    }
    // One part or three are no key of two columns, whatever they would decode to.
    for (const char* id : {"a", ",,", "%2C%2C", "%252C", "%25zz", "a%25", "%25ff", "%2500"})
        CHECK(request(service.port(), "GET", std::string("/v1/pair/") + id).code() == "not-found");
    for (const char* id : {"a%2C%25", "a,%zz", "%zz", "a%2C%25ff", "a%2C%2500", "%00"})
        CHECK(request(service.port(), "GET", std::string("/v1/pair/") + id).code() ==
              "bad-request");
    CHECK(request(service.port(), "GET", "/v1/tag/%252C").code() == "not-found");
}
