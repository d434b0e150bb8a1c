// Columns of types whose values are read or compared otherwise than those of most.
#include <doctest/doctest.h>

#include "schema/error.hpp"
#include "tests/support/database.hpp"
#include "tests/support/http.hpp"

using namespace trashd::test;

namespace {

using Ids = std::vector<std::string>;

struct Bench {
    TempDatabase database;
    TestConnection sql{database.url()};
    ServiceProcess service{database.url()};
    explicit Bench(const std::string& script) : database(script) {}

    Answer get(const std::string& address) { return request(service.port(), "GET", address); }
    std::string trash(const std::string& object) {
        const auto gone = request(service.port(), "DELETE", "/v1/" + object);
        REQUIRE(gone.status == 204);
        return gone.header("Location");
    }
    // The ids of a list, page by page.
    Ids all_pages(std::string address) {
        Ids all;
        while (!address.empty()) {
            const auto answer = get(address);
            INFO(address, ": ", answer.body);
            REQUIRE(answer.status == 200);
            for (auto& id : ids(answer)) all.push_back(std::move(id));
            const auto link = answer.header("Link");
            address = link.empty() ? "" : link.substr(1, link.find('>') - 1);
        }
        return all;
    }
    // Of shadow, which has all rows as they were.
    Ids expected(const std::string& rest) {
        const auto found = sql->exec("SELECT id FROM shadow " + rest);
        Ids all;
        for (int row = 0; row < found.rows(); ++row) all.emplace_back(found.text(row, 0));
        return all;
    }
};

const char* kDomains = R"(
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN humour AS mood;
CREATE DOMAIN span AS int4range;
CREATE TABLE thing (id int PRIMARY KEY, h humour, s span);
INSERT INTO thing SELECT i, (ARRAY['happy', 'ok', 'sad', NULL]::mood[])[1 + i % 4],
  int4range(i % 3, 9) FROM generate_series(1, 20) i;
CREATE TABLE shadow AS TABLE thing;
CREATE TABLE label (h humour PRIMARY KEY, id int);
INSERT INTO label VALUES ('happy', 3), ('sad', 1), ('ok', 2);
)";

}  // namespace

TEST_CASE("a domain over an enum or a range is compared and paged like what it is over") {
    // Every condition was a 400, and every page but the first.
    Bench bench(kDomains);
    for (int id = 1; id <= 20; id += 3) bench.trash("thing/" + std::to_string(id));
    const std::string all = "/v1/thing?deleted=null&limit=3&";
    for (const auto& [sort, order] : std::vector<std::pair<std::string, std::string>>{
             {"h", "h, id"}, {"-h", "h DESC, id"}, {"s,-h", "s, h DESC, id"}, {"-s", "s DESC, id"}})
        CHECK(bench.all_pages(all + "sort=" + sort) == bench.expected("ORDER BY " + order));
    for (const auto& [where, condition] : std::vector<std::pair<std::string, std::string>>{
             {"[h][equals]=ok", "h::mood = 'ok'"},
             {"[h][not_in]=ok,sad", "(h::mood IN ('ok', 'sad')) IS NOT TRUE"},
             {"[h][greater_than_equal]=ok", "h::mood >= 'ok'"},
             {"[s][less_than]=[1,9)", "s::int4range < '[1,9)'"}})
        CHECK(bench.all_pages(all + "where" + where) ==
              bench.expected("WHERE " + condition + " ORDER BY id"));
}

TEST_CASE("objects whose key is of a domain over an enum are listed and read") {
    // The list was a 400, the object a 500.
    Bench bench(kDomains);
    CHECK(bench.all_pages("/v1/label?limit=1") == Ids{"1", "2", "3"});
    CHECK(bench.get("/v1/label/ok").json()["id"].GetInt() == 2);
    CHECK(bench.get("/v1/label/angry").code() == "not-found");
}

