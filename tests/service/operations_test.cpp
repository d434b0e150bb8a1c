// Work that no client waits for: how it is asked for, what it tells, and that its end is right
// however the process ends.
#include <doctest/doctest.h>

#include <chrono>
#include <thread>

#include "schema/error.hpp"
#include "tests/support/database.hpp"
#include "tests/support/http.hpp"
#include "tests/support/problem.hpp"

using namespace trashd::test;

namespace {

const char* kSchema = R"(
CREATE TABLE project (id int PRIMARY KEY, name text);
CREATE TABLE task (id int PRIMARY KEY, project_id int REFERENCES project ON DELETE CASCADE);
CREATE TABLE bill (id int PRIMARY KEY, project_id int REFERENCES project);
CREATE TABLE operations (id int PRIMARY KEY);
CREATE INDEX ON task (project_id);
INSERT INTO project SELECT i, 'project ' || i FROM generate_series(1, 30) i;
INSERT INTO task SELECT i, 1 + i % 20 FROM generate_series(1, 2000) i;
INSERT INTO bill VALUES (1, 30);
)";

const httplib::Headers kLater = {{"Prefer", "respond-async"}};

struct Bench {
    explicit Bench(const std::string& toml = "") : service(database.url(), {}, toml) {}
    Answer operator()(const std::string& verb, const std::string& address,
                      const httplib::Headers& headers = {}, const std::string& body = "") {
        return request(service.port(), verb, address, headers, body);
    }
    std::string value(const std::string& sql) { return TestConnection(database.url()).value(sql); }
    // Polls until the operation has ended.
    rapidjson::Document end_of(const Answer& accepted);

    TempDatabase database{kSchema};
    ServiceProcess service;
};

rapidjson::Document Bench::end_of(const Answer& accepted) {
    CAPTURE(accepted.body);
    REQUIRE(accepted.status == 202);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    for (;;) {
        const auto answer = (*this)("GET", accepted.header("Location"));
        REQUIRE(answer.status == 200);
        auto operation = answer.json();
        CHECK(operation["endedAt"].IsNull() == !answer.header("Retry-After").empty());
        if (!operation["endedAt"].IsNull()) return operation;
        REQUIRE(std::chrono::steady_clock::now() < deadline);
    }
}

std::string text(const rapidjson::Value& value) {
    return value.GetString();
}

}  // namespace

TEST_CASE("a delete, a restore and a purge can be asked for without waiting for them") {
    Bench call;
    const auto accepted = call("DELETE", "/v1/project/1?reason=old", kLater);
    CHECK(accepted.header("Preference-Applied") == "respond-async");
    const auto removed = call.end_of(accepted);
    CHECK(text(removed["state"]) == "done");
    CHECK(text(removed["kind"]) == "delete");
    CHECK(removed["done"].GetInt() == 101);
    CHECK(removed["total"].GetInt() == 101);
    const std::string item = text(removed["result"]["location"]);
    CHECK(item.ends_with(text(removed["result"]["groupId"]).substr(0, 28) + "00000001"));
    CHECK(text(call("GET", item).json()["reason"]) == "old");
    const auto restored = call.end_of(call("POST", item + "/$restore", kLater));
    CHECK(restored["result"]["restored"].GetInt() == 101);
    CHECK(call("GET", item).status == 410);
    const auto again = call("DELETE", "/v1/project/1").header("Location");
    const auto purged = call.end_of(call("DELETE", again, kLater));
    CHECK(text(purged["result"]["receipt"]).size() > 64);
    CHECK(purged["done"].GetInt() == 101);
    CHECK(text(call("GET", again).json()["outcome"]) == "purged");
}

