// The service where a pooler is between, and where it does not know of one.
#include "tests/support/pooler.hpp"

#include <doctest/doctest.h>

#include <chrono>

#include "tests/support/database.hpp"
#include "tests/support/http.hpp"
#include "tests/support/problem.hpp"

using namespace trashd::test;

namespace {

const char* kSchema = R"(
CREATE TABLE project (id int PRIMARY KEY);
CREATE TABLE task (id int PRIMARY KEY, project_id int REFERENCES project ON DELETE CASCADE);
CREATE INDEX ON task (project_id);
INSERT INTO project SELECT generate_series(1, 40);
INSERT INTO task SELECT i, 1 + i % 40 FROM generate_series(1, 400) i;
)";

// Statements that are prepared go with the first delete, as with a backend that is another one.
const char* kForgetful = R"(
CREATE TABLE thing (id int PRIMARY KEY);
INSERT INTO thing VALUES (1);
CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN EXECUTE 'DEALLOCATE ALL'; RETURN NULL; END $$;
CREATE TRIGGER forget AFTER DELETE ON thing FOR EACH STATEMENT EXECUTE FUNCTION forget();
)";

}  // namespace

TEST_CASE("two services behind a pooler run each operation once and leave no lock") {
    // A lock of the session stayed with its backend: the operation looked as if somebody ran it.
    const TempDatabase database(kSchema);
    const auto pooled = TestPooler::get().url(database.name());
    ServiceProcess one(pooled), two(pooled);
    CHECK(one.log().find("a pooler is between: statements are not prepared") != std::string::npos);
    for (int id = 1; id <= 40; ++id) {
        const auto port = id % 2 ? one.port() : two.port();
        REQUIRE(request(port, "DELETE", "/v1/project/" + std::to_string(id),
                        {{"Prefer", "respond-async"}})
                    .status == 202);
    }
    TestConnection sql(database.url());
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (sql.value("SELECT count(*) FROM trashd.operation WHERE ended_at IS NULL") != "0")
        REQUIRE(std::chrono::steady_clock::now() < deadline);
    CHECK(sql.value("SELECT count(*) FROM trashd.operation WHERE state = 'done' AND done = 11 AND "
                    "tries = 1") == "40");
    CHECK(sql.value("SELECT count(*) FROM trashd.trash_group WHERE size = 11") == "40");
    CHECK(one.stop() == 0);
    CHECK(two.stop() == 0);
    CHECK(sql.value("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = "
                    "(SELECT oid FROM pg_database WHERE datname = current_database())") == "0");
}

TEST_CASE("where prepared statements get lost the answer names the key, and the key helps") {
    const TempDatabase database(kForgetful);
    const auto url = direct(database.url());
    {
        ServiceProcess service(url);
        check_problem(
            ask(service.port(), "DELETE", "/v1/thing/1"), "unavailable",
            "the connection's prepared statements are not where they were made: is there "
            "a pooler between? set pooler = \\\"transaction\\\" in the configuration of the "
            "service");
        CHECK(request(service.port(), "GET", "/v1/thing/1").status == 200);
    }
    ServiceProcess service(url, {}, "pooler = \"transaction\"\n");
    CHECK(request(service.port(), "DELETE", "/v1/thing/1").status == 204);
}
