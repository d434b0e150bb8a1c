// What people are called who delete and restore: kept when they change something, told beside their
// ids, to those alone who may see what they did.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <tuple>

#include "service/auth/person_name.hpp"
#include "tests/support/database.hpp"
#include "tests/support/problem.hpp"
#include "tests/support/tokens.hpp"
#include "trash/records/api_keys.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

const char* kSchema = R"(
DO $$ BEGIN
    CREATE ROLE people_app;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
CREATE TABLE note (tenant_id text, id int PRIMARY KEY, title text, author text);
INSERT INTO note SELECT CASE WHEN n > 8 THEN 'bolt' ELSE 'acme' END, n, 'note ' || n, 'ann'
    FROM generate_series(1, 12) n;
GRANT SELECT, INSERT, UPDATE, DELETE ON note TO people_app;
)";

const char* kRoles = R"([roles]
editors = "*"
readers = ["read", "view-trash"]
people = { "*" = "*", owner = "author" }
)";

struct Bench {
    SigningKey key{"ES256"};
    TempFile file{jwks({key})};
    TempDatabase database{kSchema};
    ServiceProcess service;

    explicit Bench(const std::string& credentials = "", const std::string& more = "")
        : service(database.url(), {},
                  fmt::format("[credentials]\napi_keys = true\njwt_keys = \"{}\"\n{}{}{}",
                              file.path(), credentials, kRoles, more)) {}

    // members: JSON members of the token after a comma.
    Answer as(const std::string& sub, const std::string& members, const std::string& verb,
              const std::string& address, httplib::Headers headers = {},
              const std::string& role = "editors") {
        headers.emplace("Authorization", "Bearer " + key.sign(claims(sub, role, members)));
        return ask(service.port(), verb, address, headers);
    }
    std::string trash(const std::string& sub, const std::string& members, int note) {
        const auto answer = as(sub, members, "DELETE", fmt::format("/v1/note/{}", note));
        REQUIRE(answer.status == 204);
        return answer.header("Location");
    }
    // What reads of who may see everything tell, as JSON.
    rapidjson::Document read(const std::string& address) {
        const auto answer = as("looker", "", "GET", address);
        REQUIRE(answer.status == 200);
        return answer.json();
    }
    std::string value(const std::string& sql) { return TestConnection(database.url()).value(sql); }
    std::string known() {
        return value(
            "SELECT coalesce(string_agg(concat_ws('/', tenant, id, name), ' ' ORDER BY tenant, "
            "id), "
            "'') FROM trashd.principal");
    }
};

std::string named(const std::string& name) {
    return R"(,"name":")" + name + "\"";
}

std::string group_of(const rapidjson::Document& item) {
    return item["groupId"].GetString();
}

}  // namespace

TEST_CASE("who has deleted something is told by name wherever the id is") {
    Bench bench;
    const auto item = bench.trash("ann", named("Ann Huber"), 1);
    const auto one = bench.read(item);
    CHECK(one["deletedBy"] == "ann");
    CHECK(one["deletedByName"] == "Ann Huber");
    CHECK(bench.read("/v1/trash")[0]["deletedByName"] == "Ann Huber");
    CHECK(bench.read("/v1/note/@deleted")[0]["trashItem"]["deletedByName"] == "Ann Huber");
    const auto group = bench.read("/v1/groups/" + group_of(one));
    CHECK(group["deletedByName"] == "Ann Huber");
    CHECK(group["root"]["deletedByName"] == "Ann Huber");
    CHECK_FALSE(group.HasMember("endedByName"));
    CHECK(bench.read("/v1/history")[0]["byName"] == "Ann Huber");
    CHECK(bench.read("/v1/note/1/@history")[0]["byName"] == "Ann Huber");
    const auto facet = bench.read("/v1/trash/$facets?by=deletedBy");
    CHECK(facet["deletedBy"][0]["value"] == "ann");
    CHECK(facet["deletedBy"][0]["name"] == "Ann Huber");
    const auto sums = bench.read("/v1/trash/$stats");
    CHECK(sums["deletedBy"][0]["value"] == "ann");
    CHECK(sums["deletedBy"][0]["name"] == "Ann Huber");
    CHECK(sums["deletedBy"][0]["items"].GetInt() == 1);
    CHECK_FALSE(sums["resource"][0].HasMember("name"));
}

