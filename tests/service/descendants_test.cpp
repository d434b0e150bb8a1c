// What goes for good takes along what hangs on it in the trash and could never come back, where
// that is asked for.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <atomic>
#include <thread>

#include "tests/support/database.hpp"
#include "tests/support/http.hpp"
#include "tests/support/problem.hpp"
#include "tests/support/tokens.hpp"
#include "trash/records/api_keys.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

constexpr const char* kSchema = R"(
CREATE TABLE client (id int PRIMARY KEY, name text);
CREATE TABLE project (id int PRIMARY KEY,
                      client int NOT NULL REFERENCES client ON DELETE CASCADE);
CREATE TABLE task (id int PRIMARY KEY, project int NOT NULL REFERENCES project ON DELETE CASCADE);
CREATE TABLE note (id int PRIMARY KEY, client int REFERENCES client ON DELETE CASCADE);
INSERT INTO client SELECT i, 'client ' || i FROM generate_series(1, 40) i;
INSERT INTO project SELECT i, i FROM generate_series(1, 40) i;
INSERT INTO task SELECT i, i FROM generate_series(1, 40) i;
INSERT INTO note SELECT i, i FROM generate_series(1, 40) i;
)";

struct Bench {
    explicit Bench(const std::string& toml = "") : service(database.url(), {}, toml) {}

    Answer call(const std::string& verb, const std::string& address, const std::string& body = "",
                httplib::Headers headers = {}) {
        if (!body.empty()) headers.emplace("Content-Type", "application/json");
        return request(service.port(), verb, address, headers, body);
    }
    // The address of the item.
    std::string trash(const std::string& path) {
        const auto gone = call("DELETE", "/v1/" + path);
        REQUIRE(gone.status == 204);
        return gone.header("Location");
    }
    // Task, project, note and client with the id, each in a group of its own.
    struct Family {
        std::string task, project, note, client;
    };
    Family family(int id) {
        const auto one = [&](const char* table) { return trash(fmt::format("{}/{}", table, id)); };
        const auto task = one("task"), project = one("project"), note = one("note");
        return {task, project, note, one("client")};
    }
    std::string in_trash() {
        return sql.value(
            "SELECT string_agg(s.table_name || root_object, ' ' ORDER BY g.id) FROM "
            "trashd.trash_group g JOIN trashd.shape s ON s.id = root_shape WHERE "
            "state = 'trashed'");
    }

    TempDatabase database{kSchema};
    ServiceProcess service;
    TestConnection sql{database.url()};
};

constexpr const char* kWith = "?with=descendants";

std::string hold(Bench& bench, const std::string& item) {
    const std::string group = bench.call("GET", item).json()["groupId"].GetString();
    const auto made = bench.call("POST", "/v1/holds",
                                 R"({"groupId": ")" + group + R"(", "reason": "a lawsuit"})");
    REQUIRE(made.status == 201);
    return made.json()["id"].GetString();
}

}  // namespace

