// Roles with an owner: everyone reads, writes, trashes, restores and purges rows of one's own.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <atomic>
#include <thread>

#include "tests/support/database.hpp"
#include "tests/support/problem.hpp"
#include "trash/records/api_keys.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

const char* kSchema = R"(
CREATE TABLE project (id int PRIMARY KEY, name text, author text);
CREATE TABLE task (id int PRIMARY KEY, project_id int REFERENCES project ON DELETE CASCADE,
                   author text);
CREATE TABLE note (id int PRIMARY KEY, project_id int REFERENCES project ON DELETE CASCADE);
INSERT INTO project VALUES (1, 'one', 'key:ann'), (2, 'two', 'key:bob'), (3, 'three', 'key:ann'),
                           (4, 'four', NULL);
INSERT INTO task VALUES (1, 1, 'key:ann'), (2, 3, 'key:ann'), (3, 3, 'key:bob');
INSERT INTO note VALUES (1, 1), (2, 2);
)";

const char* kRoles = R"([credentials]
api_keys = true
[roles]
people = { "*" = "*", owner = "author" }
readers = { read = "*", trash = "*", view-trash = "*", owner = "author" }
all-readers = ["read"]
editors = ["read", "trash", "view-trash", "restore"]
own-purge = { purge = "*", owner = "author" }
admin = "*"
)";

struct Bench {
    TempDatabase database{kSchema};
    ServiceProcess service{database.url(), {}, kRoles};
    schema::Pool pool{database.url(), 1};
    trash::Keys keys{pool, "trashd"};
    std::map<std::string, std::string> known;

    Bench() {
        for (const char* name : {"ann", "bob"}) known[name] = keys.create({name, {"people"}}).text;
        known["cy"] = keys.create({"cy", {"readers", "all-readers"}}).text;
        known["root"] = keys.create({"root", {"admin"}}).text;
    }
    Answer as(const std::string& who, const std::string& verb, const std::string& address,
              const std::string& body = "", httplib::Headers headers = {}) {
        headers.emplace("X-API-Key", known.at(who));
        if (!body.empty()) headers.emplace("Content-Type", "application/json");
        return ask(service.port(), verb, address, headers, body);
    }
    std::string trash(const std::string& who, const std::string& address) {
        const auto answer = as(who, "DELETE", address);
        REQUIRE(answer.status == 204);
        return answer.header("Location");
    }
    std::string value(const std::string& sql) { return TestConnection(database.url()).value(sql); }
    bool waiting() {
        return value(
                   "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND "
                   "datname = current_database()") == "t";
    }
};

void check_forbidden(const Answer& answer, const std::string& right, const std::string& resource) {
    check_problem(answer, "forbidden",
                  fmt::format("the right '{}' for {} is missing; ask for a role that has it", right,
                              resource),
                  fmt::format(R"(,"missing":[{{"right":"{}","resource":"{}"}}])", right, resource));
}

using Ids = std::vector<std::string>;

}  // namespace

TEST_CASE("an own object goes into the trash, comes back and is purged; another's does not") {
    Bench bench;
    const auto item = bench.trash("ann", "/v1/project/1");
    CHECK(bench.value("SELECT count(*) FROM trashd.item") == "3");
    CHECK(bench.as("bob", "GET", item).status == 404);
    CHECK(bench.as("bob", "POST", item + "/$restore").status == 404);
    CHECK(bench.as("bob", "DELETE", item).status == 404);
    CHECK(bench.as("ann", "POST", item + "/$restore").status == 200);
    const auto again = bench.trash("ann", "/v1/project/1");
    CHECK(bench.as("ann", "DELETE", again).status == 204);
    CHECK(bench.value("SELECT count(*) FROM trashd.item") == "0");
}

