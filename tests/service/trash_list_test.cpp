#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

#include "schema/error.hpp"
#include "tests/support/database.hpp"
#include "tests/support/http.hpp"

using namespace trashd::test;

namespace {

const char* kSchema = R"(
CREATE TABLE team (id int PRIMARY KEY, title text, code text);
CREATE TABLE person (id int PRIMARY KEY, team int REFERENCES team ON DELETE CASCADE, email text);
INSERT INTO team VALUES (1, 'Red 100%', 'r'), (2, '', 'blue_x'), (3, NULL, NULL);
INSERT INTO person SELECT i, 1 + i % 3, 'p' || i || '@example' FROM generate_series(1, 6) i;
)";

struct Bench {
    TempDatabase database{kSchema};
    ServiceProcess service{
        database.url(), {}, "[[resource]]\ntable = \"team\"\nclass = \"Team\"\n"};

    Answer get(const std::string& address) { return request(service.port(), "GET", address); }
    std::string trash(const std::string& path) {
        auto gone = request(service.port(), "DELETE", "/v1/" + path);
        REQUIRE(gone.status == 204);
        return gone.header("X-Trash-Group");
    }
    // "team/1 person/3" in the order of the list.
    static std::string names(const Answer& answer) {
        std::string text;
        const auto items = answer.json();
        for (const auto& item : items.GetArray())
            text += std::string(text.empty() ? "" : " ") + item["resource"].GetString() + "/" +
                    item["deletedObjectId"].GetString();
        return text;
    }
    std::string list(const std::string& query) { return names(get("/v1/trash?" + query)); }
};

}  // namespace

TEST_CASE("TrashItems are found by each filter, and by several") {
    Bench bench;
    const auto first = bench.trash("team/1");
    const auto second = bench.trash("person/1");
    bench.trash("team/3?reason=over");
    for (const auto& [query, names] : std::vector<std::pair<std::string, std::string>>{
             {"", "team/3 person/2 person/5 person/1 team/1 person/3 person/6"},
             {"root=true", "team/3 person/1 team/1"},
             {"root=false", "person/2 person/5 person/3 person/6"},
             {"resource=team", "team/3 team/1"},
             {"resource=person&root=true", "person/1"},
             {"groupId=" + first, "team/1 person/3 person/6"},
             {"groupId=" + second + "&resource=team", ""},
             {"deletedObjectId=3", "team/3 person/3"},
             {"deletedObjectId=3&resource=person", "person/3"},
             {"deletedBy=anonymous&root=true", "team/3 person/1 team/1"},
             {"deletedBy=nobody", ""},
             {"deletedReason=over", "team/3 person/2 person/5"},
             {"deletedReason=ove", ""},
             {"deletedReason%5Bnot_equals%5D=over&root=true", "person/1 team/1"},
             {"q=OVER&root=true", "team/3"},
             {"from=2020-01-01&root=true", "team/3 person/1 team/1"},
             {"to=2020-01-01", ""},
             {"q=RED", "team/1"},
             {"q=100%25", "team/1"},
             {"q=_", ""},
             {"q=team", "team/3"},
             {"q=P3@ex", "person/3"}}) {
        CAPTURE(query);
        CHECK(bench.list(query) == names);
        CHECK(bench.get("/v1/trash?count=true&limit=1&" + query).header("X-Total-Count") ==
              std::to_string(std::count(names.begin(), names.end(), '/')));
    }
}

TEST_CASE("the list of TrashItems goes on after its cursor when that group is gone") {
    Bench bench;
    bench.trash("team/1");
    bench.trash("team/2");
    bench.trash("team/3");
    auto page = bench.get("/v1/trash?limit=4");
    const auto link = page.header("Link");
    CHECK(Bench::names(page) == "team/3 person/2 person/5 team/2");
    const auto items = page.json();
    const auto restored =
        request(bench.service.port(), "POST",
                "/v1/trash/" + std::string(items[3]["id"].GetString()) + "/$restore");
    CHECK(restored.status == 200);
    CHECK(Bench::names(bench.get(link.substr(1, link.find('>') - 1))) ==
          "team/1 person/3 person/6");
}

TEST_CASE("a filter of the trash that cannot be meant is a 400") {
    Bench bench;
    for (const char* query : {"root=yes", "resource=nope", "groupId=1", "from=yesterday",
                              "to=2024-02-30", "limit=0", "cursor=x", "expand=all", "page=1"}) {
        CAPTURE(query);
        CHECK(bench.get(std::string("/v1/trash?") + query).code() == "bad-request");
    }
}

