// Two tenants in one database, over HTTP: what is one's does not exist for the other.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "schema/error.hpp"
#include "tests/support/database.hpp"
#include "tests/support/problem.hpp"
#include "trash/records/api_keys.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

// Ids of project are of each tenant's own, those of the others of all tenants together. Folder 3
// and person 3 are acme's, and rows of bolt refer to them.
const char* kSchema = R"(
CREATE TABLE project (tenant_id text, id int, name text, PRIMARY KEY (tenant_id, id));
CREATE TABLE task (tenant_id text, id int, project_id int, PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, project_id) REFERENCES project ON DELETE CASCADE);
CREATE TABLE folder (id int PRIMARY KEY, tenant_id text NOT NULL, name text UNIQUE);
CREATE TABLE person (id int PRIMARY KEY, tenant_id text NOT NULL);
CREATE TABLE doc (id int PRIMARY KEY, tenant_id text NOT NULL, name text,
    folder_id int REFERENCES folder ON DELETE CASCADE,
    author_id int REFERENCES person ON DELETE SET NULL, reviewer_id int REFERENCES person);
CREATE TABLE page (doc_id int REFERENCES doc ON DELETE CASCADE, no int, PRIMARY KEY (doc_id, no));
INSERT INTO project SELECT t, i, t || i FROM unnest('{acme,bolt}'::text[]) t,
    generate_series(1, 8) i;
INSERT INTO task SELECT t, 10 * p + i, p FROM unnest('{acme,bolt}'::text[]) t,
    generate_series(1, 8) p, generate_series(1, 3) i;
INSERT INTO folder VALUES (1, 'acme', 'a'), (2, 'bolt', 'b'), (3, 'acme', 'c'), (4, 'bolt', 'd');
INSERT INTO person VALUES (1, 'acme'), (2, 'bolt'), (3, 'acme'), (4, 'acme');
INSERT INTO doc VALUES (1, 'acme', 'a', 1, 1, NULL), (2, 'bolt', 'b', 2, 2, NULL),
    (3, 'bolt', 'of acme', 3, 3, 4), (4, 'bolt', 'd', 4, NULL, NULL);
INSERT INTO page VALUES (1, 1), (1, 2), (2, 1), (4, 1);
)";

const std::string kConfig = R"([credentials]
api_keys = true
[roles]
owner = "*"
[tenant]
column = "tenant_id"
)";

const char* kCrossing =
    "the delete would cross tenants: rows of another one refer to what would go; ask who looks "
    "after the database";

struct Bench {
    TempDatabase database{kSchema};
    ServiceProcess service;
    TestConnection sql{database.url()};
    schema::Pool pool{database.url(), 1};
    trash::Keys keys{pool, "trashd"};
    std::map<std::string, std::string> known;

    explicit Bench(const std::string& more = "") : service(database.url(), {}, kConfig + more) {
        for (const char* tenant : {"acme", "bolt"})
            known[tenant] = keys.create({"ci", {"owner"}, tenant}).text;
    }
    Answer as(const std::string& tenant, const std::string& verb, const std::string& address,
              const std::string& body = "", httplib::Headers headers = {}) {
        headers.emplace("X-API-Key", known.at(tenant));
        if (!body.empty()) headers.emplace("Content-Type", "application/json");
        return ask(service.port(), verb, address, headers, body);
    }
    // The address of the TrashItem.
    std::string trash(const std::string& tenant, const std::string& address) {
        const auto answer = as(tenant, "DELETE", address);
        REQUIRE(answer.status == 204);
        return answer.header("Location");
    }
    std::string all() { return copy_of_all_tables(sql.get()); }
};

void check_not_there(const Answer& answer, const std::string& detail) {
    check_problem(answer, "not-found", detail);
}

}  // namespace

