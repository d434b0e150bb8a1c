// What /readyz says while an instance can do nothing.
#include <doctest/doctest.h>

#include <filesystem>
#include <thread>

#include "tests/support/database.hpp"
#include "tests/support/http.hpp"
#include "tests/support/problem.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

void check_not_ready(const ServiceProcess& service, const std::string& reason,
                     const std::string& detail) {
    check_problem(ask(service.port(), "GET", "/readyz"), "unavailable",
                  "the service is not ready; reasons says why",
                  ",\"reasons\":[{\"reason\":\"" + reason + "\",\"detail\":\"" + detail + "\"}]");
    CHECK(request(service.port(), "GET", "/healthz").status == 200);
}

}  // namespace

TEST_CASE("a service without its database is not ready, and says so until it is back") {
    const auto directory = temporary_directory();
    {
        schema::Cluster cluster(directory, "fsync = off");
        ServiceProcess service(cluster.url());
        CHECK(request(service.port(), "GET", "/readyz").body == "{\"status\":\"ready\"}");
        cluster.stop();
        check_not_ready(service, "database-unreachable",
                        "the database cannot be reached; try again later");
        CHECK(service.log_with("cannot be reached: ").find("cannot be reached: ") !=
              std::string::npos);
        cluster.start();
        CHECK(request(service.port(), "GET", "/readyz").status == 200);
    }
    std::filesystem::remove_all(directory);
}

TEST_CASE("a service whose trash schema is gone is not ready") {
    TempDatabase database("CREATE TABLE a (id int PRIMARY KEY)");
    ServiceProcess service(database.url());
    TestConnection(database.url())->exec("ALTER SCHEMA trashd RENAME TO away");
    check_not_ready(service, "trash-schema-missing",
                    "the trash schema is not in the database; bring it back from a backup, or "
                    "start trashd again, which makes an empty one");
    TestConnection(database.url())->exec("ALTER SCHEMA away RENAME TO trashd");
    CHECK(request(service.port(), "GET", "/readyz").status == 200);
}

TEST_CASE("a service all of whose connections are in use is not ready") {
    TempDatabase database("CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a VALUES (1)");
    ServiceProcess service(database.url(), {}, "pool_size = 1\n[limits]\nlock_timeout_ms = 9000");
    TestConnection other(database.url());
    other->exec("BEGIN");
    other->exec("SELECT FROM a FOR UPDATE");
    std::thread waiting([&] { CHECK(request(service.port(), "DELETE", "/v1/a/1").status == 204); });
    while (
        TestConnection(database.url()).value("SELECT count(*) FROM pg_locks WHERE NOT granted") ==
        "0")
        std::this_thread::yield();
    check_not_ready(service, "connections-in-use",
                    "all database connections are in use; try again later");
    other->exec("ROLLBACK");
    waiting.join();
}
