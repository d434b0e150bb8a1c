// Every error that clients can meet, with its whole answer: status, headers and each member.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <future>

#include "schema/error.hpp"
#include "tests/support/served_database.hpp"
#include "trash/store/groups.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

const char* kSchema = R"(
CREATE TABLE project (id int PRIMARY KEY, name text NOT NULL UNIQUE);
CREATE TABLE task (id int PRIMARY KEY, project_id int NOT NULL REFERENCES project ON DELETE CASCADE,
                   title text);
CREATE TABLE bill (id int PRIMARY KEY, project_id int NOT NULL REFERENCES project);
CREATE TABLE visit (id int PRIMARY KEY, project_id int NOT NULL REFERENCES project);
CREATE TABLE note (id int PRIMARY KEY, project_id int REFERENCES project ON DELETE SET NULL);
CREATE TABLE slot (id int PRIMARY KEY, during int4range, hours int,
                   CONSTRAINT slot_free EXCLUDE USING gist (during WITH &&));
CREATE TABLE odd (state text PRIMARY KEY);
INSERT INTO project SELECT i, 'project ' || i FROM generate_series(1, 4) i;
INSERT INTO task VALUES (1, 1, 'one'), (2, 1, 'two');
INSERT INTO bill SELECT i, 2 FROM generate_series(1, 7) i;
INSERT INTO visit VALUES (1, 2);
INSERT INTO note VALUES (1, 1);
INSERT INTO slot VALUES (1, '[1,5)', 1);
INSERT INTO odd VALUES ('XX000'), ('P0001'), ('22P02');
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the secret of %', OLD USING ERRCODE = OLD.state; END $$;
CREATE TRIGGER refuse BEFORE DELETE ON odd FOR EACH ROW EXECUTE FUNCTION refuse();
)";

struct Bench : ServedDatabase {
    explicit Bench(const std::string& toml = "") : ServedDatabase(kSchema, toml) {}

    Answer operator()(const std::string& verb, const std::string& address,
                      const httplib::Headers& headers = {}, const std::string& body = "") {
        return ask(service.port(), verb, address, headers, body);
    }
    Answer restore(const std::string& item, const std::string& query = "") {
        return (*this)("POST", item + "/$restore" + query);
    }
};

std::string group_of(const std::string& item) {
    return item.substr(std::string("/v1/trash/").size(), 28) + "00000000";
}

// Until a session of the database waits for a lock.
void await_lock_wait(const std::string& url) {
    TestConnection watcher(url);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    const char* waiting =
        "SELECT count(*) > 0 FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
        " WHERE NOT l.granted AND d.datname = current_database()";
    while (watcher.value(waiting) != "t") REQUIRE(std::chrono::steady_clock::now() < deadline);
}

}  // namespace

TEST_CASE("a request that cannot be understood says which part of it") {
    Bench call;
    const std::vector<std::pair<std::string, std::string>> faults = {
        {"?foo=1", "the parameter 'foo' is not known here"},
        {"?hard=true&foo=1", "the parameter 'foo' is not known here"},
        {"?hard=true&hard=true", "the parameter 'hard' is given twice"},
        {"?hard=true&dryRun=yes", "'dryRun' must be true or false"},
        {"?hard=true&permanent=false", "'hard' and 'permanent' mean the same; give one of them"},
        {"?permanent=true&hard=false", "'hard' and 'permanent' mean the same; give one of them"},
        {"?reason=%4", "a % in the address is not followed by two hex digits; write it as %25"},
        {"?reason=%ff", "the address is not UTF-8 after percent-decoding"},
        {"?reason=%00", "the address holds a NUL character"},
        {"?reason=" + std::string(501, 'x'), "'reason' may have up to 500 characters"},
    };
    for (const auto& [query, detail] : faults)
        check_problem(call("DELETE", "/v1/project/1" + query), "bad-request", detail);
    CHECK(call("GET", "/v1/project/1").status == 200);
    CHECK(call("DELETE", "/v1/project/1?hard=true&permanent=true").status == 204);
}

