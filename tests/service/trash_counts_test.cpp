// How much lies in the trash: exact of little, estimated of much, and only what may be seen.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>

#include "tests/support/database.hpp"
#include "tests/support/problem.hpp"
#include "trash/records/api_keys.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

const char* kSchema = R"(
CREATE TABLE team (id int PRIMARY KEY, name text);
CREATE TABLE person (id int PRIMARY KEY, team int REFERENCES team ON DELETE CASCADE, author text);
INSERT INTO team VALUES (1, 'Red'), (2, 'Blue'), (3, 'Green');
INSERT INTO person VALUES (1, 1, 'key:ann'), (2, 1, 'key:bob'), (3, 2, 'key:ann'), (4, 3, NULL);
)";

// "team 2/2 person 1/3 " of each value's groups and items
std::string told(const rapidjson::Value& values) {
    std::string text;
    for (const auto& one : values.GetArray())
        text += fmt::format("{} {}/{} ", one["value"].GetString(), one["groups"].GetInt(),
                            one["items"].GetInt());
    return text;
}

}  // namespace

TEST_CASE("facets count groups and items by resource, person and day, as the filters mean") {
    TempDatabase database(kSchema);
    ServiceProcess service(database.url(), {},
                           "[[resource]]\ntable = \"team\"\npath = \"hr/teams\"\n");
    auto get = [&](const std::string& query) {
        return request(service.port(), "GET", "/v1/trash/$facets" + query);
    };
    CHECK(get("").body == "{\"resource\":[],\"deletedBy\":[],\"day\":[]}");
    for (const char* path : {"hr/teams/1", "person/4", "hr/teams/2"})
        REQUIRE(request(service.port(), "DELETE", std::string("/v1/") + path).status == 204);
    TestConnection sql(database.url());
    sql->exec(
        "UPDATE trashd.trash_group SET deleted_by = 'zoe', created_at = '2024-02-03T23:30:00Z' "
        "WHERE root_object = '2'");
    const auto all = get("").json();
    CHECK(told(all["resource"]) == "person 3/4 hr/teams 2/2 ");
    CHECK(told(all["deletedBy"]) == "anonymous 2/4 zoe 1/2 ");
    CHECK(told(all["day"]).ends_with(" 2/4 2024-02-03 1/2 "));
    CHECK_FALSE(all.HasMember("approximate"));
    CHECK(get("?by=deletedBy").json().MemberCount() == 1);
    for (const auto& [query, told_of] : std::vector<std::pair<std::string, std::string>>{
             {"root=true", "hr/teams 2/2 person 1/1 "},
             {"root=false", "person 2/3 "},
             {"resource=person", "person 3/4 "},
             {"resource=person&root=true", "person 1/1 "},
             {"deletedBy=zoe", "person 1/1 hr/teams 1/1 "},
             {"from=2025-01-01", "person 2/3 hr/teams 1/1 "},
             {"q=red", "hr/teams 1/1 "},
             {"text=key:ann", "person 2/2 "},
             {"deletedObjectId=2", "person 1/1 hr/teams 1/1 "},
             {"olderThan=365d", "person 1/1 hr/teams 1/1 "},
             {"expiresBefore=2100-01-01", ""}}) {
        CAPTURE(query);
        CHECK(told(get("?by=resource&" + query).json()["resource"]) == told_of);
    }
    for (const char* query :
         {"?by=", "?by=reason", "?by=day,day", "?limit=3", "?from=x", "?sort=createdAt"})
        CHECK(get(query).code() == "bad-request");
}

TEST_CASE("statistics tell groups, items and bytes by resource, person and age") {
    TempDatabase database(kSchema);
    ServiceProcess service(database.url());
    auto get = [&] { return request(service.port(), "GET", "/v1/trash/$stats").json(); };
    const auto none = get();
    CHECK(none["groups"].GetInt() == 0);
    CHECK(none["oldest"].IsNull());
    CHECK(none["at"].IsString());
    request(service.port(), "DELETE", "/v1/team/1");
    request(service.port(), "DELETE", "/v1/team/2");
    TestConnection sql(database.url());
    sql->exec(
        "UPDATE trashd.trash_group SET created_at = '2024-02-03T23:30:00Z', expires_at = "
        "'2090-01-01T00:00:00Z' WHERE root_object = '2'");
    const auto all = get();
    CHECK(all["groups"].GetInt() == 2);
    CHECK(all["items"].GetInt() == 5);
    CHECK(told(all["resource"]) == "person 2/3 team 2/2 ");
    CHECK(told(all["deletedBy"]) == "anonymous 2/5 ");
    CHECK(told(all["age"]) == "1d 1/3 older 1/2 ");
    CHECK(all["oldest"] == "2024-02-03T23:30:00.000000Z");
    CHECK(all["nextToExpire"] == "2090-01-01T00:00:00.000000Z");
    CHECK_FALSE(all["approximate"].GetBool());
    const auto stored =
        std::stoll(sql.value("SELECT sum(pg_column_size(payload)) FROM trashd.item"));
    CHECK(std::llabs(all["bytes"].GetInt64() - stored) <= 2);
    CHECK(request(service.port(), "GET", "/v1/trash/$stats?by=day").code() == "bad-request");
    CHECK(request(service.port(), "DELETE", "/v1/trash/$stats").code() == "method-not-allowed");
}

