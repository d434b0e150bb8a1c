// Who may write over what lies in the trash: roles, own rows and own deletes, tenants, roles of the
// database.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <map>

#include "tests/support/database.hpp"
#include "tests/support/problem.hpp"
#include "trash/records/api_keys.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

struct Bench {
    TempDatabase database;
    ServiceProcess service;
    schema::Pool pool{database.url(), 1};
    trash::Keys keys{pool, "trashd"};
    std::map<std::string, std::string> known;

    Bench(const std::string& schema, const std::string& configuration)
        : database(schema), service(database.url(), {}, configuration) {}

    void know(const std::string& name, const std::vector<std::string>& roles,
              const std::optional<std::string>& tenant = {}) {
        known[name] = keys.create({name, roles, tenant}).text;
    }
    Answer as(const std::string& who, const std::string& verb, const std::string& address,
              const std::string& body = "") {
        httplib::Headers headers = {{"X-API-Key", known.at(who)}};
        if (!body.empty()) headers.emplace("Content-Type", "application/json");
        return ask(service.port(), verb, address, headers, body);
    }
    void trash(const std::string& who, const std::string& address) {
        REQUIRE(as(who, "DELETE", address).status == 204);
    }
    std::string value(const std::string& sql) { return TestConnection(database.url()).value(sql); }
};

}  // namespace

TEST_CASE("it needs the right to restore the group beside the one to write") {
    Bench bench(
        "CREATE TABLE project (id int PRIMARY KEY, name text, author text);"
        "CREATE TABLE task (id int PRIMARY KEY, project_id int REFERENCES project ON DELETE "
        "CASCADE, author text);"
        "INSERT INTO project VALUES (1, 'one', 'key:ann'), (2, 'two', 'key:bob');"
        "INSERT INTO task VALUES (1, 1, 'key:ann'), (2, 2, 'key:bob')",
        R"([credentials]
api_keys = true
[roles]
writers = ["read", "write", "trash", "view-trash"]
people = { "*" = "*", restore = "own-deletes" }
projects = { write = "*", trash = "*", view-trash = "*", restore = "project" }
authors = { "*" = "*", owner = "author" }
restorers = { view-trash = "*", restore = "*" }
blind = ["write", "restore"]
readers = ["read", "restore"]
admins = "*"
)");
    for (const char* role : {"writers", "people", "projects", "blind", "readers", "admins"})
        bench.know(role, {role});
    bench.know("ann", {"authors", "restorers"});
    bench.know("own", {"authors"});
    bench.trash("admins", "/v1/project/1");
    bench.trash("admins", "/v1/project/2");
    const auto put = [&](const char* who, const char* id, const std::string& body = "{}") {
        return bench.as(who, "PUT", fmt::format("/v1/project/{}?trashed=restore", id), body);
    };
    const auto post = [&](const char* who, const std::string& body) {
        return bench.as(who, "POST", "/v1/project?trashed=restore", body);
    };
    const auto check_missing = [&](const Answer& answer, const char* right, const char* resource) {
        CHECK(answer.code() == "forbidden");
        REQUIRE(answer.json().HasMember("missing"));
        CHECK(answer.json()["missing"][0]["right"] == right);
        CHECK(answer.json()["missing"][0]["resource"] == resource);
    };
    const std::map<const char*, std::pair<const char*, const char*>> lacking = {
        {"writers", {"restore", "project"}},
        {"people", {"restore", "project"}},
        {"projects", {"restore", "task"}},
        {"readers", {"write", "project"}}};
    for (const auto& [who, missing] : lacking) {
        CAPTURE(who);
        check_missing(put(who, "1"), missing.first, missing.second);
        check_missing(post(who, R"({"id":1})"), missing.first, missing.second);
        check_missing(post(who, R"([{"id":9},{"id":1}])"), missing.first, missing.second);
    }
    // another's row may come back by the one right, and is not written by the other
    check_missing(put("ann", "2", R"({"name":"x","author":"key:ann"})"), "write", "project");
    check_missing(post("ann", R"({"id":2,"author":"key:ann"})"), "write", "project");
    check_missing(put("ann", "1", R"({"name":"x","author":"key:bob"})"), "write", "project");
    CHECK(put("own", "1").code() == "not-found");
    CHECK(bench.value("SELECT count(*) FROM project") == "0");
    CHECK(bench.value("SELECT count(*) FROM trashd.item") == "4");
    CHECK(put("ann", "1", R"({"name":"x","author":"key:ann"})").status == 200);
    CHECK(put("blind", "2", R"({"name":"y"})").status == 204);
    bench.trash("people", "/v1/project/1");
    CHECK(put("people", "1", R"({"name":"z"})").status == 200);
    CHECK(bench.value("SELECT string_agg(name, ' ' ORDER BY id) FROM project") == "z y");
    CHECK(bench.value("SELECT count(*) FROM task") == "2");
}

