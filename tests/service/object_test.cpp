// One object: whether the live or the trashed one is meant, and what the client has already.
#include <doctest/doctest.h>

#include "schema/error.hpp"
#include "tests/support/database.hpp"
#include "tests/support/http.hpp"

using namespace trashd::test;

namespace {

struct Bench {
    TempDatabase database;
    ServiceProcess service{database.url()};
    explicit Bench(const std::string& columns)
        : database("CREATE TABLE thing (id int PRIMARY KEY" + columns +
                   "); INSERT INTO thing (id) VALUES (1), (2)") {
        REQUIRE(request(service.port(), "DELETE", "/v1/thing/1").status == 204);
    }
    Answer get(const std::string& address, const httplib::Headers& headers = {}) {
        return request(service.port(), "GET", "/v1/thing/" + address, headers);
    }
};

}  // namespace

TEST_CASE("where[deletedAt] picks one object as it picks those of a list") {
    // It was a 400.
    Bench bench("");
    for (const auto& [address, status] : std::vector<std::pair<std::string, int>>{
             {"1?where[deletedAt][exists]=true", 200},
             {"1?where[deletedAt][exists]=false", 410},
             {"1?trash=true&where[deletedAt][exists]=true", 200},
             {"1?deleted=null&where[deletedAt][exists]=true", 200},
             {"1?deleted=false&where[deletedAt][exists]=true", 404},
             {"2?where[deletedAt][exists]=true", 404},
             {"2?where[deletedAt][exists]=false", 200},
             {"2?deleted=true&where[deletedAt][exists]=false", 404},
             {"1?where[deletedAt][exists]=maybe", 400},
             {"1?where[deletedAt][like]=2", 400},
             {"1?where[id][equals]=1", 400}}) {
        CAPTURE(address);
        CHECK(bench.get(address).status == status);
    }
    CHECK(bench.get("1?where[deletedAt][exists]=true").json()["trashItem"].IsObject());
    Bench own(", \"deletedAt\" int");
    CHECK(own.get("1?where[deletedAt][exists]=true").code() == "bad-request");
}

TEST_CASE("an object that the client has already is not sent again") {
    // Tags in a list, and tags that a proxy made weak, were not known.
    Bench bench("");
    const auto tag = bench.get("2").header("ETag");
    for (const auto& known : {tag, "W/" + tag, "\"x\", " + tag, std::string("*")}) {
        CAPTURE(known);
        const auto again = bench.get("2", {{"If-None-Match", known}});
        CHECK(again.status == 304);
        CHECK(again.body.empty());
        CHECK(again.header("ETag") == tag);
    }
    CHECK(bench.get("2", {{"If-None-Match", "\"x\""}}).status == 200);
}

TEST_CASE("deletedAt in a PATCH is answered by where the object is") {
    // A client of Payload was told that there is no such column, and to leave it out.
    Bench bench("");
    auto patch = [&](const std::string& address, const std::string& body) {
        return request(bench.service.port(), "PATCH", "/v1/thing/" + address,
                       {{"Content-Type", "application/json"}}, body);
    };
    const std::string none = R"({"deletedAt": null})";
    const auto trashed = patch("1", none);
    CHECK((trashed.status == 409 && trashed.code() == "in-trash"));
    CHECK(std::string(trashed.json()["detail"].GetString()).find("?deleted=true") !=
          std::string::npos);
    CHECK(patch("1", R"({"deletedAt": "2026-01-01T00:00:00Z"})").code() == "in-trash");
    CHECK(patch("9", none).code() == "not-found");
    CHECK(patch("2", none).json()["column"] == "deletedAt");
    CHECK(
        std::string(patch("2?trash=true", none).json()["detail"].GetString()) ==
        "'deletedAt' is no column: DELETE puts the object into the trash, and PATCH ?deleted=true "
        "with {\"deletedAt\": null} takes it out; leave it out");
    CHECK(patch("1?trash=true", "{}").code() == "in-trash");
    CHECK(patch("2?trash=true", "{}").status == 200);
    CHECK(patch("9?trash=true", none).code() == "not-found");
    CHECK(patch("1?trash=maybe", none).code() == "bad-request");
    const auto restored = patch("1?trash=true", none);
    CHECK((restored.status == 200 && restored.json()["restored"].GetInt() == 1));
    CHECK(bench.get("1").status == 200);
    const auto deleted = request(bench.service.port(), "DELETE", "/v1/thing/1?trash=true");
    CHECK(std::string(deleted.json()["detail"].GetString()) ==
          "a DELETE does not take 'trash'; hard=true deletes for good, also what is in the trash");
    CHECK(bench.get("1").status == 200);
    const auto made =
        request(bench.service.port(), "POST", "/v1/thing", {{"Content-Type", "application/json"}},
                R"({"id": 3, "deletedAt": null})");
    CHECK((made.status == 422 && made.json()["column"] == "deletedAt"));
}

TEST_CASE("where a table has columns of the trash's names, the trash's have a $ in front") {
    // The column won quietly: there was no id to restore by, and no time of deletion.
    Bench bench(", \"deletedAt\" timestamptz, \"trashItem\" text DEFAULT 'x'");
    CHECK(bench.service.log().find("has a column deletedAt of its own") != std::string::npos);
    const auto trashed = bench.get("1?deleted=true").json();
    CHECK(trashed["deletedAt"].IsNull());
    CHECK(trashed["$deletedAt"].IsString());
    CHECK(trashed["trashItem"] == "x");
    const std::string item = trashed["$trashItem"]["id"].GetString();
    auto list = [&](const std::string& query) {
        return ids(request(bench.service.port(), "GET", "/v1/thing?" + query)).size();
    };
    CHECK(list("deleted=null&where[$deletedAt][exists]=true") == 1);
    CHECK(list("deleted=null&where[deletedAt][exists]=true") == 0);
    CHECK(list("deleted=null&where[deletedAt][exists]=false") == 2);
    CHECK(list("deleted=true&sort=-$deletedAt") == 1);
    CHECK(bench.get("1?where[$deletedAt][exists]=true").status == 200);
    CHECK(request(bench.service.port(), "PATCH", "/v1/thing/2",
                  {{"Content-Type", "application/json"}},
                  R"({"deletedAt": "2026-01-01T00:00:00Z"})")
              .status == 200);
    CHECK(request(bench.service.port(), "PATCH", "/v1/thing/1?deleted=true",
                  {{"Content-Type", "application/json"}}, R"({"deletedAt": null})")
              .status == 200);
    CHECK(request(bench.service.port(), "GET", "/v1/trash/" + item).code() == "gone");
}