TEST_CASE("who has restored or purged something is told by name, also where it is gone") {
    Bench bench;
    const auto item = bench.trash("ann", named("Ann"), 1);
    const auto group = group_of(bench.read(item));
    REQUIRE(bench.as("ben", named("Ben"), "POST", item + "/$restore").status == 200);
    CHECK(bench.read("/v1/groups/" + group)["endedByName"] == "Ben");
    CHECK(bench.read("/v1/groups/" + group)["deletedByName"] == "Ann");
    const auto gone = bench.as("looker", "", "GET", item);
    CHECK(gone.status == 410);
    CHECK(gone.json()["by"] == "ben");
    CHECK(gone.json()["byName"] == "Ben");
    CHECK(bench.read("/v1/history")[0]["byName"] == "Ben");
}

TEST_CASE("the first answer to a delete has the name already, and so has its operation") {
    Bench bench;
    const auto now = bench.as("ann", named("Ann"), "DELETE", "/v1/note/1",
                              {{"Prefer", "return=representation"}});
    CHECK(now.json()["deletedByName"] == "Ann");
    const auto later =
        bench.as("ben", named("Ben"), "DELETE", "/v1/note/2", {{"Prefer", "respond-async"}});
    REQUIRE(later.status == 202);
    CHECK(later.json()["by"] == "ben");
    CHECK(later.json()["byName"] == "Ben");
    CHECK(bench.read("/v1/operations")[0]["byName"] == "Ben");
}

TEST_CASE("the last name counts, for what was done before as well") {
    Bench bench;
    const auto first = bench.trash("ann", named("Ann Novak"), 1);
    bench.trash("ann", named("Ann Huber"), 2);
    CHECK(bench.read(first)["deletedByName"] == "Ann Huber");
    bench.trash("ann", named("Ann Novak"), 3);
    CHECK(bench.read(first)["deletedByName"] == "Ann Novak");
    bench.trash("ann", "", 4);
    CHECK_FALSE(bench.read(first).HasMember("deletedByName"));
    CHECK(bench.known().empty());
}

TEST_CASE("reading, trying and what is refused leave no name behind") {
    Bench bench;
    CHECK(bench.as("ann", named("Ann"), "GET", "/v1/note").status == 200);
    CHECK(bench.as("ann", named("Ann"), "DELETE", "/v1/note/1?dryRun=true").status == 200);
    CHECK(bench.as("ann", named("Ann"), "DELETE", "/v1/note/1", {}, "readers").status == 403);
    CHECK(bench.known().empty());
    bench.trash("ann", named("Ann"), 1);
    CHECK(bench.known() == "/ann/Ann");
}

TEST_CASE("a name that is known is not kept again with each change") {
    Bench bench;
    bench.trash("ann", named("Ann"), 1);
    TestConnection(bench.database.url())->exec("DELETE FROM trashd.principal");
    bench.trash("ann", named("Ann"), 2);
    CHECK(bench.known().empty());
    bench.trash("ann", named("Anna"), 3);
    CHECK(bench.known() == "/ann/Anna");
}

TEST_CASE("a key is called by its name, and what nobody signs has none") {
    Bench bench("anonymous = \"editors\"\n");
    schema::Pool pool(bench.database.url(), 1);
    const auto key = trash::Keys(pool, "trashd").create({"nightly", {"editors"}}).text;
    const auto with = ask(bench.service.port(), "DELETE", "/v1/note/1", {{"X-API-Key", key}});
    const auto item = bench.read(with.header("Location"));
    CHECK(item["deletedBy"] == "key:nightly");
    CHECK(item["deletedByName"] == "nightly");
    const auto without = ask(bench.service.port(), "DELETE", "/v1/note/2", {});
    CHECK_FALSE(bench.read(without.header("Location")).HasMember("deletedByName"));
}

TEST_CASE("the claim with the name can be chosen, and left out") {
    Bench nested("name_claim = \"profile.shown\"\n");
    nested.trash("ann", R"(,"name":"Ann","profile":{"shown":"A. Huber"})", 1);
    CHECK(nested.known() == "/ann/A. Huber");
    Bench none("name_claim = \"\"\n");
    none.trash("ann", named("Ann"), 1);
    CHECK(none.known().empty());
}