TEST_CASE("a list that cannot be understood says what would be") {
    Bench call;
    const std::string cursor = "the cursor is not one of this list; begin again without it";
    const std::vector<std::pair<std::string, std::string>> faults = {
        {"/v1/project?limit=1001", "'limit' must be a number from 1 to 1000"},
        {"/v1/trash?limit=0", "'limit' must be a number from 1 to 1000"},
        {"/v1/project?cursor=x", cursor},
        {"/v1/project/@deleted?cursor=WyJsaXZlIiwiMSJd", cursor},  // ["live","1"]
        {"/v1/trash?groupid=1", "the parameter 'groupid' is not known here"},
        {"/v1/trash?expand=all",
         "'expand' must be object or references, or both with a comma between"},
        {"/v1/project?deleted=maybe", "'deleted' must be true, false or null"},
        {"/v1/project?page=2&cursor=x", "give either 'cursor' or 'page'"},
        {"/v1/project?sort=nope", "there is no column 'nope' to sort by"},
        {"/v1/trash?from=soon", "'from' must be a time as in 2025-01-31T12:00:00Z, or a date"},
    };
    for (const auto& [address, detail] : faults)
        check_problem(call("GET", address), "bad-request", detail);
    check_problem(call("POST", "/v1/project/1?method=HEAD"), "bad-request",
                  "'method' must be DELETE, PUT or PATCH");
    check_problem(call.restore("/v1/trash/x", "?with=parents"), "bad-request",
                  "'with' must be ancestors");
}

// The status in the body was 400, that of the answer 414.
TEST_CASE("a head that cannot be served is refused with the reason") {
    Bench call;
    auto longest = request(call.service.port(), "GET", "/v1/" + std::string(9000, 'x'));
    CHECK(longest.code() == "bad-request");
    CHECK(longest.json()["detail"] == "the address is too long");
    check_problem(call("GET", "/v1/" + std::string(8100, 'x')), "bad-request",
                  "the address is too long");
    check_problem(call("GET", "/v1/", {{"X-Text", "\xff"}}), "bad-request",
                  "a header is not UTF-8");
}

TEST_CASE("confirmation and reason are asked for with the impact") {
    Bench call("[[resource]]\ntable = \"project\"\nconfirm = true\nrequire_reason = true\n");
    check_problem(
        call("DELETE", "/v1/project/1"), "confirmation-required",
        "this resource asks for ?confirm=true; impact says what would be taken",
        R"(,"impact":{"root":{"resource":"project","id":"1"},"total":3,"resources":[)"
        R"({"resource":"project","action":"trash","count":1,"reason":"named"},)"
        R"({"resource":"task","action":"trash","count":2,"reason":"task_project_id_fkey: )"
        R"(ON DELETE CASCADE"},{"resource":"note","action":"set-null","count":1,"reason":)"
        R"("note_project_id_fkey: ON DELETE SET NULL"}],"blockers":[]})");
    check_problem(call("DELETE", "/v1/project/1?confirm=true"), "reason-required",
                  "this resource asks for ?reason=");
    check_problem(call("DELETE", "/v1/project/1?confirm=true&reason="), "reason-required",
                  "this resource asks for ?reason=");
    CHECK(call("GET", "/v1/project/1").status == 200);
}

TEST_CASE("a prefetch and a page of another site may not change anything") {
    Bench call;
    const auto item = call.trash("project/1");
    const char* prefetch = "a prefetch must not change anything";
    const auto restore = item + "/$restore";
    check_problem(call("GET", restore, {{"Purpose", "prefetch"}}), "forbidden", prefetch);
    check_problem(call("GET", restore, {{"Sec-Purpose", "prefetch;prerender"}}), "forbidden",
                  prefetch);
    const httplib::Headers foreign = {{"Sec-Fetch-Site", "cross-site"}};
    const char* site = "a page of another site must not change anything";
    check_problem(call("GET", restore, foreign), "forbidden", site);
    check_problem(call("DELETE", item, foreign), "forbidden", site);
    CHECK(call("GET", item).status == 200);
}

TEST_CASE("what is not there is not found, in the words of its kind") {
    Bench call;
    const std::string nothing = "nothing is at this address; /v1/ lists what there is";
    const std::string item = "/v1/trash/00000000-0000-7000-8000-000000000001";
    check_problem(call("GET", "/v1/nothing"), "not-found", nothing);
    check_problem(call("DELETE", "/v1/nothing/1"), "not-found", nothing);
    check_problem(call("GET", "/v1/project/9"), "not-found", "there is no such object in project");
    check_problem(call("DELETE", "/v1/project/9"), "not-found",
                  "there is no such object in project");
    check_problem(call("DELETE", "/v1/project/9?dryRun=true"), "not-found",
                  "there is no such object in project");
    check_problem(call("DELETE", "/v1/project/x"), "not-found",
                  "there is no such object in project");
    for (const std::string& address : {item, std::string("/v1/trash/x")}) {
        check_problem(call("GET", address), "not-found", "there is no such TrashItem");
        check_problem(call("DELETE", address), "not-found", "there is no such TrashItem");
        check_problem(call.restore(address), "not-found", "there is no such TrashItem");
    }
}

