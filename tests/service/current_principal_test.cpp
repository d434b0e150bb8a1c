// What GET /v1/@me tells of who asks: by key, by token, and without either.
#include <doctest/doctest.h>

#include "tests/support/database.hpp"
#include "tests/support/problem.hpp"
#include "tests/support/tokens.hpp"
#include "trash/records/api_keys.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

const char* kSchema =
    "CREATE TABLE project (id int PRIMARY KEY, author text);"
    "CREATE TABLE task (id int PRIMARY KEY);";

std::string roles(const std::string& credentials) {
    return "[credentials]\napi_keys = true\n" + credentials +
           "[limits]\ndelete_rows = 10\n"
           "[[resource]]\ntable = \"project\"\npath = \"time/projects\"\n"
           "[roles]\nguest = { read = \"task\" }\n"
           "people = { read = \"*\", trash = \"*\", owner = \"author\", delete_rows = 100 }\n"
           "editors = { read = \"*\", write = \"task\" }\nowners = \"*\"\n";
}

}  // namespace

TEST_CASE("without credentials everybody is anonymous and may do anything") {
    TempDatabase database(kSchema);
    ServiceProcess service(database.url());
    const auto answer = request(service.port(), "GET", "/v1/@me");
    CHECK(answer.status == 200);
    CHECK(answer.body ==
          R"({"principal":"anonymous","kind":"anonymous","name":"anonymous","tenant":null,)"
          R"("roles":[],"expiresAt":null,"rights":{"*":{"read":"all","write":"all",)"
          R"("trash":"all","view-trash":"all","restore":"all","purge":"all","hold":"all",)"
          R"("erase":"all","admin":"all"}},)"
          R"("limits":{"deleteRows":null,"requestsPerSecond":null,"burst":null,)"
          R"("operations":100,"bodyBytes":1048576},"settings":{"asyncRows":100000,)"
          R"("restoreByGet":true,"idempotencyHours":24}})");
    CHECK(request(service.port(), "GET", "/v1/@me?x=1").code() == "bad-request");
    CHECK(request(service.port(), "POST", "/v1/@me").code() == "method-not-allowed");
    CHECK(request(service.port(), "GET", "/v1/@you").code() == "not-found");
}

TEST_CASE("a key tells its name, its end, its limits, and rights for all rows and for own ones") {
    TempDatabase database(kSchema);
    ServiceProcess service(database.url(), {}, roles("anonymous = \"guest\"\n"));
    schema::Pool pool(database.url(), 1);
    trash::Keys keys(pool, "trashd");
    auto me = [&](const httplib::Headers& headers) {
        return request(service.port(), "GET", "/v1/@me", headers).json();
    };
    const auto text =
        keys.create({"nightly", {"people", "editors", "gone"}, {}, "2090-01-31"}).text;
    const auto key = me({{"X-API-Key", text}});
    CHECK(key["principal"] == "key:nightly");
    CHECK(key["kind"] == "key");
    CHECK(key["name"] == "nightly");
    CHECK(key["roles"].Size() == 3);
    CHECK(key["expiresAt"] == "2090-01-31T00:00:00.000000Z");
    CHECK(key["limits"]["deleteRows"].GetInt() == 100);
    const auto& rights = key["rights"];
    CHECK(rights.MemberCount() == 3);
    CHECK(rights["*"].MemberCount() == 1);
    CHECK(rights["*"]["read"] == "all");
    CHECK(rights["time/projects"].MemberCount() == 1);
    CHECK(rights["time/projects"]["trash"] == "own");
    CHECK(rights["task"].MemberCount() == 1);
    CHECK(rights["task"]["write"] == "all");
    const auto nobody = me({});
    CHECK(nobody["kind"] == "anonymous");
    CHECK(nobody["roles"][0] == "guest");
    CHECK(nobody["rights"]["*"].MemberCount() == 0);
    CHECK(nobody["rights"]["task"]["read"] == "all");
    CHECK(request(service.port(), "GET", "/v1/@me", {{"X-API-Key", "x"}}).status == 401);
}

TEST_CASE("a token tells its tenant, its end, and the name of whose it is") {
    const SigningKey key("ES256");
    const TempFile file(jwks({key}));
    TempDatabase database(
        "CREATE TABLE task (id int PRIMARY KEY, tenant_id text NOT NULL, author text)");
    ServiceProcess service(database.url(), {},
                           "[tenant]\ncolumn = \"tenant_id\"\n[credentials]\njwt_keys = \"" +
                               file.path() + "\"\n[roles]\npeople = [\"read\"]\n");
    auto me = [&](const std::string& more) {
        return request(service.port(), "GET", "/v1/@me",
                       {{"Authorization", "Bearer " + key.sign(claims("ann", "people", more))}});
    };
    const auto named = me(R"(,"tenant":"acme","name":"Ann Lee")").json();
    CHECK(named["principal"] == "ann");
    CHECK(named["kind"] == "token");
    CHECK(named["name"] == "Ann Lee");
    CHECK(named["tenant"] == "acme");
    CHECK(std::string(named["expiresAt"].GetString()).size() == 27);
    CHECK(named["rights"]["*"]["read"] == "all");
    CHECK(me(R"(,"tenant":"acme","name":"\n")").json()["name"] == "ann");
    CHECK(me("").code() == "forbidden");  // it names no tenant
}

TEST_CASE("a table whose path begins with @ is not served, and the log says so") {
    TempDatabase database("CREATE TABLE \"@me\" (id int PRIMARY KEY)");
    ServiceProcess service(database.url());
    CHECK(service.log().find("public.@me is not served") != std::string::npos);
    CHECK(request(service.port(), "GET", "/v1/@me").json().HasMember("principal"));
}
