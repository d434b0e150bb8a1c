// Plans of restores, and copies, over HTTP.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/support/served_database.hpp"
#include "trash/records/api_keys.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

const char* kSchema = R"(
CREATE TABLE usr (id serial PRIMARY KEY, name text UNIQUE);
CREATE TABLE topic (id serial PRIMARY KEY, author int REFERENCES usr ON DELETE SET NULL, title text);
CREATE TABLE reply (id serial PRIMARY KEY, usr int NOT NULL REFERENCES usr ON DELETE CASCADE);
CREATE TABLE pin (usr int PRIMARY KEY REFERENCES usr);
INSERT INTO usr (name) VALUES ('ann'), ('bob');
INSERT INTO topic (author, title) VALUES (1, 'x'), (2, 'y');
INSERT INTO reply (usr) VALUES (1), (1);
)";

const char* kRoles = R"([credentials]
api_keys = true
[roles]
owners = "*"
restorers = ["view-trash", "restore", "read"]
)";

constexpr const char* kStale =
    "the restore would not do any more what its plan says; look at what it would do now, and send "
    "that plan";

struct Bench : ServedDatabase {
    explicit Bench(const std::string& toml = "") : ServedDatabase(kSchema, toml) {}

    Answer dry(const std::string& item, const std::string& body = "") {
        return (*this)("POST", item + "/$restore?dryRun=true", body);
    }
    std::string plan(const std::string& item, const std::string& body = "") {
        const auto answer = dry(item, body);
        REQUIRE(answer.status == 200);
        return answer.json()["plan"].GetString();
    }
    Answer restore(const std::string& item, const std::string& plan, const std::string& body = "") {
        return (*this)("POST", item + "/$restore", body, {{"If-Match", '"' + plan + '"'}});
    }
};

constexpr const char* kSwap = R"({"otherwise":"swap"})";

}  // namespace

TEST_CASE("what a dry run has shown is done, and the answer is the same but for the plan") {
    Bench call;
    const auto item = call.trash("usr/1");
    const auto dry = call.dry(item);
    const std::string plan = dry.json()["plan"].GetString();
    CHECK(plan.size() == 64);
    CHECK(call.plan(item) == plan);
    const auto done = call.restore(item, plan);
    CHECK(done.status == 200);
    const auto body = without_undo(done.body);
    CHECK(dry.body == body.substr(0, body.size() - 1) + R"(,"plan":")" + plan + R"("})");
    CHECK(call.value("SELECT author FROM topic WHERE id = 1") == "1");
    CHECK(call.restore(item, plan).code() == "gone");
}

TEST_CASE("a live row that is another by now, or another body, is another plan") {
    Bench call;
    const auto item = call.trash("usr/1");
    const auto plan = call.plan(item);
    call.sql("UPDATE topic SET title = 'z' WHERE id = 2");
    CHECK(call.plan(item) == plan);  // it has nothing to do with the group
    call.sql("UPDATE topic SET title = 'z' WHERE id = 1");
    const auto now = call.dry(item);
    CHECK(now.json()["plan"] != plan.c_str());
    check_problem(call.restore(item, plan), "stale", kStale, ",\"dryRun\":" + now.body);
    CHECK(call.value("SELECT count(*) FROM usr") == "1");
    const std::string body = R"({"set":[{"resource":"usr","id":"1","values":{"name":"eve"}}]})";
    check_problem(call.restore(item, now.json()["plan"].GetString(), body), "stale", kStale,
                  ",\"dryRun\":" + call.dry(item, body).body);
    CHECK(call.restore(item, call.plan(item, body), body).status == 200);
    CHECK(call.value("SELECT name FROM usr WHERE id = 1") == "eve");
}

TEST_CASE("what is in the way by now is told instead of a plan that holds no more") {
    Bench call;
    const auto item = call.trash("usr/1");
    const auto plan = call.plan(item), swap = call.plan(item, kSwap);
    call.sql("INSERT INTO usr (name) VALUES ('ann')");
    check_problem(call.restore(item, plan), "stale", kStale,
                  R"(,"conflicts":[{"kind":"unique-taken","resource":"usr","id":"1",)"
                  R"("constraint":"usr_name_key","columns":["name"],"values":["ann"],)"
                  R"("with":{"resource":"usr","id":"3"},"choices":["set","swap"]}])");
    CHECK(call.restore(item, swap, kSwap).code() == "stale");
    const auto taking = call.plan(item, kSwap);
    CHECK(call.plan(item, kSwap) == taking);
    call.sql("INSERT INTO reply (usr) VALUES (3)");
    CHECK(call.restore(item, taking, kSwap).code() == "stale");
    const auto more = call.plan(item, kSwap);
    call.sql("INSERT INTO pin VALUES (3)");
    check_problem(call.restore(item, more, kSwap), "stale", kStale,
                  R"(,"dependents":[{"resource":"pin","constraint":"pin_usr_fkey","count":1,)"
                  R"("ids":["3"]}])");
    call.sql("DELETE FROM pin");
    CHECK(call.restore(item, more, kSwap).status == 200);
    CHECK(call.value("SELECT string_agg(id || name, ' ' ORDER BY id) FROM usr") == "1ann 2bob");
}

