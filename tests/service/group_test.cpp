// A group as a whole: what it tells, to whom, and after its end.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/support/database.hpp"
#include "tests/support/problem.hpp"
#include "trash/records/api_keys.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

const char* kSchema = R"(
CREATE TABLE project (id int PRIMARY KEY, name text);
CREATE TABLE task (id int PRIMARY KEY, project int REFERENCES project ON DELETE CASCADE,
  parent int REFERENCES task ON DELETE CASCADE, author text);
CREATE TABLE note (project int REFERENCES project ON DELETE SET NULL, text text);
CREATE TABLE bill (id int PRIMARY KEY, project int REFERENCES project ON DELETE SET NULL);
INSERT INTO project VALUES (1, 'one'), (2, 'two');
INSERT INTO task VALUES (1, 1, NULL, 'key:ann'), (2, 1, NULL, 'key:bob'), (3, NULL, 2, 'key:bob');
INSERT INTO note VALUES (1, 'x');
INSERT INTO bill VALUES (1, 1), (2, 1), (3, 2);
)";

const char* kRoles = R"([credentials]
api_keys = true
[roles]
owners = "*"
viewers = ["view-trash"]
taskers = { view-trash = "task", restore = "*", purge = "task" }
billers = { view-trash = "bill" }
people = { view-trash = "*", restore = "*", owner = "author" }
)";

struct Bench {
    TempDatabase database{kSchema};
    ServiceProcess service;
    schema::Pool pool{database.url(), 1};
    trash::Keys keys{pool, "trashd"};
    explicit Bench(const std::string& toml = "") : service(database.url(), {}, toml) {}

    Answer as(const std::string& role, const std::string& verb, const std::string& address,
              const std::string& name = "ci") {
        return ask(service.port(), verb, address,
                   {{"X-API-Key", keys.create({name, {role}}).text}});
    }
};

// "task 2 task_project_fkey; " for each
std::string counts_of(const rapidjson::Value& counts) {
    std::string text;
    for (const auto& one : counts.GetArray())
        text += fmt::format("{} {} {}; ", one["resource"].GetString(), one["count"].GetInt(),
                            one["constraint"].IsNull() ? "-" : one["constraint"].GetString());
    return text;
}

}  // namespace

TEST_CASE("a group tells its root, what was taken through which constraint, and what was cut") {
    Bench bench;
    auto call = [&](const std::string& verb, const std::string& address) {
        return request(bench.service.port(), verb, address);
    };
    const auto gone = call("DELETE", "/v1/project/1?reason=over");
    const auto id = gone.header("X-Trash-Group");
    const auto group = call("GET", "/v1/groups/" + id).json();
    CHECK(group["id"].GetString() == id);
    CHECK(group["state"] == "trashed");
    CHECK(group["size"].GetInt() == 4);
    CHECK(group["reason"] == "over");
    CHECK(group["deletedBy"] == "anonymous");
    CHECK(group["root"]["displayName"] == "one");
    CHECK("/v1/trash/" + std::string(group["root"]["id"].GetString()) == gone.header("Location"));
    CHECK(counts_of(group["counts"]) ==
          "project 1 -; task 2 task_project_fkey; task 1 task_parent_fkey; ");
    CHECK(counts_of(group["links"]) == "bill 2 bill_project_fkey; note 1 note_project_fkey; ");
    CHECK(group["endedAt"].IsNull());
    CHECK(group["holds"].Size() == 0);
    CHECK(group["may"]["restore"].GetBool());
    CHECK(group["may"]["purge"].GetBool());
    CHECK(call("GET", "/v1/@groups/" + id).body == call("GET", "/v1/groups/" + id).body);
    const auto item = call("GET", gone.header("Location") + "?expand=group").json();
    CHECK(item["object"]["name"] == "one");
    CHECK(counts_of(item["group"]["counts"]) == counts_of(group["counts"]));
    CHECK_FALSE(call("GET", gone.header("Location")).json().HasMember("group"));
    CHECK(call("GET", gone.header("Location") + "?expand=all").code() == "bad-request");
    CHECK(call("GET", "/v1/groups/" + id + "?x=1").code() == "bad-request");
    check_problem(ask(bench.service.port(), "GET", "/v1/groups/x"), "not-found",
                  "there is no such group");
    CHECK(call("GET", "/v1/groups/01890000-0000-7000-8000-000000000000").code() == "not-found");
    CHECK(call("DELETE", "/v1/groups/" + id).code() == "method-not-allowed");
}

TEST_CASE("a group that has ended is told with its end, and nothing may be done with it") {
    Bench bench;
    auto call = [&](const std::string& verb, const std::string& address) {
        return request(bench.service.port(), verb, address);
    };
    const auto gone = call("DELETE", "/v1/project/1");
    const auto address = "/v1/groups/" + gone.header("X-Trash-Group");
    REQUIRE(call("POST", gone.header("Location") + "/$restore").status == 200);
    const auto restored = call("GET", address).json();
    CHECK(restored["state"] == "restored");
    CHECK(restored["endedBy"] == "anonymous");
    CHECK(restored["endedAt"].IsString());
    CHECK(restored["root"]["displayName"] == "project 1");
    CHECK(counts_of(restored["counts"]) == "project 1 -; task 3 -; ");
    CHECK(restored["links"].Size() == 0);
    CHECK_FALSE(restored["may"]["restore"].GetBool());
    CHECK_FALSE(restored["may"]["purge"].GetBool());
    CHECK(restored["may"]["missing"].Size() == 0);
    CHECK(call("GET", gone.header("Location") + "?expand=group").code() == "gone");
    const auto again = call("DELETE", "/v1/project/2");
    REQUIRE(call("DELETE", again.header("Location")).status == 204);
    CHECK(call("GET", "/v1/groups/" + again.header("X-Trash-Group")).json()["state"] == "purged");
}

