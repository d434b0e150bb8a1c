// In the trash a key is found as among live rows: by the equality of its type, not by its spelling.
#include <doctest/doctest.h>

#include "schema/error.hpp"
#include "tests/support/database.hpp"
#include "tests/support/http.hpp"

using namespace trashd::test;

namespace {

struct Bench {
    TempDatabase database;
    ServiceProcess service;
    explicit Bench(const std::string& schema) : database(schema), service(database.url()) {}

    Answer ask(const std::string& method, const std::string& path, const std::string& body = "") {
        httplib::Headers headers;
        if (!body.empty()) headers.emplace("Content-Type", "application/json");
        return request(service.port(), method, "/v1/" + path, headers, body);
    }
    // The id of the item of the object, by whatever spelling.
    std::string item(const std::string& path) {
        return ask("GET", path + "/@deleted").json()["trashItem"]["id"].GetString();
    }
    std::string value(const std::string& query) {
        return TestConnection(database.url()).value(query);
    }
};

struct Spelt {
    std::string type, stored, asked, json;
};

constexpr const char* kTypes =
    "CREATE EXTENSION citext;"
    "CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);"
    "CREATE TYPE mood AS ENUM ('sad');"
    "CREATE DOMAIN mail AS citext;";

}  // namespace

TEST_CASE("a trashed key is found however it is spelt") {
    // Where 'ann' found the live row 'Ann', it found nothing in the trash: the same request was
    // answered in another way when it was repeated, and a second row was written under the key.
    for (const auto& [type, stored, asked, json] :
         std::vector<Spelt>{{"citext", "Ann@x.org", "ann@X.org", "\"ann@X.org\""},
                            {"mail", "Ann%", "aNN%25", "\"aNN%\""},
                            {"numeric", "1.0", "1.00", "1.00"},
                            {"float8", "0", "-0", "-0.0"},
                            {"char(5)", "a", "a%20", "\"a \""},
                            {"bpchar", "a", "a%20", "\"a \""},
                            {"interval", "24:00:00", "1%20day", "\"1 day\""},
                            {"text COLLATE ci", "Zoe", "zOE", "\"zOE\""},
                            {"numeric[]", "{1.0}", "%7B1.00%7D", "[1.00]"},
                            {"mood", "sad", "sad", "\"sad\""},
                            {"jsonb", "{\"a\": 1.0}", "%7B%22a%22:1.00%7D", "{\"a\": 1.00}"}}) {
        CAPTURE(type);
        Bench bench(std::string(kTypes) + "CREATE TABLE a (k " + type +
                    " PRIMARY KEY, n int); INSERT INTO a VALUES ('" + stored + "', 1)");
        const auto at = "a/" + asked;
        REQUIRE(bench.ask("GET", at).status == 200);
        REQUIRE(bench.ask("DELETE", at).status == 204);
        CHECK(bench.ask("DELETE", at).status == 204);
        CHECK(bench.ask("GET", at).status == 410);
        CHECK(bench.ask("GET", at + "/@deleted").status == 200);
        CHECK(bench.ask("GET", at + "/@history").json().Size() == 1);
        const auto again = bench.ask("POST", "a", "{\"k\": " + json + ", \"n\": 5}");
        CHECK(again.status == 409);
        CHECK(again.code() == "in-trash");
        CHECK(bench.ask("PATCH", at, "{\"k\": " + json + ", \"n\": 5}").code() == "in-trash");
        CHECK(bench.value("SELECT count(*) FROM a") == "0");
        const auto back = bench.ask("POST", "trash/" + bench.item(at) + "/$restore");
        CHECK(back.status == 200);
        CHECK(bench.value("SELECT k::text FROM a") ==
              bench.value("SELECT ('" + stored + "'::" + type.substr(0, type.find(" COLLATE")) +
                          ")::text"));
        CHECK(bench.ask("GET", at + "/@history").json().Size() == 2);
        CHECK(bench.ask("DELETE", at).status == 204);
        CHECK(bench.ask("DELETE", at + "?hard=true").status == 204);
        CHECK(bench.ask("GET", at).status == 404);
    }
}