TEST_CASE("a wrong verb is told the right ones") {
    Bench call("restore_by_get = false\n");
    const auto item = call.trash("project/1");
    const std::vector<std::array<std::string, 3>> wrong = {
        {"POST", "/v1/project/1", "GET, HEAD, PATCH, PUT, DELETE, OPTIONS"},
        {"PUT", "/v1/project", "GET, HEAD, DELETE, POST, OPTIONS"},
        {"PATCH", "/v1/project/1/@deleted", "GET, HEAD, OPTIONS"},
        {"POST", item, "GET, HEAD, PATCH, DELETE, OPTIONS"},
        {"DELETE", item + "/$restore", "GET, POST, OPTIONS"},
        {"GET", item + "/$restore", "POST, OPTIONS"},
        {"POST", "/healthz", "GET, HEAD, OPTIONS"},
    };
    for (const auto& [verb, address, allowed] : wrong) {
        CAPTURE(verb + " " + address);
        auto answer = call(verb, address);
        check_problem(answer, "method-not-allowed", "this address answers " + allowed);
        CHECK(answer.header("Allow") == allowed);
    }
}

TEST_CASE("everything that refers is listed, up to five ids each") {
    Bench call;
    for (const char* query : {"", "?hard=true"}) {
        check_problem(
            call("DELETE", std::string("/v1/project/2") + query), "has-dependents",
            "other rows refer to this object; delete them first, or take them along with "
            "cascade=true",
            R"(,"dependents":[{"resource":"bill","constraint":"bill_project_id_fkey","count":7,)"
            R"("ids":["1","2","3","4","5"]},{"resource":"visit","constraint":)"
            R"("visit_project_id_fkey","count":1,"ids":["1"]}])");
    }
    CHECK(call("GET", "/v1/project/2").status == 200);
}

TEST_CASE("a trashed object answers with its item, a member's hard delete with the root") {
    Bench call;
    const auto item = call.trash("project/1");
    check_problem(call("GET", "/v1/project/1"), "in-trash",
                  "the object is in the trash; restore trashItem to have it back",
                  ",\"trashItem\":" + call("GET", item).body);
    auto listed = call("GET", "/v1/trash?limit=1").body;
    CHECK(listed.find("\"root\":true") != std::string::npos);
    check_problem(call("DELETE", "/v1/task/1?hard=true"), "not-group-root",
                  "the object went into the trash with another one; purge or restore that group",
                  ",\"root\":" + listed.substr(1, listed.size() - 2));
}

TEST_CASE("what is gone says how, when and by whom") {
    Bench call;
    for (const std::string outcome : {"restored", "purged"}) {
        const auto item = call.trash("project/1");
        (outcome == "purged") ? call("DELETE", item) : call.restore(item);
        const auto at = call.value(
            "SELECT to_char(ended_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US"
            "\"Z\"') FROM trashd.trash_group WHERE uuid = '" +
            group_of(item) + "'");
        const auto detail = "the TrashItem was " + outcome + " at " + at;
        const auto members =
            fmt::format(R"(,"outcome":"{}","at":"{}","by":"anonymous")", outcome, at);
        check_problem(call("GET", item), "gone", detail, members);
        check_problem(call("DELETE", item), "gone", detail, members);
        check_problem(call.restore(item), "gone", detail, members);
    }
}

TEST_CASE("If-Match of another version is stale and deletes nothing") {
    Bench call;
    auto etag = call("GET", "/v1/project/1").header("ETag");
    call.sql("UPDATE project SET name = 'new' WHERE id = 1");
    for (const char* query : {"", "?hard=true", "?dryRun=true"}) {
        check_problem(call("DELETE", std::string("/v1/project/1") + query, {{"If-Match", etag}}),
                      "stale", "the object is another version than If-Match names; read it again");
    }
    CHECK(call("GET", "/v1/project/1").json()["name"] == "new");
}

TEST_CASE("a body over the limit is refused, whether its length is said or not") {
    Bench call("[limits]\nbody_bytes = 1000\n");
    const char* detail = "the body may have up to 1000 bytes";
    const std::string large(1001, 'x');
    for (const char* verb : {"DELETE", "POST", "GET"})
        check_problem(call(verb, "/v1/project/1", {}, large), "payload-too-large", detail);
    auto answer = raw_request(
        call.service.port(),
        "DELETE /v1/project/1 HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: request-1\r\n"
        "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n3e9\r\n" +
            large + "\r\n0\r\n\r\n");
    CHECK(answer.starts_with("HTTP/1.1 413 "));
    CHECK(answer.find("Content-Type: application/problem+json\r\n") != std::string::npos);
    CHECK(answer.ends_with(call("DELETE", "/v1/project/1", {}, large).body + "\n"));
    CHECK(call("DELETE", "/v1/project/1", {}, std::string(1000, ' ')).status == 204);
}