TEST_CASE("an object of another is refused where it may be read, and is nowhere where not") {
    Bench bench;
    CHECK(bench.as("ann", "DELETE", "/v1/project/2").status == 404);
    check_forbidden(bench.as("cy", "DELETE", "/v1/project/2"), "trash", "project");
    check_forbidden(bench.as("cy", "DELETE", "/v1/project/2?dryRun=true"), "trash", "project");
    CHECK(bench.as("ann", "DELETE", "/v1/project/4").status == 404);
    CHECK(bench.value("SELECT count(*) FROM project") == "4");
}

TEST_CASE("a member of another keeps the whole group, whether it would go or come back") {
    Bench bench;
    check_forbidden(bench.as("ann", "DELETE", "/v1/project/3"), "trash", "task");
    check_forbidden(bench.as("ann", "DELETE", "/v1/project/3?dryRun=true"), "trash", "task");
    check_forbidden(bench.as("ann", "DELETE", "/v1/project/3?hard=true"), "trash", "task");
    check_forbidden(bench.as("ann", "DELETE", "/v1/project?ids=1,3"), "trash", "task");
    CHECK(bench.value("SELECT count(*) FROM project") == "4");
    CHECK(bench.value("SELECT count(*) FROM trashd.trash_group") == "0");
    const auto item = bench.trash("root", "/v1/project/3");
    check_forbidden(bench.as("ann", "POST", item + "/$restore"), "restore", "task");
    check_forbidden(bench.as("ann", "POST", item + "/$restore?dryRun=true"), "restore", "task");
    check_forbidden(bench.as("ann", "DELETE", item), "purge", "task");
    CHECK(bench.as("root", "POST", item + "/$restore").status == 200);
}

TEST_CASE("rows without an owner belong to what they hang on, and by themselves to nobody") {
    Bench bench;
    check_forbidden(bench.as("ann", "DELETE", "/v1/note/1"), "trash", "note");
    check_forbidden(bench.as("ann", "GET", "/v1/note"), "read", "note");
    const auto item = bench.trash("ann", "/v1/project/1");
    const auto items = bench.as("ann", "GET", "/v1/trash");
    CHECK(ids(items, "deletedObjectId") == Ids{"1", "1"});
    CHECK(bench.as("ann", "GET", "/v1/trash?count=true").header("X-Total-Count") == "2");
    check_forbidden(bench.as("ann", "GET", "/v1/trash?resource=note"), "view-trash", "note");
    CHECK(bench.as("ann", "POST", item + "/$restore").status == 200);
}

TEST_CASE("a hard delete of own rows leaves nothing behind, and says so in the ledger") {
    Bench bench;
    CHECK(bench.as("ann", "DELETE", "/v1/project/1?hard=true").status == 204);
    CHECK(bench.value("SELECT count(*) FROM trashd.item") == "0");
    CHECK(bench.value("SELECT count(*) FROM project WHERE id = 1") == "0");
    CHECK(bench.value("SELECT string_agg(action, ' ' ORDER BY id) FROM trashd.ledger WHERE action "
                      "!~ '^key-'") == "trashed purged");
    CHECK(bench.as("bob", "DELETE", "/v1/project?ids=2&hard=true").status == 200);
    CHECK(bench.value("SELECT count(*) FROM trashd.item") == "0");
}

TEST_CASE("lists show own rows, live and trashed, and count no others") {
    Bench bench;
    bench.trash("root", "/v1/project/2");
    bench.trash("root", "/v1/project/1");
    CHECK(ids(bench.as("ann", "GET", "/v1/project")) == Ids{"3"});
    CHECK(ids(bench.as("ann", "GET", "/v1/project?deleted=null&sort=id")) == Ids{"1", "3"});
    CHECK(ids(bench.as("ann", "GET", "/v1/project/@deleted")) == Ids{"1"});
    CHECK(ids(bench.as("bob", "GET", "/v1/project/@deleted?sort=name")) == Ids{"2"});
    CHECK(bench.as("ann", "GET", "/v1/project?deleted=null&count=true").header("X-Total-Count") ==
          "2");
    CHECK(ids(bench.as("cy", "GET", "/v1/project")) == Ids{"3", "4"});
    CHECK(ids(bench.as("cy", "GET", "/v1/project/@deleted")).empty());
    CHECK(bench.as("ann", "GET", "/v1/project/2/@deleted").status == 404);
    CHECK(bench.as("ann", "GET", "/v1/project/1/@deleted").status == 200);
    CHECK(bench.as("ann", "GET", "/v1/project/1").status == 410);
    CHECK(bench.as("ann", "GET", "/v1/project/2").status == 404);
    CHECK(bench.as("ann", "GET", "/v1/project/4").status == 404);
}