TEST_CASE("a live object of another tenant is not there, whatever is asked of it") {
    Bench bench;
    const auto before = bench.all();
    const std::string none = "there is no such object in folder";
    check_not_there(bench.as("acme", "GET", "/v1/folder/2"), none);
    check_not_there(bench.as("acme", "DELETE", "/v1/folder/2"), none);
    for (const char* address :
         {"/v1/folder/2?hard=true", "/v1/folder/2?cascade=true", "/v1/folder/2?dryRun=true",
          "/v1/folder/2?cascade=true&dryRun=true"}) {
        const auto answer = bench.as("acme", "DELETE", address);
        CAPTURE(address);
        CHECK(answer.status == 404);
        CHECK(answer.code() == "not-found");
    }
    for (const char* verb : {"PATCH", "PUT"})
        check_not_there(bench.as("acme", verb, "/v1/folder/2", R"({"name":"taken"})"), none);
    check_not_there(bench.as("acme", "GET", "/v1/folder/2/@deleted"), none);
    check_not_there(bench.as("acme", "GET", "/v1/project/bolt,1"),
                    "there is no such object in project");
    CHECK(bench.as("acme", "GET", "/v1/folder/2/@history").body == "[]");
    CHECK(bench.as("acme", "GET", "/v1/folder/2?deleted=null").status == 404);
    CHECK(bench.all() == before);
    CHECK(bench.as("bolt", "GET", "/v1/folder/2").status == 200);
}

TEST_CASE("lists and their counts hold the tenant's rows alone") {
    Bench bench;
    const auto answer = bench.as("acme", "GET", "/v1/folder?count=true&select=id&sort=id");
    CHECK(answer.body == R"([{"id":1},{"id":3}])");
    CHECK(answer.header("X-Total-Count") == "2");
    CHECK(bench.as("acme", "GET", "/v1/folder?select=id&deleted=null").body ==
          R"([{"id":1},{"id":3}])");
    CHECK(bench
              .as("acme", "GET",
                  "/v1/folder?select=id&where[or][0][id][equals]=2&where[or][1][id]"
                  "[equals]=3")
              .body == R"([{"id":3}])");
    CHECK(bench.as("bolt", "GET", "/v1/folder?where[tenant_id][equals]=acme").body == "[]");
    CHECK(bench.as("bolt", "GET", "/v1/folder?select=id&limit=1&sort=-id").body == R"([{"id":4}])");
}

TEST_CASE("bulk deletes do not find another tenant's objects") {
    Bench bench;
    const auto answer = bench.as("acme", "DELETE", "/v1/folder?ids=1,2,4");
    REQUIRE(answer.status == 200);
    const auto body = answer.json();
    CHECK(body[0]["status"] == "trashed");
    CHECK(body[1]["status"] == "not-found");
    CHECK(body[2]["status"] == "not-found");
    CHECK(bench.as("acme", "DELETE", "/v1/folder?where[id][in]=2,4").body == "[]");
    CHECK(bench.as("acme", "DELETE", "/v1/folder?ids=2,4&hard=true").json()[0]["status"] ==
          "not-found");
    CHECK(bench.as("acme", "DELETE", "/v1/folder?ids=2,4&dryRun=true").json()["total"].GetInt() ==
          0);
    CHECK(bench.sql.value("SELECT count(*) FROM folder WHERE tenant_id = 'bolt'") == "2");
}