TEST_CASE("values of a reg type are named or numbered, and paged") {
    // The second page was a 500, and so was a number: a cast to regclass reads names alone.
    Bench bench(
        "CREATE TABLE thing (id int PRIMARY KEY, r regclass); INSERT INTO thing SELECT i, "
        "(ARRAY['pg_class', 'pg_type', 'pg_proc']::regclass[])[1 + i % 3] FROM "
        "generate_series(1, 12) i; CREATE TABLE shadow AS TABLE thing");
    for (int id = 1; id <= 12; id += 5) bench.trash("thing/" + std::to_string(id));
    const std::string all = "/v1/thing?deleted=null&limit=5&";
    CHECK(bench.all_pages(all + "sort=r") == bench.expected("ORDER BY r, id"));
    CHECK(bench.all_pages(all + "sort=-r") == bench.expected("ORDER BY r DESC, id"));
    const auto number = bench.sql.value("SELECT 'pg_class'::regclass::oid");
    const auto classes = bench.expected("WHERE r = 'pg_class'::regclass ORDER BY id");
    for (const auto& condition : {"[equals]=pg_class", "[contains]=G_CL"})
        CHECK(bench.all_pages(all + "where[r]" + condition) == classes);
    CHECK(bench.all_pages(all + "where[r][in]=" + number) == classes);
    CHECK(bench.get("/v1/thing?where[r][equals]=nothing").code() == "bad-request");
}

TEST_CASE("a trashed row shows what a column of a reg type held that was dropped since") {
    // It was a 500, and so was every list of TrashItems with objects that it was in.
    Bench bench(
        "CREATE TABLE thing (id int PRIMARY KEY, r regclass);"
        "INSERT INTO thing VALUES (1, 'pg_class')");
    const auto item = bench.trash("thing/1");
    for (const char* change : {"ALTER TABLE thing DROP r", "DROP TABLE thing"}) {
        CAPTURE(change);
        bench.sql->exec(change);
        ServiceProcess later(bench.database.url());
        CHECK(request(later.port(), "GET", item).json()["object"]["r"] == "pg_class");
        const auto list = request(later.port(), "GET", "/v1/trash?expand=object");
        CHECK(list.json()[0]["object"]["r"] == "pg_class");
    }
}

TEST_CASE("like and contains see when a row was trashed as text") {
    // They were a 500.
    Bench bench("CREATE TABLE thing (id int PRIMARY KEY); INSERT INTO thing VALUES (1), (2)");
    bench.trash("thing/1");
    const std::string at = bench.get("/v1/thing/1/@deleted").json()["deletedAt"].GetString();
    for (const std::string op : {"like", "contains"}) {
        const auto where = "where[deletedAt][" + op + "]=" + at.substr(0, 10);
        CHECK(ids(bench.get("/v1/thing?" + where)) == Ids{"1"});
        CHECK(ids(bench.get("/v1/thing?deleted=false&" + where)).empty());
    }
    CHECK(ids(bench.get("/v1/thing/@deleted?where[deletedAt][contains]=x")).empty());
}

TEST_CASE("an id that its type refuses in words of its own is not there") {
    // Keys of extensions' types answered 500, those of domains with a check 422.
    Bench bench(
        "CREATE EXTENSION ltree; CREATE TABLE place (id ltree PRIMARY KEY, n int);"
        "CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%');"
        "CREATE TABLE person (id email PRIMARY KEY, n int)");
    for (const std::string object : {"/v1/place/a..b", "/v1/person/ab"}) {
        CAPTURE(object);
        for (const char* rest : {"", "?deleted=null", "/@deleted", "/@history"})
            CHECK(bench.get(object + rest).code() == "not-found");
        const auto call = [&](const char* verb, const char* rest, const char* body) {
            const httplib::Headers json = {{"Content-Type", "application/json"}};
            return request(bench.service.port(), verb, object + rest, json, body).code();
        };
        for (const char* rest : {"", "?hard=true", "?dryRun=true"})
            CHECK(call("DELETE", rest, "") == "not-found");
        for (const char* verb : {"PATCH", "PUT"}) CHECK(call(verb, "", "{}") == "not-found");
        CHECK(call("PATCH", "?deleted=true", R"({"deletedAt":null})") == "not-found");
    }
    const auto all = request(bench.service.port(), "DELETE", "/v1/place?ids=a..b,x");
    CHECK(ids(all, "status") == Ids{"not-found", "not-found"});
}

TEST_CASE("a bulk delete says of 'where' what a list says") {
    // It was a 500, and of an empty table nothing.
    Bench bench("CREATE EXTENSION ltree; CREATE TABLE place (id ltree PRIMARY KEY, n int)");
    for (const std::string where : {"[id][equals]=a..b", "[id][in]=a,..", "[n][equals]=x"}) {
        CAPTURE(where);
        const auto list = bench.get("/v1/place?where" + where);
        const auto gone = request(bench.service.port(), "DELETE", "/v1/place?where" + where);
        CHECK(list.code() == "bad-request");
        CHECK(gone.code() == "bad-request");
        CHECK(gone.json()["detail"] == list.json()["detail"]);
    }
}