TEST_CASE("hostile names are text, are shortened, or are none") {
    Bench bench;
    const std::string markup = "<img src=x onerror=alert(1)>";
    CHECK(bench.read(bench.trash("ann", named(markup), 1))["deletedByName"] == markup.c_str());
    const auto cut = bench.read(bench.trash("ben", named(std::string(500, 'x')), 2));
    CHECK(std::string(cut["deletedByName"].GetString()) == std::string(99, 'x') + "…");
    const auto none = bench.read(bench.trash("cat", named("C\\u0007at"), 3));
    CHECK_FALSE(none.HasMember("deletedByName"));
    const auto number = bench.read(bench.trash("dan", R"(,"name":7)", 4));
    CHECK_FALSE(number.HasMember("deletedByName"));
}

TEST_CASE("nodb: a name is what it looks like") {
    using service::person_name;
    CHECK(person_name("Ann") == "Ann");
    CHECK(person_name("  Ann  Huber ") == "Ann  Huber");
    CHECK(person_name("Ångström 山田") == "Ångström 山田");
    CHECK(person_name(std::string(100, 'x')) == std::string(100, 'x'));
    std::string many;
    for (int i = 0; i < 200; ++i) many += "ü";
    CHECK(person_name(many) == many.substr(0, 198) + "…");
    for (const char* none : {"", "   ", "a\nb", "a\tb", "a\x7f", "a\xc2\x85", "a\u2028", "a\u202e",
                             "a\u2066", "\xff", "a\xc3"}) {
        CAPTURE(none);
        CHECK_FALSE(person_name(none));
    }
}

TEST_CASE("a tenant sees names of its own credentials alone, though ids are the same") {
    Bench bench("", "[tenant]\ncolumn = \"tenant_id\"\n");
    const auto as = [&](const std::string& tenant, const std::string& name, const std::string& verb,
                        const std::string& address) {
        return bench.as("ann", named(name) + R"(,"tenant":")" + tenant + "\"", verb, address);
    };
    const auto acme = as("acme", "Ann of Acme", "DELETE", "/v1/note/1").header("Location");
    REQUIRE(as("bolt", "Ann of Bolt", "DELETE", "/v1/note/9").status == 204);
    CHECK(bench.known() == "acme/ann/Ann of Acme bolt/ann/Ann of Bolt");
    CHECK(as("acme", "", "GET", acme).json()["deletedByName"] == "Ann of Acme");
    for (const auto& [tenant, name, other] :
         {std::tuple{"acme", "Ann of Acme", "Bolt"}, std::tuple{"bolt", "Ann of Bolt", "Acme"}})
        for (const char* address :
             {"/v1/trash", "/v1/history", "/v1/trash/$facets", "/v1/trash/$stats"}) {
            CAPTURE(address);
            const auto answer = as(tenant, "", "GET", address);
            CHECK(answer.body.find(name) != std::string::npos);
            CHECK(answer.body.find(other) == std::string::npos);
        }
}

TEST_CASE("names of others are told to nobody who may not see what they did") {
    Bench bench;
    TestConnection(bench.database.url())->exec("UPDATE note SET author = 'ben' WHERE id = 2");
    bench.trash("ann", named("Ann Huber"), 1);
    const auto own = bench.as("ben", named("Ben"), "DELETE", "/v1/note/2", {}, "people");
    REQUIRE(own.status == 204);
    for (const char* address : {"/v1/trash", "/v1/trash/$facets", "/v1/trash/$stats", "/v1/history",
                                "/v1/note/@deleted", "/v1/operations"}) {
        CAPTURE(address);
        const auto answer = bench.as("ben", named("Ben"), "GET", address, {}, "people");
        CHECK(answer.body.find("Ann") == std::string::npos);
    }
    const auto list = bench.as("ben", named("Ben"), "GET", "/v1/trash", {}, "people").json();
    REQUIRE(list.Size() == 1);
    CHECK(list[0]["deletedByName"] == "Ben");
}

TEST_CASE("a role of the database reads names of what it may see") {
    Bench bench("role_claim = \"role\"\n", "[access]\ndatabase_roles = [\"people_app\"]\n");
    const std::string role = R"(,"role":"people_app")";
    const auto answer = bench.as("ann", named("Ann") + role, "DELETE", "/v1/note/1");
    REQUIRE(answer.status == 204);
    for (const auto& address : {answer.header("Location"), std::string("/v1/trash/$facets"),
                                std::string("/v1/history")}) {
        CAPTURE(address);
        const auto read = bench.as("ann", role, "GET", address);
        CHECK(read.status == 200);
        CHECK(read.body.find("Ann") != std::string::npos);
    }
}