TEST_CASE("a TrashItem of another tenant is not there, nor in any list, count or history") {
    Bench bench;
    const auto item = bench.trash("bolt", "/v1/folder/4");
    const std::string none = "there is no such TrashItem";
    check_not_there(bench.as("acme", "GET", item), none);
    check_not_there(bench.as("acme", "DELETE", item), none);
    for (const char* more : {"/$restore", "/$restore?dryRun=true", "/$restore?with=ancestors"})
        check_not_there(bench.as("acme", "POST", item + more), none);
    CHECK(bench.as("acme", "GET", "/v1/folder/4").status == 404);
    CHECK(bench.as("acme", "GET", "/v1/folder/4/@deleted").status == 404);
    CHECK(bench.as("acme", "DELETE", "/v1/folder/4").status == 404);
    CHECK(bench.as("acme", "DELETE", "/v1/folder/4?hard=true").status == 404);
    CHECK(bench.as("acme", "PATCH", "/v1/folder/4?deleted=true", R"({"deletedAt":null})").status ==
          404);
    for (const char* address : {"/v1/trash?count=true", "/v1/trash?resource=folder&count=true",
                                "/v1/trash?deletedObjectId=4&count=true",
                                "/v1/trash?q=d&count=true", "/v1/folder/@deleted?count=true"}) {
        const auto answer = bench.as("acme", "GET", address);
        CAPTURE(address);
        CHECK(answer.body == "[]");
        CHECK(answer.header("X-Total-Count") == "0");
    }
    CHECK(bench.as("acme", "GET", "/v1/history").body == "[]");
    CHECK(bench.as("acme", "GET", "/v1/history?resource=folder&objectId=4").body == "[]");
    CHECK(bench.as("acme", "GET", "/v1/folder/4/@history").body == "[]");
    CHECK(bench.as("bolt", "GET", "/v1/history").json().Size() == 1);
    CHECK(bench.as("bolt", "GET", "/v1/folder/4").status == 410);
    CHECK(bench.as("bolt", "POST", item + "/$restore").status == 200);
}

TEST_CASE("emptying the trash purges the tenant's groups alone") {
    Bench bench;
    bench.trash("acme", "/v1/folder/1");
    const auto item = bench.trash("bolt", "/v1/folder/4");
    check_problem(bench.as("acme", "DELETE", "/v1/trash"), "confirmation-required",
                  "this purges groups and items for good; say so with confirm=true",
                  R"(,"groups":1,"items":4)");
    CHECK(bench.as("acme", "DELETE", "/v1/trash?confirm=true").body == R"({"groups":1,"items":4})");
    CHECK(bench.as("bolt", "GET", item).status == 200);
    const auto entries = bench.as("acme", "GET", "/v1/history").json();
    REQUIRE(entries.Size() == 2);
    CHECK(entries[0]["action"] == "purged");
}

TEST_CASE("what lies in another tenant's trash takes no id away") {
    Bench bench;
    bench.trash("bolt", "/v1/folder/4");
    const auto made = bench.as("acme", "POST", "/v1/folder", R"({"id":4,"name":"mine"})");
    CHECK(made.status == 201);
    CHECK(bench.as("acme", "GET", "/v1/folder/4").json()["name"] == "mine");
    CHECK(bench.as("bolt", "GET", "/v1/folder/4").status == 410);
}

TEST_CASE("a restore does not name another tenant's row that is in its way") {
    Bench bench;
    const auto item = bench.trash("bolt", "/v1/folder/4");
    REQUIRE(bench.as("acme", "POST", "/v1/folder", R"({"id":44,"name":"d"})").status == 201);
    const auto answer = bench.as("bolt", "POST", item + "/$restore");
    CHECK(answer.status == 409);
    const auto body = answer.json();
    const auto& conflict = body["conflicts"][0];
    CHECK(conflict["kind"] == "unique-taken");
    CHECK(conflict["id"] == "4");
    CHECK_FALSE(conflict.HasMember("with"));
    CHECK(answer.body.find("44") == std::string::npos);
}

TEST_CASE("a restore sets no reference in a row that another tenant made under an old id") {
    Bench bench;
    bench.sql->exec("UPDATE doc SET folder_id = NULL, author_id = 1 WHERE id = 1");
    const auto person = bench.trash("acme", "/v1/person/1");
    REQUIRE(bench.as("acme", "DELETE", "/v1/doc/1?hard=true").status == 204);
    REQUIRE(bench.as("bolt", "POST", "/v1/doc", R"({"id":1,"name":"new"})").status == 201);
    const auto restored = bench.as("acme", "POST", person + "/$restore").json();
    CHECK(restored["relinked"].GetInt() == 0);
    CHECK(bench.sql.value("SELECT author_id FROM doc WHERE id = 1") == "NULL");
}

