// What is held cannot be purged, by whatever way, and comes back all the same.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "schema/error.hpp"
#include "tests/support/database.hpp"
#include "tests/support/problem.hpp"
#include "trash/records/api_keys.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

const char* kSchema = R"(
CREATE TABLE client (id int PRIMARY KEY, name text);
CREATE TABLE project (id int PRIMARY KEY, client int REFERENCES client ON DELETE CASCADE);
CREATE TABLE task (id int PRIMARY KEY, project int REFERENCES project ON DELETE CASCADE);
INSERT INTO client SELECT i, 'client ' || i FROM generate_series(1, 40) i;
INSERT INTO project SELECT i, i FROM generate_series(1, 5) i;
INSERT INTO task SELECT i, i FROM generate_series(1, 3) i;
)";

struct Bench {
    explicit Bench(const std::string& toml = "") : service(database.url(), {}, toml) {}

    Answer call(const std::string& verb, const std::string& address, const std::string& body = "") {
        httplib::Headers headers;
        if (!body.empty()) headers.emplace("Content-Type", "application/json");
        return request(service.port(), verb, address, headers, body);
    }
    std::string trash(const std::string& path) {
        const auto gone = call("DELETE", "/v1/" + path);
        REQUIRE(gone.status == 204);
        return gone.header("Location").substr(std::string("/v1/trash/").size());
    }
    std::string group_of(const std::string& item) {
        return call("GET", "/v1/trash/" + item).json()["groupId"].GetString();
    }
    // The id of the hold; what: members of the body.
    std::string hold(const std::string& what) {
        const auto made = call("POST", "/v1/holds", "{" + what + ", \"reason\": \"a lawsuit\"}");
        CAPTURE(made.body);
        REQUIRE(made.status == 201);
        const std::string id = made.json()["id"].GetString();
        CHECK(made.header("Location") == "/v1/@holds/" + id);
        return id;
    }
    void release(const std::string& hold) {
        CHECK(call("DELETE", "/v1/holds/" + hold + "?reason=settled").status == 204);
    }

    TempDatabase database{kSchema};
    ServiceProcess service;
    TestConnection sql{database.url()};
};

}  // namespace

TEST_CASE(
    "a group that is held cannot be purged until it is released, and the answer names who says "
    "so") {
    Bench bench;
    const auto item = bench.trash("client/1");
    const auto hold = bench.hold(fmt::format("\"groupId\": \"{}\"", bench.group_of(item)));
    const auto told = bench.call("GET", "/v1/holds/" + hold).body;
    const auto refused = ask(bench.service.port(), "DELETE", "/v1/trash/" + item);
    check_problem(refused, "held",
                  "it is held, so it cannot be purged; the holds say why, and who made them may "
                  "release them",
                  ",\"holds\":[" + told + "]");
    CHECK(refused.status == 409);
    CHECK(bench.call("GET", "/v1/trash/" + item).status == 200);
    const auto group = bench.call("GET", "/v1/@groups/" + bench.group_of(item)).json();
    REQUIRE(group["holds"].Size() == 1);
    CHECK(group["holds"][0]["reason"] == "a lawsuit");
    CHECK(bench.call("PATCH", "/v1/trash/" + item, "{\"expiresAt\": \"2099-01-01\"}").status ==
          200);
    bench.release(hold);
    CHECK(bench.call("DELETE", "/v1/trash/" + item).status == 204);
    const auto history = bench.call("GET", "/v1/history?action=held").json();
    REQUIRE(history.Size() == 1);
    CHECK(history[0]["reason"] == "a lawsuit");
    CHECK(history[0]["resource"] == "client");
    CHECK(bench.call("GET", "/v1/history?action=released").json()[0]["reason"] == "settled");
}