TEST_CASE("several objects become one operation with the answer of a bulk delete") {
    Bench call;
    const httplib::Headers headers = {{"Prefer", "respond-async"},
                                      {"Content-Type", "application/json"}};
    const auto done =
        call.end_of(call("POST", "/v1/project/bulk-delete", headers, R"({"ids": [1, 2, 77]})"));
    CHECK(text(done["kind"]) == "bulk-delete");
    CHECK(done["done"].GetInt() == 202);
    CHECK(text(done["result"][0]["status"]) == "trashed");
    CHECK(text(done["result"][2]["status"]) == "not-found");
    CHECK(call.value("SELECT count(*) FROM project") == "28");
}

TEST_CASE("what fails tells the error as the request would have been answered") {
    Bench call;
    const auto refused = call.end_of(call("DELETE", "/v1/project/30", kLater));
    CHECK(text(refused["state"]) == "failed");
    CHECK(text(refused["error"]["code"]) == "has-dependents");
    CHECK(text(refused["error"]["dependents"][0]["ids"][0]) == "1");
    CHECK(refused["result"].IsNull());
    CHECK(call("DELETE", "/v1/project/77", kLater).code() == "not-found");
    CHECK(call("DELETE", "/v1/project/1?hard=maybe", kLater).code() == "bad-request");
    CHECK(call("POST", "/v1/trash/00000000-0000-7000-8000-000000000001/$restore", kLater).code() ==
          "not-found");
    for (const char* id : {"x", "00000000-0000-4000-8000-000000000001"})
        CHECK(call("GET", std::string("/v1/operations/") + id).code() == "not-found");
    CHECK(call("DELETE", "/v1/operations/x").code() == "not-found");
    CHECK(call("POST", "/v1/operations").code() == "method-not-allowed");
    CHECK(call.service.log().find("public.operations is not served") != std::string::npos);
}

TEST_CASE("an operation deletes the version that was named or nothing") {
    // If-Match was lost on the way to the operation, so that it deleted whatever was there.
    Bench call;
    auto tagged = [](const Answer& row) {
        return httplib::Headers{{"Prefer", "respond-async"}, {"If-Match", row.header("ETag")}};
    };
    const auto seen = call("GET", "/v1/project/1");
    CHECK(call("PATCH", "/v1/project/1", {{"Content-Type", "application/json"}}, R"({"name":"x"})")
              .status == 200);
    const auto stale = call.end_of(call("DELETE", "/v1/project/1", tagged(seen)));
    CHECK(text(stale["error"]["code"]) == "stale");
    CHECK(call("GET", "/v1/project/1").status == 200);
    const auto now = tagged(call("GET", "/v1/project/1"));
    CHECK(text(call.end_of(call("DELETE", "/v1/project/1", now))["state"]) == "done");
}

TEST_CASE("what moves more rows than configured becomes an operation by itself") {
    Bench call("[limits]\nasync_rows = 50\n");
    CHECK(call("DELETE", "/v1/project/25").status == 204);
    const auto accepted = call("DELETE", "/v1/project/1");
    CHECK(accepted.header("Preference-Applied").empty());
    const std::string item = text(call.end_of(accepted)["result"]["location"]);
    CHECK(call("POST", item + "/$restore?dryRun=true").status == 200);
    CHECK(call.end_of(call("POST", item + "/$restore"))["done"].GetInt() == 101);
    const auto waited = call("DELETE", "/v1/project/1", {{"Prefer", "wait=60"}});
    CHECK(waited.status == 204);
    CHECK(call.end_of(call("DELETE", waited.header("Location")))["done"].GetInt() == 101);
    CHECK(call("DELETE", "/v1/project?ids=2,3").status == 202);
    CHECK(call.value("SELECT count(*) FROM trashd.operation WHERE kind = 'bulk-delete'") == "1");
}

TEST_CASE("a configured table that is gone keeps no operation from running") {
    // The first operation after it read the configuration as a start does, which is refused.
    Bench call("[[resource]]\ntable = \"operations\"\npath = \"works\"\n");
    TestConnection(call.database.url())->exec("DROP TABLE operations");
    for (const char* address : {"/v1/project/1", "/v1/project/2"}) {
        CHECK(text(call.end_of(call("DELETE", address, kLater))["state"]) == "done");
        CHECK(call("GET", address).status == 410);
    }
}