TEST_CASE("a restore does not hang a row on another tenant's that was made under an old id") {
    Bench bench;
    const auto doc = bench.trash("acme", "/v1/doc/1");
    REQUIRE(bench.as("acme", "DELETE", "/v1/folder/1?hard=true").status == 204);
    REQUIRE(bench.as("bolt", "POST", "/v1/folder", R"({"id":1,"name":"new"})").status == 201);
    const auto answer = bench.as("acme", "POST", doc + "/$restore");
    CHECK(answer.status == 409);
    CHECK(answer.json()["conflicts"][0]["kind"] == "missing-parent");
    CHECK(bench.sql.value("SELECT count(*) FROM doc WHERE id = 1") == "0");
}

TEST_CASE("a delete that would take a row of another tenant along is refused whole") {
    Bench bench;
    const auto before = bench.all();
    for (const char* address :
         {"/v1/folder/3", "/v1/folder/3?hard=true", "/v1/folder/3?dryRun=true",
          "/v1/folder/3?cascade=true", "/v1/folder?ids=1,3", "/v1/folder?ids=1,3&hard=true",
          "/v1/folder?ids=1,3&dryRun=true", "/v1/folder?where[id][greater_than]=0"}) {
        CAPTURE(address);
        check_problem(bench.as("acme", "DELETE", address), "conflict", kCrossing);
    }
    CHECK(bench.all() == before);
    CHECK(bench.sql.value("SELECT count(*) FROM trashd.item") == "0");
    CHECK(bench.sql.value("SELECT count(*) FROM trashd.ledger WHERE action !~ '^key-'") == "0");
}

TEST_CASE("so is one that would cut a reference in a row of another tenant, or is blocked by one") {
    Bench bench;
    const auto before = bench.all();
    for (const char* address :
         {"/v1/person/3", "/v1/person/3?hard=true", "/v1/person/3?dryRun=true", "/v1/person?ids=3",
          "/v1/person?ids=3&hard=true", "/v1/person/4", "/v1/person/4?dryRun=true",
          "/v1/person/4?cascade=true"}) {
        CAPTURE(address);
        check_problem(bench.as("acme", "DELETE", address), "conflict", kCrossing);
    }
    CHECK(bench.all() == before);
    CHECK(bench.sql.value("SELECT count(*) FROM trashd.link") == "0");
}

TEST_CASE("a new row is the tenant's, and no write makes it another's") {
    Bench bench;
    const auto made = bench.as("acme", "POST", "/v1/folder", R"({"id":9,"name":"x"})");
    REQUIRE(made.status == 201);
    CHECK(made.json()["tenant_id"] == "acme");
    CHECK(bench.as("acme", "POST", "/v1/folder", R"({"id":10,"tenant_id":"acme"})").status == 201);
    const auto refused = [&](const Answer& answer, const std::string& members) {
        check_problem(answer, "invalid",
                      "column 'tenant_id' is the tenant that the credentials name; leave it out",
                      R"(,"column":"tenant_id")" + members);
    };
    refused(bench.as("acme", "POST", "/v1/folder", R"({"id":11,"tenant_id":"bolt"})"), "");
    refused(bench.as("acme", "POST", "/v1/folder", R"([{"id":11},{"id":12,"tenant_id":null}])"),
            R"(,"position":1)");
    refused(bench.as("acme", "PATCH", "/v1/folder/9", R"({"tenant_id":"bolt"})"), "");
    refused(bench.as("acme", "PUT", "/v1/folder/9", R"({"tenant_id":"bolt","name":"y"})"), "");
    CHECK(bench.as("acme", "PUT", "/v1/folder/9", R"({"name":"y"})").json()["tenant_id"] == "acme");
    CHECK(bench.as("acme", "PATCH", "/v1/project/acme,1", R"({"tenant_id":"acme","name":"z"})")
              .status == 200);
    CHECK(bench.sql.value("SELECT count(*) FROM folder WHERE id IN (11, 12)") == "0");
}