TEST_CASE("facets and statistics count only what may be seen") {
    TempDatabase database(kSchema);
    ServiceProcess service(database.url(), {},
                           "[credentials]\napi_keys = true\n[roles]\nowners = \"*\"\n"
                           "teams = { view-trash = \"team\" }\n"
                           "people = { view-trash = \"*\", owner = \"author\" }\n");
    schema::Pool pool(database.url(), 1);
    trash::Keys keys(pool, "trashd");
    auto as = [&](const std::string& role, const std::string& verb, const std::string& address) {
        return ask(service.port(), verb, address,
                   {{"X-API-Key", keys.create({"ann", {role}}).text}});
    };
    as("owners", "DELETE", "/v1/team/1");
    as("owners", "DELETE", "/v1/team/2");
    auto facets = [&](const std::string& role) {
        return told(as(role, "GET", "/v1/trash/$facets").json()["resource"]);
    };
    CHECK(facets("owners") == "person 2/3 team 2/2 ");
    CHECK(facets("teams") == "team 2/2 ");
    CHECK(facets("people") == "person 2/2 ");
    CHECK(as("teams", "GET", "/v1/trash/$stats").json()["items"].GetInt() == 2);
    CHECK(as("people", "GET", "/v1/trash/$stats").json()["items"].GetInt() == 0);
    CHECK(as("teams", "GET", "/v1/trash/$facets?resource=person").code() == "forbidden");
}

TEST_CASE("a large trash is estimated, and says so") {
    TempDatabase database(std::string(kSchema) +
                          "CREATE TABLE badge (id int PRIMARY KEY);"
                          "INSERT INTO badge VALUES (1)");
    ServiceProcess service(database.url());
    REQUIRE(request(service.port(), "DELETE", "/v1/person/4").status == 204);
    REQUIRE(request(service.port(), "DELETE", "/v1/team/1").status == 204);
    TestConnection sql(database.url());
    sql->exec(
        "INSERT INTO trashd.trash_group (id, uuid, created_at, deleted_by, root_shape, "
        "root_object, shapes, counts, size, links) SELECT id + 10 * n, (left(md5(n || ' ' || id), "
        "24) || '00000000')::uuid, created_at - n * interval '1 min', CASE n % 4 WHEN 0 THEN 'zoe' "
        "ELSE 'ann' END, root_shape, n::text, shapes, counts, size, 0 FROM trashd.trash_group, "
        "generate_series(1, 30000) n");
    REQUIRE(request(service.port(), "DELETE", "/v1/badge/1").status == 204);
    const auto rare = request(service.port(), "GET", "/v1/trash/$facets?resource=badge").json();
    CHECK(told(rare["resource"]) == "badge 1/1 ");
    CHECK_FALSE(rare.HasMember("approximate"));
    const auto facets = request(service.port(), "GET", "/v1/trash/$facets").json();
    CHECK(facets["approximate"].GetBool());
    const auto near = [](const rapidjson::Value& number, double expected) {
        return number.GetDouble() > expected * 0.8 && number.GetDouble() < expected * 1.2;
    };
    REQUIRE(facets["deletedBy"].Size() >= 2);
    CHECK(facets["deletedBy"][0]["value"] == "ann");
    CHECK(near(facets["deletedBy"][0]["groups"], 45000));
    CHECK(near(facets["deletedBy"][1]["groups"], 15000));
    CHECK(facets["resource"][0]["value"] == "person");
    CHECK(near(facets["resource"][0]["items"], 90000));
    const auto few = request(service.port(), "GET", "/v1/trash/$facets?deletedBy=anonymous").json();
    if (!few.HasMember("approximate")) CHECK(few["deletedBy"][0]["groups"].GetInt() == 3);
    const auto stats = request(service.port(), "GET", "/v1/trash/$stats").json();
    CHECK(stats["approximate"].GetBool());
    CHECK(near(stats["groups"], 60000));
    CHECK(near(stats["items"], 120000));
}
