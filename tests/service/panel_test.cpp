// The web panel as a browser gets it: what is sent, how it is kept, and what it may do.
#include <doctest/doctest.h>
#include <openssl/sha.h>

#include "tests/support/database.hpp"
#include "tests/support/problem.hpp"
#include "tests/support/tokens.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

constexpr const char* kNowhere = "nothing is at this address; /v1/ lists what there is";

constexpr const char* kPolicyBegins = "default-src 'none'; script-src 'self' 'sha256-";
constexpr const char* kPolicyEnds =
    "'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'";

struct PanelFile {
    const char *address, *type, *source;
};

constexpr PanelFile kFiles[] = {
    {"/panel/", "text/html; charset=utf-8", "panel/dist/index.html"},
    {"/panel/app.js", "text/javascript; charset=utf-8", "panel/dist/app.js"},
    {"/panel/app.css", "text/css; charset=utf-8", "panel/dist/app.css"},
    {"/panel/more.js", "text/javascript; charset=utf-8", "panel/dist/more.js"},
    {"/panel/en.js", "text/javascript; charset=utf-8", "panel/dist/en.js"},
    {"/panel/de.js", "text/javascript; charset=utf-8", "panel/dist/de.js"},
    {"/panel/licences.txt", "text/plain; charset=utf-8", "panel/dist/licences.txt"}};

struct Bench {
    TempDatabase database;
    ServiceProcess service;

    explicit Bench(const std::string& toml = "", const std::string& schema = "")
        : database(schema), service(database.url(), {}, toml) {}
    Answer get(const std::string& address, const httplib::Headers& headers = {}) {
        return ask(service.port(), "GET", address, headers);
    }
};

std::string tag_of(const std::string& bytes) {
    unsigned char hash[SHA256_DIGEST_LENGTH];
    SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), hash);
    static const char kDigits[] = "0123456789abcdef";
    std::string text = "\"";
    for (const auto byte : hash) text += {kDigits[byte >> 4], kDigits[byte & 15]};
    return text + '"';
}

// What came behind the head, as it was on the wire.
std::string wire_body(int port, const std::string& address, const std::string& headers) {
    RawClient client(port);
    client.send("GET " + address + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" +
                headers + "\r\n");
    const auto all = client.receive_all();
    return all.substr(all.find("\r\n\r\n") + 4);
}

void check_guarded(const Answer& answer) {
    const auto policy = answer.header("Content-Security-Policy");
    CHECK(policy.starts_with(kPolicyBegins));
    CHECK(policy.ends_with(kPolicyEnds));
    constexpr std::size_t kDigest = 44;  // of 32 bytes, in base64
    CHECK(policy.size() ==
          std::string(kPolicyBegins).size() + kDigest + std::string(kPolicyEnds).size());
    CHECK(answer.header("X-Content-Type-Options") == "nosniff");
    CHECK(answer.header("Referrer-Policy") == "no-referrer");
    CHECK(answer.header("Cross-Origin-Opener-Policy") == "same-origin");
    CHECK(answer.header("Cache-Control") == "no-cache");
}

const std::string kKeys = "[credentials]\napi_keys = true\n";

}  // namespace

TEST_CASE("the files of the panel are sent as they were built, under its policy") {
    Bench bench;
    for (const auto& [address, type, source] : kFiles) {
        CAPTURE(address);
        const auto answer = bench.get(address);
        CHECK(answer.status == 200);
        CHECK(answer.body == source_file(source));
        CHECK(answer.header("Content-Type") == type);
        CHECK(answer.header("ETag") == tag_of(answer.body));
        CHECK(answer.header("Content-Encoding").empty());
        CHECK(answer.header("Vary") == "Accept-Encoding");
        check_guarded(answer);
        const auto head = request(bench.service.port(), "HEAD", address);
        CHECK(head.status == 200);
        CHECK(head.body.empty());
        CHECK(head.header("Content-Length") == std::to_string(answer.body.size()));
        CHECK(head.header("ETag") == answer.header("ETag"));
    }
}