TEST_CASE("a reference to another tenant's row is answered like one to a row that is not there") {
    Bench bench;
    for (const auto& [verb, address] : {std::pair{"POST", "/v1/doc"}, {"PATCH", "/v1/doc/1"}}) {
        const auto id = std::string(verb) == "POST" ? R"("id":77,)" : "";
        const auto foreign =
            bench.as("acme", verb, address, fmt::format(R"({{{}"folder_id":2}})", id));
        const auto absent =
            bench.as("acme", verb, address, fmt::format(R"({{{}"folder_id":99}})", id));
        CHECK(foreign.status == 409);
        CHECK(foreign.body == absent.body);
    }
    CHECK(bench.sql.value("SELECT count(*) FROM doc WHERE id = 77 OR (id = 1 AND folder_id = 2)") ==
          "0");
    CHECK(bench.as("acme", "POST", "/v1/doc", R"({"id":78,"folder_id":3})").status == 201);
    CHECK(bench.as("bolt", "PATCH", "/v1/doc/3", R"({"name":"as it is"})").status == 200);
}

TEST_CASE("the same Idempotency-Key of two tenants is two keys") {
    Bench bench;
    for (const char* tenant : {"acme", "bolt"}) {
        const auto body = fmt::format(R"({{"id":70,"name":"{}"}})", tenant);
        const auto answer =
            bench.as(tenant, "POST", "/v1/project", body, {{"Idempotency-Key", "one"}});
        CHECK(answer.status == 201);
        CHECK(answer.header("Idempotency-Replayed").empty());
        CHECK(bench.as(tenant, "POST", "/v1/project", body, {{"Idempotency-Key", "one"}})
                  .header("Idempotency-Replayed") == "true");
    }
}

TEST_CASE("an operation is the tenant's, and runs as the tenant") {
    Bench bench;
    const auto later = [&](const std::string& address) {
        const auto answer = bench.as("acme", "DELETE", address, "", {{"Prefer", "respond-async"}});
        REQUIRE(answer.status == 202);
        const auto operation = answer.header("Location");
        check_not_there(bench.as("bolt", "GET", operation), "there is no such operation");
        for (;;) {
            const auto state =
                std::string(bench.as("acme", "GET", operation).json()["state"].GetString());
            if (state == "done" || state == "failed") return state;
        }
    };
    CHECK(later("/v1/folder/1") == "done");
    CHECK(later("/v1/folder/3") == "failed");
    CHECK(later("/v1/folder?ids=2") == "done");
    CHECK(bench.sql.value("SELECT string_agg(id::text, ',' ORDER BY id) FROM folder") == "2,3,4");
}

TEST_CASE("commands on the server see all tenants, and each has its own in its history") {
    Bench bench;
    const auto item = bench.trash("bolt", "/v1/folder/4");
    const auto id = item.substr(item.rfind('/') + 1);
    const auto done = run_program({"trash", "restore", id, "--database", bench.database.url()});
    CHECK(done.status == 0);
    CHECK(bench.as("bolt", "GET", "/v1/folder/4").status == 200);
    CHECK(bench.as("bolt", "GET", "/v1/history").json()[0]["action"] == "restored");
    CHECK(bench.as("acme", "GET", "/v1/history").body == "[]");
}

TEST_CASE("a table without the column is not served, and its rows go with what they hang on") {
    Bench bench;
    CHECK(bench.service.log().find("table public.page is not served: it has no column tenant_id") !=
          std::string::npos);
    CHECK(bench.as("acme", "GET", "/v1/page").status == 404);
    const auto item = bench.trash("acme", "/v1/doc/1");
    CHECK(bench.as("acme", "GET", "/v1/trash?count=true").header("X-Total-Count") == "3");
    CHECK(bench.as("acme", "POST", item + "/$restore").json()["restored"].GetInt() == 3);
}

TEST_CASE("credentials without a tenant are refused, and so is another tenant's host name") {
    Bench bench("host = true\n");
    const auto key = bench.keys.create({"none", {"owner"}, std::nullopt}).text;
    check_problem(ask(bench.service.port(), "GET", "/v1/folder", {{"X-API-Key", key}}), "forbidden",
                  "the credentials name no tenant; ask for ones that do");
    CHECK(ask(bench.service.port(), "GET", "/metrics", {{"X-API-Key", key}}).status == 200);
    for (const char* host : {"acme.api.example", "ACME.api.example:8080", "acme"})
        CHECK(bench.as("acme", "GET", "/v1/folder", "", {{"Host", host}}).status == 200);
    for (const char* host :
         {"bolt.api.example", "acmee.api.example", "api.acme.example", "127.0.0.1"})
        check_problem(bench.as("acme", "GET", "/v1/folder", "", {{"Host", host}}), "forbidden",
                      "the first label of the host name is not the tenant of the credentials; use "
                      "the address that is yours");
}