TEST_CASE("memory does not grow with the answer") {
    TempDatabase database(
        "CREATE TABLE big (id int PRIMARY KEY, t text);"
        "INSERT INTO big SELECT n, repeat('x', 8000000) FROM generate_series(1, 30) n");
    ServiceProcess service(database.url());
    auto receive = [&](const std::string& address) {
        httplib::Client client("127.0.0.1", service.port());
        client.set_read_timeout(60);
        std::size_t size = 0;
        auto result = client.Get(address, [&](const char*, std::size_t length) {
            size += length;
            return true;
        });
        REQUIRE(result);
        CHECK(result->status == 200);
        return size;
    };
    for (int id = 1; id <= 15; ++id)
        request(service.port(), "DELETE", "/v1/big/" + std::to_string(id));
    const auto before = peak_of(service.pid());
    CHECK(receive("/v1/big?deleted=null") > 30 * 8000000);
    CHECK(receive("/v1/trash?expand=object") > 15 * 8000000);
    MESSAGE("a list of 240 MB: peak ", before, " KiB before, ", peak_of(service.pid()),
            " KiB after");
    CHECK(peak_of(service.pid()) < 64 * 1024);
}

TEST_CASE("a list of a million rows is paged through in constant memory") {
    TempDatabase database(
        "CREATE TABLE row (id int PRIMARY KEY, n int);"
        "INSERT INTO row SELECT i, i % 100 FROM generate_series(1, 1000000) i");
    ServiceProcess service(database.url());
    long long count = 0;
    std::string address = "/v1/row?limit=1000", last;
    request(service.port(), "GET", address);
    const auto before = peak_of(service.pid());
    while (!address.empty()) {
        const auto answer = request(service.port(), "GET", address);
        REQUIRE(answer.status == 200);
        count += std::count(answer.body.begin(), answer.body.end(), '{');
        const auto link = answer.header("Link");
        address = link.empty() ? "" : link.substr(1, link.find('>') - 1);
    }
    CHECK(count == 1000000);
    MESSAGE("a list of 1,000,000 rows: peak ", before, " KiB, then ", peak_of(service.pid()),
            " KiB");
    CHECK(peak_of(service.pid()) - before < 16 * 1024);
}

TEST_CASE("what has no name goes by its full name, or first and last name, before its e-mail") {
    // full_name was passed over, and the e-mail shown
    TempDatabase database(R"(
CREATE TABLE full_named (id int PRIMARY KEY, full_name text, email text);
INSERT INTO full_named VALUES (1, 'Ann Lee', 'ann@example.com'), (2, '', 'bob@example.com');
CREATE TABLE named (id int PRIMARY KEY, first_name text, last_name text, email text);
INSERT INTO named VALUES (1, 'Ann', 'Lee', 'a'), (2, NULL, 'Lee', 'b'), (3, 'Ann', '', 'c'),
  (4, '', NULL, 'd'), (5, '', NULL, '');
CREATE TABLE camel (id int PRIMARY KEY, "firstName" text, "lastName" text, code text);
INSERT INTO camel VALUES (1, 'Ann', 'Lee', 'c');
)");
    ServiceProcess service(database.url());
    const auto name_of = [&](const std::string& object) {
        const auto gone = request(service.port(), "DELETE", "/v1/" + object,
                                  {{"Prefer", "return=representation"}});
        REQUIRE(gone.status == 200);
        return std::string(gone.json()["displayName"].GetString());
    };
    CHECK(name_of("full_named/1") == "Ann Lee");
    CHECK(name_of("full_named/2") == "bob@example.com");
    CHECK(name_of("named/1") == "Ann Lee");
    CHECK(name_of("named/2") == "Lee");
    CHECK(name_of("named/3") == "Ann");
    CHECK(name_of("named/4") == "d");
    CHECK(name_of("named/5") == "named 5");
    CHECK(name_of("camel/1") == "Ann Lee");
    CHECK(request(service.port(), "GET", "/v1/trash?q=ann+lee").json().Size() == 3);
    CHECK(request(service.port(), "GET", "/v1/named/$metadata").json()["display"] == "last_name");
}

