// The most rows that a single delete may take, by role.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "schema/error.hpp"
#include "tests/support/database.hpp"
#include "tests/support/problem.hpp"
#include "trash/records/api_keys.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

const char* kSchema = R"(
CREATE TABLE project (id int PRIMARY KEY);
CREATE TABLE task (id int PRIMARY KEY, project_id int REFERENCES project ON DELETE CASCADE);
CREATE TABLE note (id int PRIMARY KEY, project_id int REFERENCES project ON DELETE SET NULL);
INSERT INTO project SELECT i FROM generate_series(1, 9) i;
INSERT INTO task SELECT i, 1 + i % 3 FROM generate_series(1, 30) i;
INSERT INTO note VALUES (1, 2);
)";
// Projects 1 to 3 have ten tasks each.
const std::string kLimits = "[limits]\ndelete_rows = 10\n";
const char* kDetail =
    "a delete of yours may take up to 10 rows, and this one would take more; delete parts of it "
    "first, or ask someone whose role may take more";

std::string impact(const std::string& id, int total, int projects, int tasks) {
    return fmt::format(
        R"(,"impact":{{"root":{{"resource":"project","id":{}}},"total":{},"resources":[)"
        R"({{"resource":"project","action":"trash","count":{},"reason":"named"}},)"
        R"({{"resource":"task","action":"trash","count":{},)"
        R"("reason":"task_project_id_fkey: ON DELETE CASCADE"}}],"blockers":[]}})",
        id, total, projects, tasks);
}

struct Bench {
    TempDatabase database{kSchema};
    ServiceProcess service;
    schema::Pool pool{database.url(), 1};
    std::string key;
    explicit Bench(const std::string& toml = kLimits) : service(database.url(), {}, toml) {}

    // From here on requests have a key of the roles.
    void become(const std::vector<std::string>& roles) {
        key = trash::Keys(pool, "trashd").create({"one", roles}).text;
    }
    Answer operator()(const std::string& verb, const std::string& address,
                      httplib::Headers headers = {}) {
        if (!key.empty()) headers.emplace("X-API-Key", key);
        return ask(service.port(), verb, address, headers);
    }
    std::string rows() {
        return TestConnection(database.url())
            .value("SELECT (SELECT count(*) FROM project) || ' ' || count(*) FROM task");
    }
};

}  // namespace

TEST_CASE("a delete that would take too many rows is refused whole, with its impact") {
    Bench call;
    for (const char* query : {"", "?hard=true"})
        check_problem(call("DELETE", "/v1/project/1" + std::string(query)), "too-large", kDetail,
                      impact("\"1\"", 11, 1, 10));
    check_problem(call("DELETE", "/v1/project/1", {{"Prefer", "wait"}}), "too-large", kDetail,
                  impact("\"1\"", 11, 1, 10));
    CHECK(call.rows() == "9 30");
    CHECK(call("DELETE", "/v1/project/1?dryRun=true").json()["total"].GetInt() == 11);
    CHECK(call("DELETE", "/v1/task/3").status == 204);
    CHECK(call("DELETE", "/v1/project/1").status == 204);
    CHECK(call.rows() == "8 20");
    CHECK(call("DELETE", "/v1/project/1").status == 204);
}

TEST_CASE("of a bulk delete all rows together count") {
    Bench call;
    check_problem(call("DELETE", "/v1/project?ids=4,1"), "too-large", kDetail,
                  impact("null", 12, 2, 10));
    CHECK(call("DELETE", "/v1/task?where[id][less_than]=12").code() == "too-large");
    CHECK(call.rows() == "9 30");
    CHECK(call("DELETE", "/v1/task?where[id][less_than]=11").status == 200);
    CHECK(call("DELETE", "/v1/project?ids=4,5,6,7").status == 200);
    CHECK(call.rows() == "5 20");
}

TEST_CASE("a delete that is to be done apart is refused before it is accepted") {
    Bench call("[limits]\ndelete_rows = 10\nasync_rows = 5\n");
    const httplib::Headers later = {{"Prefer", "respond-async"}};
    for (const auto& headers : {later, httplib::Headers()})
        check_problem(call("DELETE", "/v1/project/1", headers), "too-large", kDetail,
                      impact("\"1\"", 11, 1, 10));
    CHECK(call("DELETE", "/v1/project?ids=1,2", later).code() == "too-large");
    CHECK(call("DELETE", "/v1/project?ids=4,5", later).status == 202);
    CHECK(call("DELETE", "/v1/task?where[id][less_than]=8").status == 202);
    CHECK(call("DELETE", "/v1/project/8").status == 204);
}

TEST_CASE("a delete that grew after it was accepted is refused when it is run") {
    Bench call;
    CHECK(call("DELETE", "/v1/task/3").status == 204);
    TestConnection other(call.database.url());
    other->exec("BEGIN");
    other->exec("SELECT 1 FROM project WHERE id = 9 FOR UPDATE");
    const httplib::Headers later = {{"Prefer", "respond-async"}};
    // The first keeps the second waiting.
    CHECK(call("DELETE", "/v1/project/9", later).status == 202);
    const auto accepted = call("DELETE", "/v1/project/1", later);
    CHECK(accepted.status == 202);
    other->exec("INSERT INTO task SELECT i, 1 FROM generate_series(100, 110) i");
    other->exec("COMMIT");
    std::string body;
    while (body.find("\"endedAt\":\"") == std::string::npos)
        body = call("GET", accepted.header("Location")).body;
    CHECK(body.find("\"state\":\"failed\"") != std::string::npos);
    CHECK(body.find("\"code\":\"too-large\"") != std::string::npos);
    CHECK(call("GET", "/v1/project/1").status == 200);
}

TEST_CASE("someone whose role may take more can carry it out") {
    Bench call(kLimits +
               "async_rows = 0\n[credentials]\napi_keys = true\n[roles]\n"
               "small = [\"read\", \"trash\", \"view-trash\"]\n"
               "large = { read = \"*\", trash = \"*\", delete_rows = 12 }\n"
               "boundless = { trash = \"*\", delete_rows = 0 }\n");
    call.become({"small"});
    check_problem(call("DELETE", "/v1/project/1"), "too-large", kDetail,
                  impact("\"1\"", 11, 1, 10));
    call.become({"small", "large"});
    CHECK(call("DELETE", "/v1/project?ids=1,2").code() == "too-large");
    CHECK(call("DELETE", "/v1/project/1").status == 204);
    call.become({"boundless", "small"});
    CHECK(call("DELETE", "/v1/project?ids=2,3,4").status == 200);
    CHECK(call.rows() == "5 0");
}

TEST_CASE("the impact of what is too large hides what may not be read") {
    Bench call(kLimits +
               "[credentials]\napi_keys = true\n[roles]\n"
               "blind = { trash = \"*\", read = \"project\" }\n");
    call.become({"blind"});
    const auto answer = call("DELETE", "/v1/project/2");
    CHECK(answer.code() == "too-large");
    CHECK(answer.body.find("note") == std::string::npos);
    CHECK(answer.body.find(R"({"resource":null,"action":"set-null","count":1)") !=
          std::string::npos);
}