TEST_CASE("an internal error shows nothing of the database; the log does") {
    Bench call;
    call.sql("ALTER TABLE trashd.item RENAME TO secret");
    check_problem(call("DELETE", "/v1/slot/1"), "internal",
                  "something went wrong; the log has it under the requestId");
    call.service.stop();
    CHECK(
        call.service.log().find("request request-1: the database refused (SQLSTATE 42P01); see "
                                "the log of the service [42P01: relation \"trashd.item\" does not "
                                "exist") != std::string::npos);
}

// The answer pointed to the log, which had nothing.
TEST_CASE("what a trigger refuses is in the log, where the answer says it is") {
    Bench call;
    check_problem(call("DELETE", "/v1/odd/P0001"), "conflict",
                  "the trigger refuse of public.odd refuses: the secret of (P0001)");
    call.service.stop();
    CHECK(call.service.log().find("[warning] request request-1: ") != std::string::npos);
    CHECK(call.service.log().find("[P0001: the secret of (P0001)") != std::string::npos);
}

// It was answered as if there were no such object.
TEST_CASE("a trigger that fails on a value does not hide the object") {
    Bench call;
    check_problem(call("DELETE", "/v1/odd/22P02"), "conflict",
                  "the trigger refuse of public.odd refuses: the secret of (22P02)");
    CHECK(call("GET", "/v1/odd/22P02").status == 200);
}

// The key made anew cascaded until the next start: its configuration was lost with the old oid.
TEST_CASE("what is configured for a foreign key holds when the key is made anew") {
    Bench call(
        "[[resource]]\ntable = \"task\"\non_delete = { task_project_id_fkey = \"restrict\" }\n");
    CHECK(call("DELETE", "/v1/project/1").code() == "has-dependents");
    call.sql(
        "ALTER TABLE task DROP CONSTRAINT task_project_id_fkey, ADD CONSTRAINT "
        "task_project_id_fkey FOREIGN KEY (project_id) REFERENCES project ON DELETE CASCADE");
    CHECK(call("DELETE", "/v1/project/1").code() == "has-dependents");
    CHECK(call.value("SELECT count(*) FROM task") == "2");
}

TEST_CASE("a missing privilege names the GRANT") {
    TempDatabase database(kSchema);
    TestConnection(database.url())
        ->script("CREATE ROLE errors_weak LOGIN; GRANT CREATE ON DATABASE " + database.name() +
                 " TO errors_weak; GRANT SELECT ON project, task, note, bill, visit TO errors_weak;"
                 "GRANT INSERT, UPDATE, DELETE ON project, task, note TO errors_weak");
    ServiceProcess weak(database.url("errors_weak"));
    check_problem(ask(weak.port(), "GET", "/v1/slot/1"), "missing-grant",
                  "the service's role may not use table slot; GRANT SELECT, INSERT, UPDATE, DELETE "
                  "on it to the role");
    auto refused = ask(weak.port(), "DELETE", "/v1/project/2?cascade=true");
    CHECK(refused.code() == "missing-grant");
    weak.log_with("request request-1: the service's role may not use table slot");
    const std::string detail = refused.json()["detail"].GetString();
    for (const std::string table : {"bill", "visit"})
        CHECK(detail.find("lacks INSERT, UPDATE, DELETE on public." + table +
                          "; GRANT INSERT, UPDATE, DELETE ON \"public\".\"" + table +
                          "\" to it, or configure") != std::string::npos);
    CHECK(detail.find("GRANT SELECT") == std::string::npos);
    CHECK(ask(weak.port(), "DELETE", "/v1/project/1").status == 204);
}

TEST_CASE("a wait for another session's lock ends with 503, and the delete works later") {
    Bench call("[limits]\nlock_timeout_ms = 50\n");
    TestConnection other(call.database.url());
    other->exec("BEGIN");
    other->exec("UPDATE task SET title = 'changed' WHERE id = 2");
    check_problem(call("DELETE", "/v1/project/1"), "unavailable",
                  "others hold locks on these rows; try again later");
    other->exec("COMMIT");
    const auto item = call.trash("project/1");
    other->exec("BEGIN");
    other->exec("INSERT INTO project VALUES (1, 'not yet there')");
    check_problem(call.restore(item), "unavailable",
                  "others hold locks on these rows; try again later");
    other->exec("ROLLBACK");
    CHECK(call.restore(item).json()["restored"].GetInt() == 3);
}