TEST_CASE("the panel is compressed where the client takes it, under another tag") {
    Bench bench;
    for (const auto& [address, type, source] : kFiles) {
        CAPTURE(address);
        const auto packed = bench.get(address, {{"Accept-Encoding", "gzip, br"}});
        CHECK(packed.header("Content-Encoding") == "gzip");
        CHECK(packed.header("Vary") == "Accept-Encoding");
        CHECK(packed.header("Content-Type") == type);
        CHECK(packed.body == source_file(source));
        check_guarded(packed);
        const auto bytes = wire_body(bench.service.port(), address, "Accept-Encoding: gzip\r\n");
        CHECK(bytes.starts_with("\x1f\x8b"));
        CHECK(packed.header("ETag") == tag_of(bytes));
        CHECK(packed.header("ETag") != bench.get(address).header("ETag"));
        CHECK(wire_body(bench.service.port(), address, "Accept-Encoding: gzip;q=0, br\r\n") ==
              source_file(source));
    }
}

TEST_CASE("what the browser has already is not sent again, also behind a proxy that packs") {
    Bench bench;
    for (const char* address : {"/panel/", "/panel/app.js", "/panel/config.json"})
        for (const char* coding : {"identity", "gzip"}) {
            CAPTURE(address);
            const auto etag = bench.get(address, {{"Accept-Encoding", coding}}).header("ETag");
            for (const auto& known : {etag, "\"x\", " + etag, "W/" + etag, std::string("*")}) {
                if (known.starts_with("W/W/")) continue;
                const auto again =
                    bench.get(address, {{"Accept-Encoding", coding}, {"If-None-Match", known}});
                CHECK(again.status == 304);
                CHECK(again.body.empty());
                CHECK(again.header("ETag") == etag);
                check_guarded(again);
            }
            CHECK(bench.get(address, {{"Accept-Encoding", coding}, {"If-None-Match", "\"x\""}})
                      .status == 200);
        }
}

TEST_CASE("/panel leads to the page with an address that holds under any prefix") {
    Bench bench;
    for (const char* address : {"/panel", "/panel?x=1"}) {
        const auto answer = bench.get(address);
        CHECK(answer.status == 308);
        CHECK(answer.header("Location") == "panel/");
        CHECK(answer.body.empty());
        check_guarded(answer);
    }
}

TEST_CASE("nothing else is below the panel, and nothing of it can be changed") {
    Bench bench;
    for (const char* address :
         {"/panel/index.html", "/panel/app.js/", "/panel/x", "/panel/app.js%00", "/panel//app.js",
          "/panel/..%2fapp.js", "/panel/App.js", "/panels/", "/v1/panel/app.js"}) {
        CAPTURE(address);
        const bool none = std::string(address).find("%00") == std::string::npos;
        CHECK(bench.get(address).code() == (none ? "not-found" : "bad-request"));
    }
    check_problem(bench.get("/panel/index.html"), "not-found", kNowhere);
    for (const char* verb : {"POST", "PUT", "PATCH", "DELETE"})
        for (const char* address : {"/panel", "/panel/", "/panel/app.js"}) {
            const auto answer = ask(bench.service.port(), verb, address);
            CHECK(answer.code() == "method-not-allowed");
            CHECK(answer.header("Allow") == "GET, HEAD, OPTIONS");
        }
    CHECK(ask(bench.service.port(), "OPTIONS", "/panel/").header("Allow") == "GET, HEAD, OPTIONS");
}

TEST_CASE("a table that is called panel has its address below /v1 all the same") {
    Bench bench("",
                "CREATE TABLE panel (id text PRIMARY KEY); INSERT INTO panel VALUES ('app.js')");
    CHECK(bench.get("/v1/panel/app.js").body == R"({"id":"app.js"})");
    CHECK(bench.get("/panel/app.js").header("Content-Type") == "text/javascript; charset=utf-8");
}