TEST_CASE("a tenant column without credentials keeps the service from starting") {
    TempDatabase database;
    CHECK_THROWS_WITH(ServiceProcess(database.url(), {}, "[tenant]\ncolumn = \"tenant_id\"\n"),
                      doctest::Contains("tenant.column: nobody names a tenant"));
}

TEST_CASE(
    "a tenant that is a number or a UUID finds its rows, and texts that are none find nothing") {
    TempDatabase database(
        "CREATE TABLE n (id int PRIMARY KEY, tenant_id int); INSERT INTO n VALUES (1, 7), (2, 8);"
        "CREATE TABLE u (id int PRIMARY KEY, tenant_id uuid); INSERT INTO u VALUES "
        "(1, '00000000-0000-0000-0000-000000000007');");
    ServiceProcess service(database.url(), {}, kConfig);
    schema::Pool pool(database.url(), 1);
    trash::Keys keys(pool, "trashd");
    const auto status = [&](const std::string& tenant, const std::string& address) {
        const auto key = keys.create({"ci", {"owner"}, tenant}).text;
        return ask(service.port(), "GET", address, {{"X-API-Key", key}}).status;
    };
    CHECK(status("7", "/v1/n/1") == 200);
    CHECK(status("00000000-0000-0000-0000-000000000007", "/v1/u/1") == 200);
    for (const char* tenant : {"8", "07", " 7", "x", "99999999999999999999", "7' OR 'x' = 'x"})
        for (const char* address : {"/v1/n/1", "/v1/u/1"}) CHECK(status(tenant, address) == 404);
}

TEST_CASE("two tenants that race over equal ids each keep every row of theirs exactly once") {
    Bench bench;
    constexpr int kRounds = 40;
    std::mutex mutex;
    std::set<int> own, foreign;  // statuses
    const auto note = [&](std::set<int>& into, const Answer& answer) {
        std::lock_guard lock(mutex);
        into.insert(answer.status);
    };
    const auto run = [&](const std::string& tenant, const std::string& other, int start) {
        for (int round = 0; round < kRounds; ++round) {
            const auto id = std::to_string(1 + (start + round) % 8);
            const auto answer = bench.as(tenant, "DELETE", "/v1/project/" + tenant + "," + id);
            note(own, answer);
            note(foreign, bench.as(tenant, "DELETE", "/v1/project/" + other + "," + id));
            const auto item = answer.header("Location");
            if (item.empty()) continue;  // restored by another thread just then
            note(foreign, bench.as(other, "POST", item + "/$restore"));
            note(own, bench.as(tenant, "POST", item + "/$restore"));
        }
    };
    std::vector<std::jthread> threads;
    for (int start : {0, 1, 2})
        for (const auto& [tenant, other] : {std::pair{"acme", "bolt"}, {"bolt", "acme"}})
            threads.emplace_back(run, tenant, other, start);
    threads.clear();
    CHECK(foreign == std::set<int>{404});
    CHECK(own.contains(200));
    CHECK(own.contains(204));
    for (int told : {200, 204, 404, 410}) own.erase(told);
    CHECK(own.empty());
    for (const char* tenant : {"acme", "bolt"})
        CHECK(bench.sql.value(fmt::format(
                  "SELECT count(*) FROM (SELECT id FROM task WHERE tenant_id = '{0}' UNION ALL "
                  "SELECT "
                  "i.payload[2]::int FROM trashd.item i JOIN trashd.shape s ON s.id = i.shape JOIN "
                  "trashd.trash_group g ON g.id = i.group_id WHERE s.table_name = 'task' AND "
                  "g.tenant = '{0}' AND i.payload[1] = '{0}') r",
                  tenant)) == "24");
}