TEST_CASE("a purge takes along what could never come back, and leaves what can") {
    Bench bench;
    const auto family = bench.family(1);
    bench.family(2);
    const auto told = bench.call("DELETE", family.client + "?dryRun=true").json();
    CHECK(told["groups"].GetInt() == 1);
    CHECK(told["items"].GetInt() == 1);
    CHECK(told["descendants"]["groups"].GetInt() == 2);
    CHECK(told["descendants"]["items"].GetInt() == 2);
    CHECK(told["referrers"]["groups"].GetInt() == 2);
    const auto with = bench.call("DELETE", family.client + kWith + "&dryRun=true").json();
    CHECK(with["groups"].GetInt() == 3);
    CHECK(with["items"].GetInt() == 3);
    CHECK(with["descendants"]["groups"].GetInt() == 2);
    CHECK(with["descendants"]["items"].GetInt() == 2);
    CHECK(with["referrers"]["groups"].GetInt() == 1);
    CHECK("/v1/trash/" + std::string(with["referrers"]["first"][0]["trashItemId"].GetString()) ==
          family.note);
    check_problem(ask(bench.service.port(), "DELETE", family.client + kWith + "&expect=1"),
                  "changed",
                  "this is about 3 items, not 1; look again, and expect what is there then");
    CHECK(bench.in_trash() == "task1 project1 note1 client1 task2 project2 note2 client2");
    const auto gone = bench.call("DELETE", family.client + kWith + "&expect=3&reason=law", "",
                                 {{"X-Request-Id", "one-request"}});
    CHECK(gone.status == 204);
    CHECK(bench.in_trash() == "note1 task2 project2 note2 client2");
    const auto history = bench.call("GET", "/v1/history?action=purged").json();
    REQUIRE(history.Size() == 3);
    for (const auto& entry : history.GetArray()) {
        CHECK(entry["reason"] == "law");
        CHECK(entry["requestId"] == history[0]["requestId"]);
        CHECK(entry["objectId"] == "1");
        CHECK(entry["counts"].Size() == 1);
    }
    const auto receipt = gone.header("X-Purge-Receipt");
    CHECK(bench.sql.value("SELECT table_name FROM trashd.ledger WHERE id = " +
                          receipt.substr(0, receipt.find('-'))) == "client");
    for (const auto& item : {family.client, family.project, family.task})
        CHECK(bench.call("GET", item).json()["outcome"] == "purged");
    CHECK(bench.call("DELETE", family.client + kWith).code() == "gone");
    CHECK(bench.call("DELETE", bench.trash("task/9") + kWith).status == 204);
    const auto none = bench.call("DELETE", bench.trash("task/8") + kWith + "&dryRun=true");
    CHECK(none.body == R"({"groups":1,"items":1,"descendants":{"groups":0,"items":0}})");
}

TEST_CASE("what a live row or another one in the trash still carries is no descendant") {
    Bench bench;
    const auto live = bench.family(1);
    bench.sql->script("INSERT INTO client VALUES (1, 'anew')");
    CHECK(bench.call("DELETE", live.client + kWith + "&dryRun=true").json()["groups"].GetInt() ==
          1);
    const auto second = bench.trash("client/1");
    CHECK(bench.call("DELETE", live.client + kWith + "&dryRun=true").json()["groups"].GetInt() ==
          1);
    CHECK(bench.call("DELETE", live.client + kWith).status == 204);
    CHECK(bench.in_trash() == "task1 project1 note1 client1");
    CHECK(bench.call("DELETE", second + kWith + "&dryRun=true").json()["groups"].GetInt() == 3);
    CHECK(bench.call("POST", live.task + "/$restore?with=ancestors").status == 200);
    CHECK(bench.sql.value("SELECT count(*) FROM task WHERE id = 1") == "1");
}

TEST_CASE("where one of them is held none goes, and the hold is named") {
    Bench bench;
    const auto family = bench.family(1);
    const auto id = hold(bench, family.task);
    for (const std::string& address :
         {family.client + kWith, family.client + kWith + "&dryRun=true",
          std::string("/v1/client/1?hard=true&with=descendants")}) {
        const auto refused = bench.call("DELETE", address);
        CHECK(refused.status == 409);
        CHECK(refused.code() == "held");
        REQUIRE(refused.json()["holds"].Size() == 1);
        CHECK(refused.json()["holds"][0]["id"] == id.c_str());
    }
    CHECK(bench.in_trash() == "task1 project1 note1 client1");
    CHECK(bench.call("DELETE", "/v1/holds/" + id + "?reason=over").status == 204);
    CHECK(bench.call("DELETE", family.client + kWith).status == 204);
    CHECK(bench.in_trash() == "note1");
}