TEST_CASE("config.json tells how to sign in, and is indented where one asks for it") {
    const auto told = [](const std::string& toml) {
        Bench bench(toml);
        const auto answer = bench.get("/panel/config.json");
        CHECK(answer.status == 200);
        CHECK(answer.header("Content-Type") == "application/json");
        check_guarded(answer);
        return answer.body;
    };
    CHECK(told("") == R"({"version":"0.1.0","title":"trashd","signIn":{"mode":"none",)"
                      R"("apiKey":false,"token":false},"languages":["en","de"]})");
    CHECK(told("[panel]\ntitle = \"Über <b>\"\n" + kKeys + "[roles]\na = [\"read\"]\n") ==
          R"({"version":"0.1.0","title":"Über <b>","signIn":{"mode":"required",)"
          R"("apiKey":true,"token":false},"languages":["en","de"]})");
    CHECK(told(kKeys + "anonymous = \"a\"\n[roles]\na = [\"read\"]\n") ==
          R"({"version":"0.1.0","title":"trashd","signIn":{"mode":"optional",)"
          R"("apiKey":true,"token":false},"languages":["en","de"]})");
    Bench bench;
    CHECK(bench.get("/panel/config.json?pretty=true")
              .body.starts_with("{\n  \"version\": \"0.1.0\""));
}

TEST_CASE("config.json tells where tokens are taken") {
    const TempFile keys(jwks({SigningKey("ES256", "a")}));
    Bench bench("[credentials]\njwt_keys = \"" + keys.path() + "\"\n[roles]\na = [\"read\"]\n");
    CHECK(bench.get("/panel/config.json")
              .body.find(R"("signIn":{"mode":"required","apiKey":false,"token":true})") !=
          std::string::npos);
}

TEST_CASE("with an identity provider the page may ask that too, and is told of it") {
    const TempFile keys(jwks({SigningKey("ES256", "a")}));
    Bench bench("[credentials]\njwt_keys = \"" + keys.path() +
                "\"\n[roles]\na = [\"read\"]\n[panel]\nclient_id = \"web\"\n"
                "issuer = \"https://id.example/realm\"\ntoken_origin = \"https://b.example\"\n");
    CHECK(bench.get("/panel/")
              .header("Content-Security-Policy")
              .find("; connect-src 'self' https://b.example https://id.example; ") !=
          std::string::npos);
    CHECK(bench.get("/panel/config.json")
              .body.find(R"("token":true,"openidConnect":{"issuer":"https://id.example/realm",)"
                         R"("clientId":"web","scope":"openid profile"}})") != std::string::npos);
}

TEST_CASE("the panel is read without credentials, with wrong ones, and of no tenant") {
    Bench bench(kKeys + "[roles]\na = [\"read\"]\n[tenant]\ncolumn = \"tenant\"\nhost = true\n");
    CHECK(bench.get("/v1/").code() == "unauthorized");
    for (const char* address : {"/panel/", "/panel/app.js", "/panel/config.json"}) {
        CHECK(bench.get(address).status == 200);
        CHECK(bench.get(address, {{"X-API-Key", "wrong"}}).status == 200);
        CHECK(bench.get(address, {{"Host", "acme.example"}}).status == 200);
    }
    CHECK(bench.get("/panel").status == 308);
}

TEST_CASE("a service without credentials shows the panel to no other host than the API") {
    Bench bench;
    CHECK(bench.get("/panel/", {{"Host", "elsewhere.example"}}).code() == "forbidden");
    CHECK(bench.get("/panel/", {{"Host", "localhost:8080"}}).status == 200);
}

TEST_CASE("the panel is not counted, so that its page never comes without its script") {
    Bench bench("[limits]\nrequests_per_second = 1\nburst = 2\n");
    for (int i = 0; i < 20; ++i) {
        const auto answer = bench.get("/panel/app.js");
        CHECK(answer.status == 200);
        CHECK(answer.header("RateLimit-Limit").empty());
    }
    CHECK(bench.get("/docs").header("RateLimit-Remaining") == "1");
}

TEST_CASE("a panel that is turned off is at no address, and no page leads to it") {
    Bench bench("[panel]\nenabled = false\n");
    for (const char* address : {"/panel", "/panel/", "/panel/app.js", "/panel/config.json"})
        for (const char* verb : {"GET", "POST", "OPTIONS"})
            check_problem(ask(bench.service.port(), verb, address), "not-found", kNowhere);
    CHECK(bench.get("/", {{"Accept", "text/html"}}).body.find("/panel/") == std::string::npos);
    CHECK(bench.get("/docs").status == 200);
}