TEST_CASE("a hold on a live object refuses its hard delete, and holds it in the trash") {
    Bench bench;
    const auto hold = bench.hold("\"resource\": \"project\", \"id\": \"1\"");
    CHECK(bench.call("DELETE", "/v1/project/1?hard=true").code() == "held");
    CHECK(bench.call("DELETE", "/v1/client/1?hard=true").code() == "held");
    CHECK(bench.call("DELETE", "/v1/client?ids=1,2&hard=true").code() == "held");
    CHECK(bench.sql.value("SELECT count(*) FROM client WHERE id < 3") == "2");
    // what is not held goes all the same
    CHECK(bench.call("DELETE", "/v1/client/9?hard=true").status == 204);
    CHECK(bench.call("DELETE", "/v1/client?ids=7,8&hard=true").status == 200);
    CHECK(bench.sql.value("SELECT count(*) FROM trashd.item") == "0");
    const auto item = bench.trash("client/1");
    CHECK(bench.call("DELETE", "/v1/trash/" + item).code() == "held");
    CHECK(bench.call("DELETE", "/v1/client/1?hard=true").code() == "held");
    const auto back = bench.call("POST", "/v1/trash/" + item + "/$restore");
    CHECK(back.status == 200);
    CHECK(bench.call("POST", back.json()["undo"]["href"].GetString()).status == 200);
    CHECK(bench.call("DELETE", "/v1/trash/" + item).code() == "held");
    bench.release(hold);
    CHECK(bench.call("DELETE", "/v1/trash/" + item).status == 204);
}

TEST_CASE("of a group the member that is held stays, and what it does not hang on may go") {
    Bench bench;
    const auto item = bench.trash("client/1");
    const auto member = [&](const std::string& resource) -> std::string {
        return bench.call("GET", "/v1/trash?resource=" + resource).json()[0]["id"].GetString();
    };
    const auto project = member("project"), task = member("task");
    const auto hold = bench.hold("\"resource\": \"project\", \"id\": \"1\"");
    CHECK(bench.call("DELETE", "/v1/trash/" + project + "?only=member").code() == "held");
    CHECK(bench.call("DELETE", "/v1/trash/" + task + "?only=member").status == 204);
    CHECK(bench.call("DELETE", "/v1/trash/" + item).code() == "held");
    bench.release(hold);
    CHECK(bench.call("DELETE", "/v1/trash/" + project + "?only=member").status == 204);
}

TEST_CASE("emptying leaves what is held and says how much, bulk purges give it a status") {
    Bench bench;
    const auto first = bench.trash("client/1"), second = bench.trash("client/9"),
               third = bench.trash("client/10");
    bench.hold("\"resource\": \"task\", \"id\": \"1\"");
    const auto each =
        bench
            .call("POST", "/v1/trash/bulk-purge",
                  fmt::format("{{\"ids\": [\"{}\", \"{}\"], \"partial\": true}}", first, second))
            .json();
    CHECK(each["results"][0]["status"] == "held");
    CHECK(each["results"][0]["problem"]["code"] == "held");
    CHECK(each["results"][1]["status"] == "purged");
    CHECK(bench
              .call("POST", "/v1/trash/bulk-purge",
                    fmt::format("{{\"ids\": [\"{}\", \"{}\"]}}", first, third))
              .code() == "held");
    CHECK(bench.call("GET", "/v1/trash/" + third).status == 200);
    const std::string rest = "{\"groups\":1,\"items\":1,\"held\":{\"groups\":1,\"items\":3}}";
    CHECK(bench.call("DELETE", "/v1/trash?dryRun=true").body == rest);
    CHECK(bench.call("DELETE", "/v1/trash?resource=client&deletedBy=nobody&dryRun=true").body ==
          "{\"groups\":0,\"items\":0}");
    CHECK(bench.call("DELETE", "/v1/trash?confirm=true&expect=4").code() == "changed");
    CHECK(bench.call("DELETE", "/v1/trash?confirm=true&expect=1").body == rest);
    CHECK(bench.call("GET", "/v1/trash/" + first).status == 200);
}

TEST_CASE("retention leaves what is held, and a hold ends with its time") {
    Bench bench("[retention]\nkeep = \"1s\"\nevery = \"1s\"\n");
    const auto until = bench.sql.value(
        "SELECT to_char((now() + interval '6 s') AT TIME ZONE 'UTC', "
        "'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')");
    const auto hold =
        bench.hold("\"resource\": \"client\", \"id\": \"1\", \"until\": \"" + until + "\"");
    const auto item = bench.trash("client/1"), other = bench.trash("client/9");
    const auto purged = [&](const std::string& one) {
        for (int i = 0; i < 200; ++i) {
            if (bench.call("GET", "/v1/trash/" + one).status == 410) return true;
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
        }
        return false;
    };
    CHECK(purged(other));
    CHECK(bench.call("GET", "/v1/trash/" + item).status == 200);
    CHECK(purged(item));
    CHECK(bench.call("GET", "/v1/holds").body == "[]");
    CHECK_FALSE(bench.call("GET", "/v1/holds/" + hold).json()["inForce"].GetBool());
    CHECK(ids(bench.call("GET", "/v1/holds?all=true")) == std::vector<std::string>{hold});
}