TEST_CASE("a hard delete of a live row takes along what hangs on it in the trash") {
    Bench bench;
    const auto task = bench.trash("task/1"), project = bench.trash("project/1");
    const auto other = bench.trash("task/2");
    const auto told =
        bench.call("DELETE", "/v1/client/1?hard=true&with=descendants&dryRun=true").json();
    CHECK(told["total"].GetInt() == 2);  // with its note
    CHECK(told["descendants"]["groups"].GetInt() == 2);
    CHECK(told["descendants"]["items"].GetInt() == 2);
    CHECK_FALSE(
        bench.call("DELETE", "/v1/client/1?hard=true&dryRun=true").json().HasMember("descendants"));
    CHECK(bench.sql.value("SELECT count(*) FROM client WHERE id = 1") == "1");
    CHECK(bench.in_trash() == "task1 project1 task2");
    CHECK(bench.call("DELETE", "/v1/client/1?hard=true&with=descendants").status == 204);
    CHECK(bench.in_trash() == "task2");
    CHECK(bench.sql.value("SELECT count(*) FROM client WHERE id = 1") == "0");
    CHECK(bench.call("GET", project).json()["outcome"] == "purged");
    CHECK(bench.call("DELETE", "/v1/client/3?hard=true&with=descendants").status == 204);
    // without being asked for it stays
    CHECK(bench.call("DELETE", "/v1/client/2?hard=true").status == 204);
    CHECK(bench.call("GET", other).status == 200);
}

TEST_CASE("a hard delete of what is in the trash already takes along the same") {
    Bench bench;
    bench.family(1);
    const auto told =
        bench.call("DELETE", "/v1/client/1?hard=true&with=descendants&dryRun=true").json();
    CHECK(told["total"].GetInt() == 0);
    CHECK(told["descendants"]["groups"].GetInt() == 2);
    CHECK(bench.in_trash() == "task1 project1 note1 client1");
    CHECK(bench.call("DELETE", "/v1/client/1?hard=true&with=descendants").status == 204);
    CHECK(bench.in_trash() == "note1");
}

TEST_CASE("it is asked for in one way, where it means something") {
    Bench bench;
    const auto family = bench.family(1);
    const auto port = bench.service.port();
    check_problem(ask(port, "DELETE", family.client + "?with=all"), "bad-request",
                  "'with' must be descendants");
    check_problem(ask(port, "DELETE", family.client + kWith + "&only=member"), "bad-request",
                  "'with=descendants' is of whole groups; leave 'only' or 'with' out");
    check_problem(ask(port, "DELETE", "/v1/client/2?with=descendants"), "bad-request",
                  "'with=descendants' is of hard=true: what goes into the trash takes nothing "
                  "there along");
    check_problem(ask(port, "DELETE", "/v1/client/2?hard=true&with=ancestors"), "bad-request",
                  "'with' must be descendants");
    CHECK(bench.call("DELETE", "/v1/client?ids=2,3&hard=true&with=descendants").code() ==
          "bad-request");
    CHECK(bench.call("DELETE", "/v1/trash?confirm=true&with=descendants").code() == "bad-request");
    CHECK(bench.in_trash() == "task1 project1 note1 client1");
}

TEST_CASE("an operation takes along the same, and a repeated request is answered as before") {
    Bench bench("[limits]\nasync_rows = 2\n");
    const auto family = bench.family(1);
    const auto accepted =
        bench.call("DELETE", family.client + kWith, "", {{"Idempotency-Key", "\"once\""}});
    REQUIRE(accepted.status == 202);
    for (int tries = 0; bench.in_trash() != "note1" && tries < 300; ++tries)
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    CHECK(bench.in_trash() == "note1");
    CHECK(
        bench.call("DELETE", family.client + kWith, "", {{"Idempotency-Key", "\"once\""}}).status ==
        202);
}