TEST_CASE("a tenant restores and writes its own, and what is another's is nowhere") {
    Bench bench(
        "CREATE TABLE thing (id int PRIMARY KEY, name text, tenant_id text NOT NULL);"
        "INSERT INTO thing VALUES (1, 'a', 'acme'), (2, 'b', 'blue')",
        "[tenant]\ncolumn = \"tenant_id\"\n[credentials]\napi_keys = true\n[roles]\nall = \"*\"\n");
    bench.know("acme", {"all"}, "acme");
    bench.know("blue", {"all"}, "blue");
    bench.trash("acme", "/v1/thing/1");
    for (const char* how : {"restore", "replace"})
        CHECK(bench.as("blue", "PUT", fmt::format("/v1/thing/1?trashed={}", how), R"({"name":"x"})")
                  .code() == "not-found");
    CHECK(bench.as("acme", "PUT", "/v1/thing/1?trashed=restore", R"({"name":"x"})").body ==
          R"({"id":1,"name":"x","tenant_id":"acme"})");
    bench.trash("acme", "/v1/thing/1");
    CHECK(bench.as("acme", "POST", "/v1/thing?trashed=restore", R"({"id":1,"name":"y"})").body ==
          R"({"id":1,"name":"y","tenant_id":"acme"})");
    bench.trash("acme", "/v1/thing/1");
    const auto made = bench.as("acme", "PUT", "/v1/thing/1?trashed=replace", R"({"name":"z"})");
    CHECK(made.status == 201);
    CHECK(made.body == R"({"id":1,"name":"z","tenant_id":"acme"})");
    CHECK(bench.value("SELECT count(*) FROM trashd.item") == "1");
}

TEST_CASE("as a role of the database its policies and privileges hold for both") {
    Bench bench(
        "CREATE TABLE thing (id int PRIMARY KEY, name text, author text);"
        "INSERT INTO thing VALUES (1, 'a', 'key:ann'), (2, 'b', 'key:ann');"
        "ALTER TABLE thing ENABLE ROW LEVEL SECURITY;"
        "DO $$ BEGIN CREATE ROLE trashed_writer; EXCEPTION WHEN duplicate_object THEN END $$;"
        "GRANT SELECT, INSERT, UPDATE, DELETE ON thing TO trashed_writer;"
        "CREATE POLICY own ON thing TO trashed_writer USING (author = "
        "current_setting('request.jwt.claims', true)::jsonb->>'sub') WITH CHECK (name <> 'never')",
        "[access]\ndatabase_roles = [\"trashed_writer\"]\n[credentials]\napi_keys = true\n[roles]\n"
        "trashed_writer = \"*\"\n");
    bench.know("ann", {"trashed_writer"});
    bench.know("bob", {"trashed_writer"});
    const auto put = [&](const char* who, const char* how, const char* body) {
        return bench.as(who, "PUT", fmt::format("/v1/thing/1?trashed={}", how), body);
    };
    bench.trash("ann", "/v1/thing/1");
    CHECK(put("bob", "restore", R"({"name":"x"})").code() == "not-found");
    CHECK(put("ann", "restore", R"({"name":"never","author":"key:ann"})").code() == "forbidden");
    CHECK(bench.value("SELECT count(*) FROM trashd.item") == "1");
    CHECK(put("ann", "restore", R"({"name":"x","author":"key:ann"})").body ==
          R"({"id":1,"name":"x","author":"key:ann"})");
    bench.trash("ann", "/v1/thing/1");
    CHECK(bench.as("ann", "POST", "/v1/thing?trashed=restore", R"({"id":1,"name":"y"})").status ==
          200);
    bench.trash("ann", "/v1/thing/1");
    CHECK(put("ann", "replace", R"({"name":"z","author":"key:ann"})").status == 201);
    CHECK(bench.value("SELECT string_agg(name, ' ' ORDER BY id) FROM thing") == "z b");
}
