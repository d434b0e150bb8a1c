// One object: whether the live or the trashed one is meant, and what the client has already.
#include <doctest/doctest.h>

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
