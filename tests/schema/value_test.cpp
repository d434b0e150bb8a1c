#include "schema/catalog/value.hpp"

#include <doctest/doctest.h>

#include "schema/catalog/catalog.hpp"
#include "schema/catalog/reader.hpp"
#include "schema/session/transaction.hpp"
#include "tests/support/database.hpp"

using namespace trashd::schema;
using namespace trashd::test;

namespace {

constexpr const char* kTypes = R"(
CREATE SCHEMA "My Types";
CREATE TYPE "My Types"."Mood" AS ENUM ('ok', 'so so', 'a''b"c');
CREATE FUNCTION "My Types".shout("My Types"."Mood") RETURNS text LANGUAGE sql IMMUTABLE
  AS $$ SELECT 'SHOUT' $$;
CREATE CAST ("My Types"."Mood" AS text) WITH FUNCTION "My Types".shout("My Types"."Mood");
CREATE FUNCTION "My Types".hear(text) RETURNS "My Types"."Mood" LANGUAGE sql IMMUTABLE
  AS $$ SELECT 'ok'::"My Types"."Mood" $$;
CREATE CAST (text AS "My Types"."Mood") WITH FUNCTION "My Types".hear(text);
CREATE DOMAIN "My Types".short AS bpchar(5) CHECK (length(VALUE) < 5);
CREATE TYPE "My Types".pair AS (a int, "B c" text);
CREATE TABLE t (id int PRIMARY KEY, b bool, c "char", n name, p bpchar(4), i inet, f float8,
  m "My Types"."Mood", d "My Types".short, co "My Types".pair, ts timestamptz, iv interval,
  j json, by bytea, ia int[], r regclass, ra regtype[], x xml, mo money, te text, ma "My Types"."Mood"[]);
INSERT INTO t (id) VALUES (1);
INSERT INTO t VALUES (2, true, 'x', 'n ', 'a ', '10.0.0.1/8', '-0', 'a''b"c', 'ab', ROW(NULL, NULL),
  '1969-12-31 23:59:59.123456+01', '-1 mon +2 days -00:00:00.5', '{"a": 1, "a":2}', '\x00ff', '[0:1]={1,NULL}', 't',
  '{int4,bpchar}', '<a/>', '-12.34', 'ü\"%,''', '{ok,"so so"}');
INSERT INTO t (id, f, by, te, co, ia) VALUES (3, 'NaN', '', '', ROW(1, 'a"(,)'), '{}');
)";

std::string rebuilt(const Table& table) {
    std::string list;
    int position = 0;
    for (const auto& column : table.columns) {
        list += (list.empty() ? "" : ", ") +
                from_text(column, "q.p[" + std::to_string(++position) + "]");
    }
    return list;
}

}  // namespace

TEST_CASE("every value comes back from its text byte for byte") {
    const TempDatabase database(kTypes);
    TestConnection connection(database.url());
    const auto catalog = read_catalog(connection.get(), "trashd");
    const auto& table = *catalog->table(QualifiedName{"public", "t"});
    const auto before = copy_of_all_tables(connection.get());
    Transaction transaction(connection.get(), Mode::kMove);
    transaction.exec("CREATE TABLE q AS SELECT " + payload(table, "t") + " AS p FROM t");
    transaction.exec("DELETE FROM t");
    transaction.exec("INSERT INTO t SELECT " + rebuilt(table) + " FROM q");
    transaction.exec("DROP TABLE q");
    transaction.commit();
    CHECK(copy_of_all_tables(connection.get()) == before);
    CHECK(connection.value("SELECT co IS NULL AND num_nulls(co) = 0 FROM t WHERE id = 2") == "t");
}

TEST_CASE("a user's cast to text is not what is captured") {
    const TempDatabase database(kTypes);
    TestConnection connection(database.url());
    const auto catalog = read_catalog(connection.get(), "trashd");
    const auto* mood = catalog->table(QualifiedName{"public", "t"})->column("m");
    REQUIRE(mood != nullptr);
    CHECK(mood->cast_to_text);
    CHECK(mood->cast_from_text);
    CHECK(connection.value("SELECT m::text FROM t WHERE id = 2") == "SHOUT");
    CHECK(connection.value("SELECT " + to_text(*mood, "t") + " FROM t WHERE id = 2") == "a'b\"c");
}

TEST_CASE("a composite key escapes percent and comma, a plain key nothing") {
    const TempDatabase database(
        "CREATE TABLE k (a text, b int, PRIMARY KEY (b, a)); INSERT INTO k VALUES ('1,5%', 7)");
    TestConnection connection(database.url());
    const auto catalog = read_catalog(connection.get(), "trashd");
    const auto& table = *catalog->table(QualifiedName{"public", "k"});
    CHECK(connection.value("SELECT " + key_text(table, table.identity, "k") + " FROM k") ==
          "7,1%2C5%25");
    CHECK(connection.value("SELECT " + key_text(table, {1}, "k") + " FROM k") == "1,5%");
}

TEST_CASE("nodb: a table is named with ONLY unless it is partitioned") {
    Table table;
    table.name = {"public", "order"};
    CHECK(relation(table) == "ONLY \"public\".\"order\"");
    table.partitioned = true;
    CHECK(relation(table) == "\"public\".\"order\"");
}