TEST_CASE("keys of several columns, one without one spelling, are found and deleted") {
    // replace() took no nondeterministic collation: 503 "the schema changed meanwhile" for ever.
    Bench bench(std::string(kTypes) +
                "CREATE TABLE a (k text COLLATE ci, b int, n numeric, PRIMARY KEY (k, b, n));"
                "INSERT INTO a VALUES ('A,%', 1, 1.0), ('B', 1, 1.0);"
                "CREATE TABLE c (id int PRIMARY KEY, k text COLLATE ci NOT NULL, b int NOT NULL, "
                "n numeric NOT NULL, FOREIGN KEY (k, b, n) REFERENCES a);"
                "CREATE INDEX ON c (k, b, n); INSERT INTO c VALUES (1, 'a,%', 1, 1.000)");
    REQUIRE(bench.ask("DELETE", "a/a%2C%25,1,1.00").status == 409);
    REQUIRE(bench.ask("DELETE", "c/1").status == 204);
    CHECK(bench.ask("DELETE", "a/a%2C%25,1,1.00").status == 204);
    CHECK(bench.ask("DELETE", "a/A%2C%25,1,1").status == 204);
    CHECK(bench.ask("GET", "a/a%2C%25,1,1").status == 410);
    CHECK(bench.ask("GET", "a/a%2C%25,1,1/@history").json().Size() == 1);
    CHECK(bench.ask("GET", "a/a%2C%25,2,1").status == 404);
    const auto lacks = bench.ask("POST", "trash/" + bench.item("c/1") + "/$restore");
    CHECK(lacks.status == 409);
    const auto conflicts = lacks.json();
    REQUIRE(conflicts["conflicts"].Size() == 1);
    CHECK(conflicts["conflicts"][0]["trashItem"].IsString());
    const auto with = bench.ask("POST", "trash/" + bench.item("c/1") + "/$restore?with=ancestors");
    CHECK(with.status == 200);
    CHECK(bench.value("SELECT k || n FROM a WHERE k = 'a,%'") == "A,%1.0");
}

TEST_CASE("the parent in the trash is found however it is spelt, by its key or another one") {
    // "neither there nor in the trash" was said of a row that lay in the trash.
    Bench bench(std::string(kTypes) +
                "CREATE TABLE u (email citext PRIMARY KEY, amount numeric UNIQUE NOT NULL);"
                "CREATE TABLE post (id int PRIMARY KEY, email citext REFERENCES u, "
                "amount numeric REFERENCES u (amount));"
                "CREATE INDEX ON post (email); CREATE INDEX ON post (amount);"
                "INSERT INTO u VALUES ('Bob@x.org', 1.0);"
                "INSERT INTO post VALUES (3, 'bob@x.org', NULL), (4, NULL, 1.00)");
    for (const std::string post : {"post/3", "post/4"}) {
        CAPTURE(post);
        REQUIRE(bench.ask("DELETE", "post/3").status == 204);
        REQUIRE(bench.ask("DELETE", "post/4").status == 204);
        REQUIRE(bench.ask("DELETE", "u/Bob@x.org").status == 204);
        const auto lacks = bench.ask("POST", "trash/" + bench.item(post) + "/$restore");
        CHECK(lacks.status == 409);
        const auto answer = lacks.json();
        CHECK(answer["conflicts"][0]["detail"].GetString() ==
              std::string("the row of public.u lies in the trash; restore it first"));
        CHECK(bench.ask("POST", "trash/" + bench.item(post) + "/$restore?with=ancestors").status ==
              200);
        for (const std::string other : {"post/3", "post/4"})
            if (other != post)
                CHECK(bench.ask("POST", "trash/" + bench.item(other) + "/$restore").status == 200);
        CHECK(bench.value("SELECT string_agg(email || amount, '') FROM u") == "Bob@x.org1.0");
    }
    REQUIRE(bench.ask("DELETE", "post/3").status == 204);
    REQUIRE(bench.ask("DELETE", "post/4").status == 204);
    REQUIRE(bench.ask("DELETE", "u/bob@x.org").status == 204);
    REQUIRE(bench.ask("DELETE", "trash/" + bench.item("u/BOB@x.org")).status == 204);
    const auto gone = bench.ask("POST", "trash/" + bench.item("post/3") + "/$restore").json();
    CHECK(std::string(gone["conflicts"][0]["detail"].GetString()) ==
          "the row of public.u was purged from the trash");
}