TEST_CASE("a condition holds the objects for which it is true, live and in the trash") {
    Bench bench;
    const auto item = bench.trash("client/20");
    const auto made =
        bench.call("POST", "/v1/holds",
                   "{\"resource\": \"client\", \"where\": {\"id\": {\"in\": [20, 21]}}, "
                   "\"reason\": \"audit\"}");
    REQUIRE(made.status == 201);
    CHECK(made.json()["objects"].GetInt() == 2);
    CHECK(made.json()["where"]["id"]["in"].Size() == 2);
    CHECK(bench.call("DELETE", "/v1/trash/" + item).code() == "held");
    CHECK(bench.call("DELETE", "/v1/client/21?hard=true").code() == "held");
    CHECK(bench.call("DELETE", "/v1/client/22?hard=true").status == 204);
    CHECK(bench
              .call("POST", "/v1/holds",
                    "{\"resource\": \"client\", \"where\": {\"id\": "
                    "{\"equals\": 99}}, \"reason\": \"audit\"}")
              .code() == "not-found");
}

TEST_CASE("SQL past the trash is refused where rows of the table are held") {
    Bench bench(
        "[capture]\nhard = [\"postgres\"]\n[[resource]]\ntable = \"task\"\ncapture = true\n");
    const auto hold = bench.hold("\"resource\": \"task\", \"id\": \"1\"");
    CHECK_THROWS_AS(bench.sql->script("SET trashd.hard = on; DELETE FROM task WHERE id = 1"),
                    Error);
    CHECK_THROWS_AS(bench.sql->script("SET trashd.hard = on; TRUNCATE task"), Error);
    CHECK(bench.sql.value("SELECT count(*) FROM task") == "3");
    bench.release(hold);
    bench.sql->script("SET trashd.hard = on; DELETE FROM task WHERE id = 1");
    CHECK(bench.sql.value("SELECT count(*) FROM task") == "2");
}

TEST_CASE("of a hold and a purge that come at the same time one is first") {
    Bench bench;
    int held = 0;
    for (int i = 10; i < 40; ++i) {
        const auto item = bench.trash(fmt::format("client/{}", i));
        const auto group = bench.group_of(item);
        Answer hold, purge;
        {
            const std::jthread holder([&] {
                hold = bench.call(
                    "POST", "/v1/holds",
                    i % 2 ? fmt::format("{{\"groupId\": \"{}\", \"reason\": \"r\"}}", group)
                          : fmt::format("{{\"resource\": \"client\", \"id\": \"{}\", "
                                        "\"reason\": \"r\"}}",
                                        i));
            });
            const std::jthread purger([&] { purge = bench.call("DELETE", "/v1/trash/" + item); });
        }
        CAPTURE(hold.body);
        CAPTURE(purge.body);
        const bool there = bench.call("GET", "/v1/trash/" + item).status == 200;
        CHECK(there == (purge.status == 409));
        if (purge.status == 409) CHECK(hold.status == 201);
        if (purge.status == 204 && i % 2) CHECK((hold.status == 410 || hold.status == 404));
        held += hold.status == 201 ? 1 : 0;
    }
    MESSAGE(held << " holds were first");
}

TEST_CASE("a hold waits for a purge that has begun, and a purge for a hold") {
    Bench bench;
    const auto item = bench.trash("client/1");
    const auto group = bench.group_of(item);
    TestConnection other(bench.database.url());
    other->script(
        "BEGIN; LOCK TABLE trashd.hold IN SHARE ROW EXCLUSIVE MODE; INSERT INTO trashd.hold "
        "(by, reason, group_uuid) VALUES ('x', 'y', '" +
        group + "')");
    Answer purge;
    {
        const std::jthread purger([&] { purge = bench.call("DELETE", "/v1/trash/" + item); });
        std::this_thread::sleep_for(std::chrono::milliseconds(500));
        other->script("COMMIT");
    }
    CHECK(purge.code() == "held");
}

