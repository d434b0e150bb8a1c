#include "schema/session/server.hpp"

#include <doctest/doctest.h>

#include "schema/script.hpp"
#include "tests/support/database.hpp"

using namespace trashd::schema;
using namespace trashd::test;

namespace {

// The server itself says so: a superuser may replace its functions.
std::string objection_to(const std::string& version) {
    TempDatabase database(
        "CREATE OR REPLACE FUNCTION pg_catalog.version() RETURNS text LANGUAGE sql "
        "STABLE AS $$ SELECT '" +
        version + "' $$");
    TestConnection connection(database.url());
    return objection(server_of(connection.get()));
}

}  // namespace

TEST_CASE("nodb: a server that is too old is refused with what is needed and what it is") {
    CHECK(objection({140023, "14.23", "PostgreSQL"}) ==
          "trashd needs PostgreSQL 15 or newer; this is 14.23");
    CHECK(objection({90624, "9.6.24", "PostgreSQL"}) ==
          "trashd needs PostgreSQL 15 or newer; this is 9.6.24");
    CHECK(objection({150000, "15.0", "PostgreSQL"}).empty());
    CHECK(objection({190000, "19.0", "PostgreSQL"}).empty());
}

TEST_CASE("other products that speak the protocol are named, not taken for an old server") {
    const std::pair<std::string, std::string> kProducts[] = {
        {"CockroachDB CCL v23.1.11 (x86_64-pc-linux-gnu, built 2023/09/27, go1.19.10)",
         "CockroachDB"},
        {"PostgreSQL 15.2-YB-2.25.0.0-b0 on x86_64-pc-linux-gnu, compiled by clang", "YugabyteDB"},
        {"PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2, Redshift 1.0.5",
         "Amazon Redshift"},
        {"PostgreSQL 12.12 (Greenplum Database 7.1.0 build commit:e7c2b1f) on x86_64", "Greenplum"},
        {"PostgreSQL 9.5.0 on x86_64-unknown-linux-gnu (Materialize v0.80.0)", "Materialize"},
        {"Quux 3 on Mars", "Quux"},
    };
    for (const auto& [version, product] : kProducts) {
        const auto objection = objection_to(version);
        CAPTURE(objection);
        CHECK(objection.starts_with("trashd needs PostgreSQL 15 or newer; this is " + product +
                                    " (version "));
    }
}

TEST_CASE("builds and distributions of PostgreSQL are PostgreSQL") {
    for (const char* version :
         {"PostgreSQL 15.14 (Debian 15.14-0+deb12u1) on x86_64-pc-linux-gnu, compiled by gcc",
          "PostgreSQL 18.1 (Percona Server for PostgreSQL) on aarch64, compiled by gcc",
          "PostgreSQL 19beta1 on x86_64-apple-darwin"})
        CHECK(objection_to(version) == "");
    TempDatabase database;
    TestConnection connection(database.url());
    const auto server = server_of(connection.get());
    CHECK(server.product == "PostgreSQL");
    CHECK(std::to_string(server.number) == connection.value("SHOW server_version_num"));
    CHECK(connection.value("SHOW server_version").starts_with(server.version));
}

TEST_CASE("nodb: a script is cut at its statements only") {
    const auto statements = statements_of(
        "-- Somebody's; table\nCREATE TABLE a (b text); -- the 'end;\n\n"
        "INSERT INTO a VALUES ('x;y''z;');\nDO $$\nBEGIN\n  NULL; -- isn't\nEND\n$$;\n"
        "COMMENT ON TABLE \"a;b\" IS 'c';\n-- nothing more\n");
    REQUIRE(statements.size() == 4);
    CHECK(statements[0] == "CREATE TABLE a (b text)");
    CHECK(statements[1] == "INSERT INTO a VALUES ('x;y''z;')");
    CHECK(statements[2] == "DO $$\nBEGIN\n  NULL; -- isn't\nEND\n$$");
    CHECK(statements[3] == "COMMENT ON TABLE \"a;b\" IS 'c'");
    CHECK(statements_of(" \n-- only a comment").empty());
    CHECK(statements_of("SELECT 1") == std::vector<std::string>{"SELECT 1"});
}