TEST_CASE("a statement that takes too long ends with 503") {
    Bench call("[limits]\nlock_timeout_ms = 60000\nstatement_timeout_ms = 1000\n");
    TestConnection other(call.database.url());
    other->exec("BEGIN");
    other->exec("LOCK TABLE project");
    check_problem(call("GET", "/v1/project/1"), "unavailable",
                  "the statement took too long and was cancelled; try again later");
    other->exec("ROLLBACK");
    CHECK(call("GET", "/v1/project/1").status == 200);
}

TEST_CASE("a request that gets no connection to the database ends with 503") {
    Bench call("pool_size = 1\n[limits]\nlock_timeout_ms = 60000\n");
    std::future<Answer> waiting;
    TestConnection other(call.database.url());  // ends, and with it the wait, before the future
    other->exec("BEGIN");
    other->exec("LOCK TABLE project");
    waiting = std::async(std::launch::async, [&] { return call("GET", "/v1/project/1"); });
    await_lock_wait(call.database.url());
    check_problem(call("GET", "/v1/task/1"), "unavailable",
                  "all database connections are in use; try again later");
    other->exec("ROLLBACK");
    CHECK(waiting.get().status == 200);
}

TEST_CASE("without its database every address of data is 503, and 200 again with it") {
    const std::string directory = "/tmp/trashd-test-errors-" + std::to_string(getpid());
    {
        schema::Cluster cluster(directory);
        cluster.create_database("trashd");
        TestConnection(cluster.url("trashd"))->script(kSchema);
        ServiceProcess service(cluster.url("trashd"));
        const auto item = ask(service.port(), "DELETE", "/v1/project/1").header("Location");
        cluster.stop();
        for (const std::string& call :
             {std::string("GET /v1/project"), std::string("DELETE /v1/project/3"), "GET " + item,
              "DELETE " + item, "POST " + item + "/$restore"}) {
            CAPTURE(call);
            const auto space = call.find(' ');
            check_problem(ask(service.port(), call.substr(0, space), call.substr(space + 1)),
                          "unavailable", "the database cannot be reached; try again later");
        }
        cluster.start();
        CHECK(ask(service.port(), "POST", item + "/$restore").status == 200);
    }
    std::filesystem::remove_all(directory);
}

TEST_CASE("with cascade=true each dependent says why its rows are not taken along") {
    // The advice was cascade=true again.
    TempDatabase database(R"(
CREATE TABLE branch (id int PRIMARY KEY);
CREATE TABLE item (id int PRIMARY KEY, branch int NOT NULL REFERENCES branch, gone bool);
CREATE RULE keep_item AS ON DELETE TO item DO INSTEAD UPDATE item SET gone = true WHERE id = OLD.id;
CREATE TABLE kept (id int PRIMARY KEY, branch int REFERENCES branch ON DELETE CASCADE);
CREATE RULE keep AS ON UPDATE TO kept DO INSTEAD NOTHING;
INSERT INTO branch VALUES (1);
INSERT INTO item VALUES (1, 1), (2, 1);
INSERT INTO kept VALUES (1, 1);
)");
    ServiceProcess service(database.url());
    const std::string why = "rewrite rules on public.item would divert its rows; drop the rules";
    const auto answer = request(service.port(), "DELETE", "/v1/branch/1?cascade=true").json();
    CHECK(answer["code"] == "has-dependents");
    CHECK(answer["detail"] ==
          "other rows refer to this object and cannot be taken along; each of dependents says why");
    REQUIRE(answer["dependents"].Size() == 2);
    CHECK(answer["dependents"][0]["reason"] == why.c_str());
    CHECK(answer["dependents"][1]["reason"] ==
          "rewrite rules on public.kept would divert its rows; drop the rules");
    const auto bulk = request(service.port(), "DELETE", "/v1/branch?ids=1&cascade=true").json();
    CHECK(bulk["dependents"][0]["reason"] == why.c_str());
    CHECK(bulk["detail"] == answer["detail"]);
    const auto plan = request(service.port(), "GET", "/v1/branch/$metadata").json();
    CHECK(plan["deleteWithCascade"]["effects"][0]["reason"] == why.c_str());
    const auto plain = request(service.port(), "DELETE", "/v1/branch/1").json();
    CHECK_FALSE(plain["dependents"][0].HasMember("reason"));
    CHECK(plain["dependents"][1]["reason"] == answer["dependents"][1]["reason"]);
}