TEST_CASE("the history is of own objects") {
    Bench bench;
    bench.trash("root", "/v1/project/1");
    bench.trash("root", "/v1/project/2");
    CHECK(bench.as("ann", "GET", "/v1/project/1/@history").body == "[]");  // what one did oneself
    bench.trash("ann", "/v1/task/2");
    CHECK(ids(bench.as("ann", "GET", "/v1/task/2/@history"), "objectId") == Ids{"2"});
    CHECK(bench.as("ann", "GET", "/v1/project/2/@history").status == 404);
    CHECK(bench.as("ann", "GET", "/v1/project/3/@history").status == 200);
    CHECK(bench.as("ann", "GET", "/v1/history").body == "[]");
    check_forbidden(bench.as("ann", "GET", "/v1/history?resource=project"), "view-trash",
                    "project");
}

TEST_CASE("who may write own rows makes no other's, and gives none away") {
    Bench bench;
    check_forbidden(bench.as("ann", "POST", "/v1/project", R"({"id":9,"author":"key:bob"})"),
                    "write", "project");
    check_forbidden(bench.as("ann", "POST", "/v1/project", R"({"id":9})"), "write", "project");
    check_forbidden(bench.as("ann", "PATCH", "/v1/project/1", R"({"author":"key:bob"})"), "write",
                    "project");
    CHECK(bench.as("ann", "PATCH", "/v1/project/2", R"({"name":"mine"})").status == 404);
    CHECK(bench.value("SELECT count(*) FROM project WHERE author = 'key:bob'") == "1");
    const auto made = bench.as("ann", "POST", "/v1/project", R"({"id":9,"author":"key:ann"})");
    CHECK(made.status == 201);
    CHECK(!made.header("ETag").empty());
    CHECK(bench.as("ann", "PATCH", "/v1/project/9", R"({"name":"nine"})").status == 200);
}

TEST_CASE("who may write own rows sets no values of what comes back") {
    Bench bench;
    const auto item = bench.trash("ann", "/v1/project/1");
    check_forbidden(
        bench.as("ann", "POST", item + "/$restore",
                 R"({"set":[{"resource":"project","id":"1","values":{"author":"key:bob"}}]})"),
        "write", "project");
    CHECK(bench.value("SELECT count(*) FROM trashd.item") == "3");
    CHECK(bench.as("ann", "POST", item + "/$restore", R"({"otherwise":"detach"})").status == 200);
}

TEST_CASE("several at once: own ones by a condition, others' not even by a repeated delete") {
    Bench bench;
    const auto by_name = bench.as("ann", "DELETE", "/v1/project?where[name][in]=one,two");
    CHECK(by_name.status == 200);
    CHECK(ids(by_name) == Ids{"1"});
    CHECK(by_name.json()[0]["trashItem"].IsObject());
    bench.trash("root", "/v1/project/2");
    CHECK(bench.as("ann", "DELETE", "/v1/project/2").status == 404);
    CHECK(bench.as("ann", "DELETE", "/v1/project/1").status == 204);
    const auto again = bench.as("ann", "DELETE", "/v1/project?ids=1,2");
    CHECK(ids(again, "status") == Ids{"already-trashed", "not-found"});
}