TEST_CASE("who has as many operations waiting as configured is told to come again") {
    Bench call("[limits]\noperations = 2\n");
    TestConnection holder(call.database.url());
    holder->exec("BEGIN");
    holder->exec("SELECT FROM project WHERE id = 1 FOR UPDATE");
    const auto first = call("DELETE", "/v1/project/1", kLater);
    const auto second = call("DELETE", "/v1/project/2", kLater);
    const auto refused = ask(call.service.port(), "DELETE", "/v1/project/3", kLater);
    check_problem(refused, "too-many-requests",
                  "2 of your operations wait or run already; ask again when one has ended");
    CHECK(refused.header("Retry-After") == "1");
    holder->exec("ROLLBACK");
    call.end_of(first);
    call.end_of(second);
    CHECK(text(call.end_of(call("DELETE", "/v1/project/3", kLater))["state"]) == "done");
}

TEST_CASE("a stop leaves what runs for the next start") {
    TempDatabase database(kSchema);
    TestConnection holder(database.url());
    std::string operation;
    {
        ServiceProcess service(database.url(), {}, "[limits]\nlock_timeout_ms = 60000\n");
        holder->exec("BEGIN");
        holder->exec("SELECT FROM project WHERE id = 1 FOR UPDATE");
        operation = request(service.port(), "DELETE", "/v1/project/1", kLater).header("Location");
        TestConnection watcher(database.url());
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        while (watcher.value("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
                             "AND application_name LIKE 'trashd operations%'") == "0")
            REQUIRE(std::chrono::steady_clock::now() < deadline);
        CHECK(service.stop() == 0);
        CHECK(watcher.value("SELECT state FROM trashd.operation") == "queued");
        CHECK(watcher.value("SELECT count(*) FROM project") == "30");
    }
    holder->exec("COMMIT");
    ServiceProcess next(database.url());
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (text(request(next.port(), "GET", operation).json()["state"]) != "done")
        REQUIRE(std::chrono::steady_clock::now() < deadline);
    CHECK(TestConnection(database.url()).value("SELECT count(*) FROM project") == "29");
}

TEST_CASE("operations of a process that is killed are ended by the next one, each once") {
    TempDatabase database(kSchema);
    TestConnection sql(database.url());
    for (int round = 0; round < 4; ++round) {
        ServiceProcess service(database.url());
        for (int i = 1; i <= 5; ++i) {
            const auto id = std::to_string(round * 5 + i);
            REQUIRE(request(service.port(), "DELETE", "/v1/project/" + id, kLater).status == 202);
        }
        service.kill();
    }
    ServiceProcess last(database.url());
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (sql.value("SELECT count(*) FROM trashd.operation WHERE ended_at IS NULL") != "0")
        REQUIRE(std::chrono::steady_clock::now() < deadline);
    CHECK(sql.value("SELECT count(*) FROM trashd.operation WHERE state = 'done' AND done = 101") ==
          "20");
    CHECK(sql.value("SELECT count(*) FROM trashd.operation o JOIN trashd.trash_group g ON g.uuid = "
                    "(o.result->>'groupId')::uuid WHERE g.size = 101") == "20");
    CHECK(sql.value("SELECT count(*) FROM trashd.trash_group") == "20");
    CHECK(
        sql.value("SELECT (SELECT count(*) FROM project) || ' ' || (SELECT count(*) FROM task)") ==
        "10 0");
    CHECK(sql.value("SELECT count(*) FROM trashd.item") == "2020");
}

TEST_CASE("respond-async is asked for by that word, not by one that holds it") {
    Bench call;
    const auto with = [&](const std::string& prefer) {
        return ask(call.service.port(), "DELETE", "/v1/project/1", {{"Prefer", prefer}}).status;
    };
    CHECK(with("x-respond-async-never") == 204);
    CHECK(ask(call.service.port(), "POST", "/v1/project/1?deleted=true").status != 202);
}