TEST_CASE("it takes the right to purge all that goes") {
    TempDatabase database(kSchema);
    ServiceProcess service(database.url(), {}, R"([credentials]
api_keys = true
[roles]
boss = "*"
some = { read = "*", trash = "client", view-trash = "*", purge = ["client", "project", "note"] }
most = { read = "*", trash = "*", view-trash = "*", purge = "*" }
own = { read = "*", trash = "*", view-trash = "*", purge = "own-deletes" }
)");
    schema::Pool pool(database.url(), 1);
    trash::Keys keys(pool, "trashd");
    const auto as = [&](const std::string& role) {
        return httplib::Headers{{"X-API-Key", keys.create({role, {role}, {}, {}}).text}};
    };
    const auto boss = as("boss"), some = as("some"), most = as("most"), own = as("own");
    const auto trash = [&](const httplib::Headers& who, const std::string& path) {
        const auto gone = request(service.port(), "DELETE", "/v1/" + path, who);
        REQUIRE(gone.status == 204);
        return gone.header("Location");
    };
    trash(boss, "task/1");
    trash(boss, "project/1");
    const auto client = trash(boss, "client/1");
    const auto refused = request(service.port(), "DELETE", client + kWith, some);
    CHECK(refused.status == 403);
    CHECK(refused.json()["missing"][0]["right"] == "purge");
    CHECK(refused.json()["missing"][0]["resource"] == "task");
    CHECK(request(service.port(), "GET", client, boss).status == 200);
    CHECK(request(service.port(), "DELETE", client + kWith, most).status == 204);
    // what others have deleted
    trash(boss, "task/2");
    trash(own, "project/2");
    const auto mine = trash(own, "client/2");
    CHECK(request(service.port(), "DELETE", mine + kWith, own).status == 403);
    CHECK(request(service.port(), "DELETE", mine, own).status == 204);
    trash(own, "task/3");
    const auto all = trash(own, "client/3");
    CHECK(request(service.port(), "DELETE", all + kWith, own).status == 204);
    // live rows
    trash(boss, "task/4");
    trash(boss, "project/4");
    CHECK(
        request(service.port(), "DELETE", "/v1/client/4?hard=true&with=descendants", some).status ==
        403);
    CHECK(
        request(service.port(), "DELETE", "/v1/client/4?hard=true&with=descendants", most).status ==
        204);
}

TEST_CASE("what hangs on it of another tenant is not there") {
    TempDatabase database(R"(
        CREATE TABLE doc (id int PRIMARY KEY, tenant_id text);
        CREATE TABLE page (id int PRIMARY KEY, tenant_id text, doc int NOT NULL);
        INSERT INTO doc VALUES (1, 'acme');
        INSERT INTO page VALUES (1, 'acme', 1), (2, 'bolt', 1))");
    ServiceProcess service(database.url(), {}, R"([credentials]
api_keys = true
[roles]
owner = "*"
[tenant]
column = "tenant_id"
[[reference]]
table = "page"
columns = ["doc"]
to = "doc"
on_delete = "cascade"
)");
    schema::Pool pool(database.url(), 1);
    trash::Keys keys(pool, "trashd");
    const auto as = [&](const std::string& tenant) {
        return httplib::Headers{{"X-API-Key", keys.create({tenant, {"owner"}, tenant, {}}).text}};
    };
    const auto acme = as("acme"), bolt = as("bolt");
    REQUIRE(request(service.port(), "DELETE", "/v1/page/2", bolt).status == 204);
    REQUIRE(request(service.port(), "DELETE", "/v1/page/1", acme).status == 204);
    const auto doc = request(service.port(), "DELETE", "/v1/doc/1", acme).header("Location");
    const auto told = request(service.port(), "DELETE", doc + kWith + "&dryRun=true", acme);
    CHECK(told.body == R"({"groups":2,"items":2,"descendants":{"groups":1,"items":1}})");
    CHECK(request(service.port(), "DELETE", doc + kWith, acme).status == 204);
    TestConnection sql(database.url());
    CHECK(sql.value("SELECT string_agg(tenant || root_object, ' ') FROM trashd.trash_group WHERE "
                    "state = 'trashed'") == "bolt2");
}