TEST_CASE("emptying purges the groups that are one's own, and counts no others") {
    Bench bench;
    bench.trash("ann", "/v1/project/1");
    bench.trash("root", "/v1/project/2");
    bench.trash("root", "/v1/project/3");
    const auto counted = bench.as("ann", "DELETE", "/v1/trash");
    CHECK(counted.body.find(R"("groups":1,"items":3)") != std::string::npos);
    CHECK(bench.as("ann", "DELETE", "/v1/trash?confirm=true").body == R"({"groups":1,"items":3})");
    CHECK(bench.value("SELECT string_agg(DISTINCT root_object, ' ') FROM trashd.trash_group "
                      "WHERE state = 'trashed'") == "2 3");
}

TEST_CASE("an owner that changes while the delete waits is the one that counts") {
    Bench bench;
    schema::Lease lease = bench.pool.lease();
    std::atomic<int> status = 0;
    for (int round = 0; round < 5; ++round) {
        status = 0;
        lease.connection().exec("UPDATE project SET author = 'key:ann' WHERE id = 1");
        lease.connection().exec("BEGIN");
        lease.connection().exec("UPDATE project SET author = 'key:bob' WHERE id = 1");
        std::jthread other([&] { status = bench.as("ann", "DELETE", "/v1/project/1").status; });
        while (!bench.waiting()) REQUIRE(status == 0);
        lease.connection().exec("COMMIT");
        other.join();
        CHECK(status == 403);
        CHECK(lease.connection().exec("SELECT author FROM project WHERE id = 1").text(0, 0) ==
              "key:bob");
    }
}

TEST_CASE("a column of owners that is renamed meanwhile makes rows nobody's and ends nothing") {
    // the rows' check took the column's number from a catalog that had it no more, and crashed
    Bench bench;
    TestConnection(bench.database.url())->script("ALTER TABLE task RENAME author TO owner_id");
    bench.as("ann", "DELETE", "/v1/task?ids=1");
    CHECK(bench.as("root", "GET", "/v1/task/1").status == 200);
    CHECK(bench.value("SELECT count(*) FROM task") == "3");
}

TEST_CASE("what belongs to nobody is not purged, alone or among several") {
    // rows without an owner were purged with their group's root being one of them
    Bench bench;
    bench.known["ed"] = bench.keys.create({"ed", {"editors", "own-purge"}}).text;
    for (const char* address : {"/v1/note/1?hard=true", "/v1/note?ids=1&hard=true",
                                "/v1/note?where[id][equals]=1&hard=true"})
        check_forbidden(bench.as("ed", "DELETE", address), "purge", "note");
    const auto item = bench.trash("ed", "/v1/note/1");
    check_forbidden(bench.as("ed", "DELETE", item), "purge", "note");
    check_forbidden(bench.as("ed", "DELETE", "/v1/note/1?hard=true"), "purge", "note");
    CHECK(bench.value("SELECT count(*) FROM trashd.item") == "1");
}

TEST_CASE("another's object is not there, whatever is asked of it, live or trashed") {
    Bench bench;
    bench.trash("root", "/v1/project/2");
    for (const char* id : {"2", "777"}) {
        const std::string object = std::string("/v1/project/") + id;
        CAPTURE(id);
        CHECK(bench.as("ann", "PATCH", object, "{}").status == 404);
        for (const char* query : {"", "?hard=true", "?dryRun=true", "?dryRun=true&hard=true"})
            CHECK(bench.as("ann", "DELETE", object + query).status == 404);
        for (const char* query : {"&hard=true", ""})
            CHECK(ids(bench.as("ann", "DELETE", std::string("/v1/project?ids=") + id + query),
                      "status") == Ids{"not-found"});
    }
    const auto live = bench.as("ann", "DELETE", "/v1/task?ids=3&dryRun=true");
    CHECK(live.json()["total"].GetInt() == 0);
    CHECK(bench.value("SELECT count(*) FROM trashd.item") == "2");
}