TEST_CASE("a group of which a part has left is another plan") {
    Bench call;
    const auto item = call.trash("usr/1");
    const auto plan = call.plan(item);
    const std::string reply =
        call("GET", "/v1/trash?resource=reply&deletedObjectId=2").json()[0]["id"].GetString();
    REQUIRE(call("DELETE", "/v1/trash/" + reply + "?only=member").status == 204);
    check_problem(call.restore(item, plan), "stale", kStale, ",\"dryRun\":" + call.dry(item).body);
}

TEST_CASE("a plan counts for the operation that does the restore later, too") {
    Bench call;
    const auto item = call.trash("usr/1");
    const auto plan = call.plan(item);
    call.sql("UPDATE topic SET title = 'z' WHERE id = 1");
    const auto accepted = call("POST", item + "/$restore", "",
                               {{"If-Match", '"' + plan + '"'}, {"Prefer", "respond-async"}});
    REQUIRE(accepted.status == 202);
    const auto address = accepted.header("Location");
    auto operation = call("GET", address);
    while (operation.json()["endedAt"].IsNull()) operation = call("GET", address);
    CHECK(operation.json()["error"]["code"] == "stale");
    CHECK(call.value("SELECT count(*) FROM usr") == "1");
}

TEST_CASE("a copy is inserted beside what is live, and the group stays in the trash") {
    Bench call;
    const auto item = call.trash("usr/1");
    call.sql("ALTER TABLE usr DROP CONSTRAINT usr_name_key");
    const std::string body = R"({"copy":true})";
    const auto plan = call.plan(item, body);
    CHECK(call.plan(item, body) == plan);  // though each dry run uses up keys
    const auto copied = call.restore(item, plan, body);
    REQUIRE(copied.status == 200);
    const auto ids = call.value(
        "SELECT (SELECT max(id) FROM usr) || ' ' || string_agg(id::text, ' ' ORDER BY id) FROM "
        "reply");
    const auto usr = ids.substr(0, ids.find(' ')), replies = ids.substr(usr.size() + 1);
    const auto first = replies.substr(0, replies.find(' ')),
               second = replies.substr(first.size() + 1);
    CHECK(without_undo(copied.body) ==
          fmt::format(
              R"({{"groupId":"{0}","root":{{"resource":"usr","id":"{1}","href":"/v1/usr/{1}"}},)"
              R"("restored":3,"resources":[{{"resource":"usr","count":1}},)"
              R"({{"resource":"reply","count":2}}],"relinked":0,"notRelinked":0,"copied":[)"
              R"({{"resource":"usr","from":"1","to":"{1}"}},)"
              R"({{"resource":"reply","from":"1","to":"{2}"}},)"
              R"({{"resource":"reply","from":"2","to":"{3}"}}]}})",
              call("GET", item).json()["groupId"].GetString(), usr, first, second));
    CHECK(call("GET", item).json()["groupSize"].GetInt() == 3);
    const auto history = call("GET", "/v1/history?action=copied").json();
    REQUIRE(history.Size() == 1);
    CHECK(history[0]["objectId"] == "1");
    CHECK(call("POST", item + "/$restore").json()["relinked"].GetInt() == 1);
}

TEST_CASE("what a copy cannot have is refused, naming what to do") {
    Bench call(kRoles);
    schema::Pool pool(call.database.url(), 1);
    trash::Keys keys(pool, "trashd");
    const httplib::Headers owner = {{"X-API-Key", keys.create({"ann", {"owners"}}).text}},
                           restorer = {{"X-API-Key", keys.create({"bob", {"restorers"}}).text}};
    const auto item = call("DELETE", "/v1/usr/1", "", owner).header("Location");
    check_problem(call("POST", item + "/$restore", R"({"copy":1})", owner), "bad-request",
                  "'copy' must be true or false");
    check_problem(call("POST", item + "/$restore", R"({"copy":true})", restorer), "forbidden",
                  "the right 'write' for usr, 'write' for reply is missing; ask for a role that "
                  "has it",
                  R"(,"missing":[{"right":"write","resource":"usr"},)"
                  R"({"right":"write","resource":"reply"}])");
    call.sql("INSERT INTO usr (name) VALUES ('ann')");
    check_problem(call("POST", item + "/$restore", R"({"copy":true})", owner), "restore-conflict",
                  "the group cannot go back as it is: 1 conflict; resolve them and restore again",
                  R"(,"conflicts":[{"kind":"unique-taken","resource":"usr","id":"1",)"
                  R"("constraint":"usr_name_key","columns":["name"],"values":["ann"],)"
                  R"("with":{"resource":"usr","id":"3"},"choices":["set"]}])");
    check_problem(
        call("POST", item + "/$restore",
             R"({"copy":true,"resolve":[{"resource":"usr","id":"1","choice":"swap"}]})", owner),
        "bad-request",
        "'swap' does not fit the conflict unique-taken of usr 1; its choices are: set");
    CHECK(call.value("SELECT count(*) FROM usr") == "2");
}
