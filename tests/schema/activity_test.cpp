// What a transaction did to tables and large objects, of which counts of deleted rows tell nothing.
#include "schema/activity.hpp"

#include <doctest/doctest.h>

#include "tests/support/database.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

// What is seen of the statements, which run in one transaction between the two looks.
std::string harm(const std::string& statements) {
    TempDatabase database(R"(
CREATE TABLE cache (x int); CREATE TABLE log (x int);
CREATE SCHEMA trashd; CREATE TABLE trashd.item (x int);)");
    TestConnection connection(database.url());
    connection->script("BEGIN; CREATE TEMP TABLE was AS SELECT " + schema::standing_sql() +
                       " AS tables");
    connection->script(statements);
    return connection.value("SELECT pg_catalog.regexp_replace((" +
                            schema::harmed_sql("(SELECT w.tables FROM was w)") +
                            ")[1], '^[0-9]+ ', '')");
}

std::string objects(const std::string& statement) {
    TempDatabase database("SELECT lo_create(4711)");
    TestConnection connection(database.url());
    connection->script("BEGIN; " + statement);
    return connection.value("SELECT " + schema::large_objects_deleted_sql());
}

}  // namespace

TEST_CASE("a table that the transaction empties, rewrites or drops is named") {
    CHECK(harm("SELECT 1") == "NULL");
    CHECK(harm("TRUNCATE cache") == "empties or rewrites the table public.cache");
    CHECK(harm("ALTER TABLE log ALTER x TYPE bigint") ==
          "empties or rewrites the table public.log");
    CHECK(harm("DROP TABLE log") == "drops the table public.log");
    CHECK(harm("CREATE TABLE made (x int); TRUNCATE made; DROP TABLE made") == "NULL");
    CHECK(harm("CREATE TEMP TABLE scratch (x int); DROP TABLE scratch") == "NULL");
    CHECK(harm("TRUNCATE trashd.item") == "empties or rewrites the table trashd.item");
}

TEST_CASE("a table from which the transaction drops a column is named") {
    // Its file stays, and what was in the column is gone.
    CHECK(harm("ALTER TABLE log DROP x") == "drops a column of the table public.log");
    CHECK(harm("DO $$ BEGIN ALTER TABLE log DROP x; EXCEPTION WHEN division_by_zero THEN NULL; END "
               "$$") == "drops a column of the table public.log");
    CHECK(harm("ROLLBACK; BEGIN; ALTER TABLE log DROP x; COMMIT; BEGIN; CREATE TEMP TABLE was AS "
               "SELECT " +
               schema::standing_sql() + " AS tables; ALTER TABLE log ADD y int; LOCK TABLE log") ==
          "NULL");
}

TEST_CASE("large objects that the transaction deletes are counted") {
    CHECK(objects("SELECT 1") == "0");
    CHECK(objects("SELECT lo_unlink(4711)") == "1");
}