TEST_CASE("filters by an id mean the object, however it is spelt, and no text that is no key") {
    Bench bench(std::string(kTypes) +
                "CREATE TABLE a (k citext, n numeric, PRIMARY KEY (k, n));"
                "CREATE TABLE n (k numeric PRIMARY KEY);"
                "INSERT INTO a VALUES ('Ann,%', 1.0), ('Bob', 2); INSERT INTO n VALUES (1.0), (2)");
    for (const std::string id : {"a/ann%2C%25,1", "a/bob,2", "n/1", "n/2"})
        REQUIRE(bench.ask("DELETE", id).status == 204);
    const auto found = [&](const std::string& resource, const std::string& id) {
        const auto query = "resource=" + resource;
        const auto items =
            ids(bench.ask("GET", "trash?" + query + "&deletedObjectId=" + id), "deletedObjectId");
        CHECK(items == ids(bench.ask("GET", "history?" + query + "&objectId=" + id), "objectId"));
        return items;
    };
    using Ids = std::vector<std::string>;
    CHECK(found("a", "ANN%252C%2525,1.00") == Ids{"Ann%2C%25,1.0"});
    CHECK(found("n", "1") == Ids{"1.0"});
    CHECK(found("n", "2.000") == Ids{"2"});
    for (const std::string none : {"1,x", "one", "", "1,1", "3", "BOB,2.0,x", "BOB"}) {
        CAPTURE(none);
        CHECK(found("n", none).empty());
        CHECK(found("a", none).empty());
    }
    // A text that is no key must not purge what a part of it names.
    CHECK(bench.ask("DELETE", "trash?resource=a&deletedObjectId=BOB,2.0,x&confirm=true").status ==
          200);
    CHECK(found("a", "BOB,2.0") == Ids{"Bob,2"});
    CHECK(bench.ask("DELETE", "trash?resource=a&deletedObjectId=BOB,2.0&confirm=true").status ==
          200);
    CHECK(bench.ask("GET", "a/Bob,2/@deleted").status == 404);
}

TEST_CASE("several ids are found however they are spelt, each once") {
    Bench bench(std::string(kTypes) +
                "CREATE TABLE a (k citext PRIMARY KEY); INSERT INTO a VALUES ('Ann'), ('Bob')");
    const auto statuses = [&](const std::string& method, const std::string& path) {
        std::string all;
        const auto answer = bench.ask(method, path).json();
        for (const auto& one : answer.GetArray())
            all += std::string(one["id"].GetString()) + " " + one["status"].GetString() + "; ";
        return all;
    };
    CHECK(statuses("DELETE", "a?ids=ann,ANN,bob") == "ann trashed; ANN trashed; bob trashed; ");
    CHECK(statuses("DELETE", "a?ids=aNN") == "aNN already-trashed; ");
    CHECK(bench.ask("POST", "trash/" + bench.item("a/bOB") + "/$restore").status == 200);
    CHECK(statuses("DELETE", "a?ids=aNN,BOB,no&hard=true") ==
          "aNN deleted; BOB deleted; no not-found; ");
    CHECK(bench.value("SELECT count(*) FROM a") == "0");
    CHECK(bench.ask("GET", "a/ann").status == 404);
}

TEST_CASE(
    "a reference that was cleared comes back, though the key was written in another way since") {
    Bench bench(std::string(kTypes) +
                "CREATE TABLE p (id int PRIMARY KEY);"
                "CREATE TABLE a (k citext PRIMARY KEY, p int REFERENCES p ON DELETE SET NULL);"
                "CREATE INDEX ON a (p); INSERT INTO p VALUES (1); INSERT INTO a VALUES ('Ann', 1)");
    REQUIRE(bench.ask("DELETE", "p/1").status == 204);
    TestConnection(bench.database.url())->exec("UPDATE a SET k = 'ann'");
    REQUIRE(bench.ask("DELETE", "a/ann").status == 204);
    CHECK(bench.ask("POST", "trash/" + bench.item("p/1") + "/$restore").status == 200);
    CHECK(bench.ask("POST", "trash/" + bench.item("a/ANN") + "/$restore").status == 200);
    CHECK(bench.value("SELECT k || ' ' || p FROM a") == "ann 1");
}