TEST_CASE("where a table is called groups the group is at its own address alone") {
    TempDatabase database(
        "CREATE TABLE groups (id int PRIMARY KEY); INSERT INTO groups VALUES (1)");
    ServiceProcess service(database.url());
    auto get = [&](const std::string& address) { return request(service.port(), "GET", address); };
    CHECK(get("/v1/groups/1").json()["id"].GetInt() == 1);
    const auto gone = request(service.port(), "DELETE", "/v1/groups/1");
    CHECK(get("/v1/groups/" + gone.header("X-Trash-Group")).code() == "not-found");
    CHECK(get("/v1/@groups/" + gone.header("X-Trash-Group")).json()["size"].GetInt() == 1);
}

TEST_CASE("a group tells nothing of what may not be seen, and which rights are missing") {
    Bench bench(kRoles);
    const auto gone = bench.as("owners", "DELETE", "/v1/project/1");
    REQUIRE(gone.status == 204);
    const auto address = "/v1/groups/" + gone.header("X-Trash-Group");
    const auto viewed = bench.as("viewers", "GET", address).json();
    CHECK(viewed["counts"].Size() == 3);
    CHECK(viewed["may"]["missing"].Size() == 4);
    CHECK_FALSE(viewed["may"]["restore"].GetBool());
    const auto tasks = bench.as("taskers", "GET", address).json();
    CHECK(tasks["root"].IsNull());
    CHECK(counts_of(tasks["counts"]) == "task 2 task_project_fkey; task 1 task_parent_fkey; ");
    CHECK(tasks["links"].Size() == 0);
    CHECK(tasks["may"]["restore"].GetBool());
    CHECK_FALSE(tasks["may"]["purge"].GetBool());
    CHECK(tasks["may"]["missing"].Size() == 1);
    CHECK(tasks["may"]["missing"][0]["right"] == "purge");
    CHECK(tasks["may"]["missing"][0]["resource"] == "project");
    check_problem(bench.as("billers", "GET", address), "not-found", "there is no such group");
    // own rows: one task of three, and those beyond keep the group where it is
    const auto own = bench.as("people", "GET", address, "ann").json();
    CHECK(own["root"].IsNull());
    CHECK(counts_of(own["counts"]) == "task 1 task_project_fkey; ");
    CHECK_FALSE(own["may"]["restore"].GetBool());
    check_problem(bench.as("people", "GET", address, "eve"), "not-found", "there is no such group");
    REQUIRE(bench.as("owners", "POST", gone.header("Location") + "/$restore").status == 200);
    CHECK(counts_of(bench.as("taskers", "GET", address).json()["counts"]) == "task 3 -; ");
    check_problem(bench.as("billers", "GET", address), "not-found", "there is no such group");
    check_problem(bench.as("people", "GET", address, "ann"), "not-found", "there is no such group");
}

TEST_CASE("another tenant's group is not there") {
    TempDatabase database(
        "CREATE TABLE task (id int PRIMARY KEY, tenant_id text NOT NULL);"
        "INSERT INTO task VALUES (1, 'acme')");
    ServiceProcess service(database.url(), {},
                           "[tenant]\ncolumn = \"tenant_id\"\n[credentials]\napi_keys = true\n"
                           "[roles]\nowners = \"*\"\n");
    schema::Pool pool(database.url(), 1);
    trash::Keys keys(pool, "trashd");
    auto as = [&](const std::string& tenant, const std::string& verb, const std::string& address) {
        return ask(service.port(), verb, address,
                   {{"X-API-Key", keys.create({"ci", {"owners"}, tenant}).text}});
    };
    const auto gone = as("acme", "DELETE", "/v1/task/1");
    const auto address = "/v1/groups/" + gone.header("X-Trash-Group");
    CHECK(as("acme", "GET", address).json()["size"].GetInt() == 1);
    check_problem(as("other", "GET", address), "not-found", "there is no such group");
    CHECK(as("other", "GET", "/v1/trash/$facets").body ==
          "{\"resource\":[],\"deletedBy\":[],\"day\":[]}");
    CHECK(as("other", "GET", "/v1/trash/$stats").json()["groups"].GetInt() == 0);
}

TEST_CASE("constraints are followed by the equality of their types") {
    TempDatabase database(
        "CREATE EXTENSION citext; CREATE TABLE a (k citext PRIMARY KEY);"
        "CREATE TABLE b (id numeric PRIMARY KEY, a citext REFERENCES a ON DELETE CASCADE);"
        "CREATE TABLE c (id int PRIMARY KEY, b numeric REFERENCES b ON DELETE CASCADE);"
        "INSERT INTO a VALUES ('Ann'); INSERT INTO b VALUES (1.0, 'ann');"
        "INSERT INTO c VALUES (1, 1.00)");
    ServiceProcess service(database.url());
    const auto gone = request(service.port(), "DELETE", "/v1/a/ANN");
    const auto group =
        request(service.port(), "GET", "/v1/groups/" + gone.header("X-Trash-Group")).json();
    CHECK(counts_of(group["counts"]) == "a 1 -; b 1 b_a_fkey; c 1 c_b_fkey; ");
}