TEST_CASE("what is no hold is refused") {
    Bench bench;
    const auto item = bench.trash("client/1");
    const auto group = bench.group_of(item);
    const auto post = [&](const std::string& body) {
        return bench.call("POST", "/v1/holds", body);
    };
    for (const std::string body :
         {"{\"reason\": \"r\"}", "{\"resource\": \"client\", \"reason\": \"r\"}",
          "{\"resource\": \"client\", \"id\": \"1\", \"where\": {}, \"reason\": \"r\"}",
          "{\"groupId\": \"x\", \"reason\": \"r\"}", "{\"id\": \"1\", \"reason\": \"r\"}",
          "{\"resource\": \"client\", \"where\": {}, \"reason\": \"r\"}", "[]",
          "{\"resource\": \"client\", \"id\": \"1\", \"reason\": \"r\", \"more\": 1}"}) {
        CAPTURE(body);
        CHECK(post(body).code() == "bad-request");
    }
    const auto one = "\"groupId\": \"" + group + "\"";
    CHECK(post("{" + one + "}").code() == "reason-required");
    CHECK(post("{" + one + ", \"reason\": \" \"}").code() == "reason-required");
    const auto past = post("{" + one + ", \"reason\": \"r\", \"until\": \"2020-01-01\"}");
    CHECK(past.status == 422);
    CHECK(past.json()["detail"] == "'until' has passed already");
    CHECK(post("{" + one + ", \"reason\": \"r\", \"until\": \"soon\"}").code() == "invalid");
    CHECK(post("{\"resource\": \"nothing\", \"id\": \"1\", \"reason\": \"r\"}").code() ==
          "not-found");
    CHECK(post("{\"resource\": \"client\", \"id\": \"x\", \"reason\": \"r\"}").code() ==
          "not-found");
    CHECK(post("{\"resource\": \"client\", \"id\": \"99\", \"reason\": \"r\"}").code() ==
          "not-found");
    CHECK(
        post("{\"groupId\": \"01890a5d-ac96-774b-bcce-000000000000\", \"reason\": \"r\"}").code() ==
        "not-found");
    const auto hold = bench.hold(one);
    CHECK(bench.call("DELETE", "/v1/holds/" + hold).code() == "reason-required");
    bench.release(hold);
    CHECK(bench.call("DELETE", "/v1/holds/" + hold + "?reason=again").code() == "gone");
    CHECK(bench.call("GET", "/v1/holds/" + group).code() == "not-found");
    REQUIRE(bench.call("DELETE", "/v1/trash/" + item).status == 204);
    CHECK(post("{" + one + ", \"reason\": \"r\"}").code() == "gone");
}

TEST_CASE("holds take their right, and who has it for some alone sees own holds") {
    TempDatabase database(kSchema);
    ServiceProcess service(database.url(), {}, R"([credentials]
api_keys = true
[roles]
boss = "*"
some = { read = "*", trash = "*", view-trash = "*", purge = "*", hold = "project" }
none = ["read", "trash", "view-trash", "restore", "purge"]
)");
    schema::Pool pool(database.url(), 1);
    trash::Keys keys(pool, "trashd");
    const auto as = [&](const std::string& role) {
        return httplib::Headers{{"X-API-Key", keys.create({role, {role}, {}, {}}).text},
                                {"Content-Type", "application/json"}};
    };
    const auto boss = as("boss"), some = as("some"), none = as("none");
    const auto post = [&](const httplib::Headers& who, const std::string& resource) {
        return request(service.port(), "POST", "/v1/holds", who,
                       "{\"resource\": \"" + resource + "\", \"id\": \"1\", \"reason\": \"r\"}");
    };
    CHECK(post(none, "client").code() == "forbidden");
    CHECK(post(some, "client").code() == "forbidden");
    CHECK(post(some, "project").status == 201);
    REQUIRE(post(boss, "client").status == 201);
    CHECK(request(service.port(), "GET", "/v1/holds", none).code() == "forbidden");
    const auto own = request(service.port(), "GET", "/v1/holds", some).json();
    REQUIRE(own.Size() == 1);
    CHECK(own[0]["resource"] == "project");
    CHECK(request(service.port(), "GET", "/v1/holds", boss).json().Size() == 2);
    const auto all = ids(request(service.port(), "GET", "/v1/holds", boss));
    CHECK(request(service.port(), "DELETE", "/v1/holds/" + all[0] + "?reason=x", some).code() ==
          "not-found");
}