TEST_CASE("trash purge --with-descendants says what goes along, and takes it") {
    Bench bench;
    const auto family = bench.family(1);
    const auto item = [](const std::string& address) {
        return address.substr(std::string("/v1/trash/").size());
    };
    const auto purge = [&](std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), {"trash", "purge", "--with-descendants", "--database",
                                             bench.database.url()});
        return run_program(arguments);
    };
    const auto unasked = purge({item(family.client)});
    CHECK(unasked.status == 2);
    CHECK(unasked.output.find("that takes along 2 groups, 2 rows, which could never come back") !=
          std::string::npos);
    CHECK(bench.in_trash() == "task1 project1 note1 client1");
    CHECK(purge({item(family.client), item(family.project), "--yes"}).status == 0);
    CHECK(bench.in_trash() == "note1");
}

TEST_CASE("groups that come and go meanwhile are purged once, or come back whole") {
    Bench bench;
    std::atomic<bool> over = false;
    std::atomic<int> faults = 0;
    const auto fine = [&](const Answer& answer) {
        const bool known = answer.status < 300 || answer.status == 404 || answer.status == 409 ||
                           answer.status == 410;
        if (!known) {
            ++faults;
            MESSAGE(answer.status << " " << answer.body);
        }
    };
    constexpr int kObjects = 20;
    std::vector<std::thread> clients;
    const auto client = [&](auto work) {
        clients.emplace_back([&, work] {
            for (int round = 0; !over; ++round) work(round % kObjects + 1);
        });
    };
    const auto newest = [&](const std::string& table, int id) {
        const auto items =
            request(bench.service.port(), "GET",
                    fmt::format("/v1/trash?resource={}&deletedObjectId={}&limit=1", table, id));
        if (items.status != 200 || items.json().Empty()) return std::string("/v1/trash/none");
        return "/v1/trash/" + std::string(items.json()[0]["id"].GetString());
    };
    const auto send = [&](const std::string& verb, const std::string& address) {
        fine(request(bench.service.port(), verb, address));
    };
    for (const char* table : {"task", "project", "client"})
        client([&, table](int id) { send("DELETE", fmt::format("/v1/{}/{}", table, id)); });
    client([&](int id) { send("POST", newest("task", id) + "/$restore?with=ancestors"); });
    client([&](int id) { send("POST", newest("client", id) + "/$restore"); });
    for (int i = 0; i < 2; ++i)
        client([&](int id) { send("DELETE", newest("client", id) + kWith); });
    client([&](int id) {
        send("DELETE", fmt::format("/v1/client/{}?hard=true&with=descendants", id));
    });
    std::this_thread::sleep_for(std::chrono::seconds(8));
    over = true;
    for (auto& thread : clients) thread.join();
    CHECK(faults == 0);
    // each row has been in the trash or live, or all of its groups are purged
    CHECK(bench.sql.value(R"(SELECT count(*) FROM trashd.trash_group g
  WHERE size <> (SELECT count(*) FROM trashd.item i WHERE i.group_id = g.id) AND
    state = 'trashed')") == "0");
    CHECK(bench.sql.value(R"(SELECT count(*) FROM trashd.item i
  JOIN trashd.shape s ON s.id = i.shape AND s.table_name = 'task'
  JOIN task t ON t.id::text = i.object_id)") == "0");
    for (int id = 1; id <= kObjects; ++id)
        send("DELETE", fmt::format("/v1/client/{}?hard=true&with=descendants", id));
    CHECK(faults == 0);
    CHECK(bench.sql.value("SELECT count(*) FROM client WHERE id <= 20") == "0");
    CHECK(bench.sql.value(fmt::format(R"(SELECT count(*) FROM trashd.trash_group g
  JOIN trashd.shape s ON s.id = g.root_shape AND s.table_name <> 'note'
  WHERE g.state = 'trashed')")) == "0");
}