TEST_CASE("items of a table that is gone are listed, and found under the name it had") {
    // resource= of it was 400.
    TempDatabase database(
        "CREATE TABLE part (id int PRIMARY KEY); INSERT INTO part VALUES (1), (2); CREATE SCHEMA "
        "shop; CREATE TABLE shop.\"odd /%\" (id int PRIMARY KEY); INSERT INTO shop.\"odd /%\" "
        "VALUES "
        "(3)");
    ServiceProcess service(database.url(), {},
                           "schemas = [\"public\", \"shop\"]\n[[resource]]\ntable = \"part\"\n"
                           "path = \"store/parts\"\n");
    auto call = [&](const std::string& verb, const std::string& address) {
        return request(service.port(), verb, address);
    };
    call("DELETE", "/v1/store/parts/1");
    call("DELETE", "/v1/shop/odd%20%2F%25/3");
    TestConnection other(database.url());
    other->exec("DROP TABLE part");
    other->exec("DROP TABLE shop.\"odd /%\"");
    CHECK(call("GET", "/v1/part").code() == "not-found");  // the catalog is read anew
    CHECK(Bench::names(call("GET", "/v1/trash")) == "shop/odd%20%2F%25/3 store/parts/1");
    for (const char* query : {"resource=store/parts", "resource=store%2Fparts"})
        CHECK(Bench::names(call("GET", std::string("/v1/trash?") + query)) == "store/parts/1");
    for (const char* query : {"resource=shop/odd%2520%252F%2525", "resource=shop/odd%20/%25"})
        CHECK(Bench::names(call("GET", std::string("/v1/trash?count=true&") + query)) ==
              "shop/odd%20%2F%25/3");
    CHECK(call("GET", "/v1/history?resource=store/parts").json().Size() == 1);
    for (const char* query : {"resource=part", "resource=odd", "resource=shop"})
        CHECK(call("GET", std::string("/v1/trash?") + query).code() == "bad-request");
    // a new table of that name beside the old one's items
    other->exec("CREATE TABLE part (id int PRIMARY KEY)");
    other->exec("INSERT INTO part VALUES (7)");
    CHECK(call("DELETE", "/v1/store/parts/7").status == 204);
    CHECK(Bench::names(call("GET", "/v1/trash?resource=store/parts")) ==
          "store/parts/7 store/parts/1");
    CHECK(call("DELETE", "/v1/trash?resource=store/parts&confirm=true").json()["items"].GetInt() ==
          2);
}

TEST_CASE("times are taken as RFC 3339 has them, and dates") {
    Bench bench;
    for (const char* time : {"2025-01-31", "2025-01-31T12:00Z", "2025-01-31T12:00:00Z",
                             "2025-01-31t12:00:00z", "2025-01-31%2012:00:00.123456%2B02:00",
                             "2025-01-31T12:00-08:00", "2025-01-31T12:00:00.5Z"})
        CHECK(bench.get(std::string("/v1/trash?from=") + time).status ==
              (std::string(time).find('t') == std::string::npos ? 200 : 400));
    for (const char* time :
         {"", "2025", "2025-1-31", "2025-01-31T", "2025-01-31T12", "2025-01-31T12:00",
          "2025-01-31T12:00:00", "2025-01-31T12:00:00.Z", "2025-01-31T12:00:.5Z",
          "2025-01-31T12:00:00.5", "2025-01-31T12:00:00Zx", "2025-01-31T12:00:00%2B2:00",
          "2025-01-31T12:00:00%2B02", "x2025-01-31", "2025-01-31%20", "now"})
        CHECK(bench.get(std::string("/v1/trash?to=") + time).code() == "bad-request");
}

TEST_CASE("a trash that was never analyzed is listed as fast as any") {
    // For each group all items of the form were looked up: a page took longer than a statement may.
    TempDatabase database("CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a VALUES (0)");
    ServiceProcess service(database.url(), {}, "[limits]\nstatement_timeout_ms = 8000\n");
    TestConnection sql(database.url());
    for (const char* table : {"item", "trash_group"})
        sql->exec(fmt::format("ALTER TABLE trashd.{} SET (autovacuum_enabled = off)", table));
    CHECK(request(service.port(), "DELETE", "/v1/a/0").status == 204);
    sql->exec(
        "INSERT INTO trashd.trash_group (id, uuid, created_at, deleted_by, root_shape, "
        "root_object, "
        "shapes, counts, size, links) SELECT id + n, (left(md5(n::text), 24) || '00000000')::uuid, "
        "created_at - n * interval '1 ms', deleted_by, root_shape, n::text, shapes, counts, 1, 0 "
        "FROM trashd.trash_group, generate_series(1, 40000) n");
    sql->exec(
        "INSERT INTO trashd.item SELECT group_id + n, 1, shape, n::text, ARRAY[n::text] FROM "
        "trashd.item, generate_series(1, 40000) n");
    for (const char* page : {"/v1/trash?resource=a&limit=60", "/v1/a/@deleted?limit=60",
                             "/v1/a/@deleted?limit=60&where[id][greater_than]=100"}) {
        CAPTURE(page);
        const auto answer = request(service.port(), "GET", page);
        CHECK((answer.status == 200 && answer.json().GetArray().Size() == 60));
    }
}
