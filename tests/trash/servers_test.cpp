// The trash on the servers that there are: old ones, other products, and what newer ones brought.
#include <doctest/doctest.h>

#include <algorithm>

#include "schema/catalog/catalog.hpp"
#include "schema/catalog/reader.hpp"
#include "tests/trash/guarded.hpp"
#include "trash/model/actor.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

std::string refusal(const TempDatabase& database) {
    schema::Pool pool(database.url(), 1);
    try {
        trash::Trash trash(pool, "trashd");
        return "";
    } catch (const Error& error) {
        return error.what();
    }
}

struct Bin : Guarded {
    using Guarded::Guarded;
    std::string remove(const std::string& table, const std::vector<std::string>& id,
                       bool cascade = false) {
        trash::DeleteOptions options;
        options.cascade = cascade;
        return bin.remove({"public", table}, id, options, {}).item->id;
    }
};

// Periods without a scalar beside, so that no extension is needed, and with one inside the range.
constexpr const char* kTemporal = R"(
CREATE TABLE room (id int4range, during daterange, name text,
                   PRIMARY KEY (id, during WITHOUT OVERLAPS));
CREATE TABLE booking (id int PRIMARY KEY, room int4range, at daterange, guest text,
                      CONSTRAINT booked FOREIGN KEY (room, PERIOD at)
                      REFERENCES room (id, PERIOD during));
CREATE INDEX ON booking USING gist (room, at);
INSERT INTO room VALUES ('[1,2)', '[2026-01-01,2026-07-01)', 'first half'),
                        ('[1,2)', '[2026-07-01,2027-01-01)', 'second half'),
                        ('[2,3)', '[2026-01-01,2027-01-01)', 'another');
INSERT INTO booking VALUES (1, '[1,2)', '[2026-02-01,2026-02-05)', 'within'),
                           (2, '[1,2)', '[2026-06-28,2026-07-05)', 'over both'),
                           (3, '[2,3)', '[2026-06-28,2026-07-05)', 'elsewhere');
)";
const std::vector<std::string> kFirst = {"[1,2)", "[2026-01-01,2026-07-01)"},
                               kSecond = {"[1,2)", "[2026-07-01,2027-01-01)"};

}  // namespace

TEST_CASE("a product that is no PostgreSQL is refused before anything is made") {
    TempDatabase database(
        "CREATE OR REPLACE FUNCTION pg_catalog.version() RETURNS text LANGUAGE sql STABLE "
        "AS $$ SELECT 'CockroachDB CCL v23.1.11' $$");
    CHECK(refusal(database).starts_with(
        "trashd needs PostgreSQL 15 or newer; this is CockroachDB (version "));
    CHECK(TestConnection(database.url())
              .value("SELECT count(*) FROM pg_namespace WHERE nspname = 'trashd'") == "0");
}

TEST_CASE("a migration that does not run says which statement, and what the server said") {
    // Began: only "the database refused (SQLSTATE ...); see the log", and the log said no more.
    TempDatabase database("CREATE SCHEMA trashd; CREATE TABLE trashd.item (a int)");
    const auto text = refusal(database);
    CHECK(
        text.find("; migration 1 of the trash schema stopped at `CREATE TABLE \"trashd\".item (") !=
        text.npos);
    CHECK(text.find("`: relation \"item\" already exists (SQLSTATE 42P07)") != text.npos);
}

TEST_CASE("values in the trash are compressed with lz4 where the server can") {
    TempDatabase database;
    REQUIRE(refusal(database) == "");
    TestConnection connection(database.url());
    const bool can = connection.value(
                         "SELECT 'lz4' = ANY (enumvals) FROM pg_settings WHERE name = "
                         "'default_toast_compression'") == "t";
    CHECK(connection.value("SELECT attcompression FROM pg_attribute WHERE attrelid = "
                           "'trashd.item'::regclass AND attname = 'payload'") == (can ? "l" : ""));
}

TEST_CASE("virtual generated columns are left out of what is put back, and shown") {
    // Began: a delete went through, and its restore was refused for ever.
    if (older_than(180000)) return;
    Bin bin(
        "CREATE TABLE v (id int PRIMARY KEY, a int, b int GENERATED ALWAYS AS (a * 2) VIRTUAL, "
        "c text GENERATED ALWAYS AS (upper('x' || a)) VIRTUAL CHECK (c <> 'X9'), d int "
        "GENERATED ALWAYS AS (a + 1) STORED);"
        "CREATE TABLE w (v_id int REFERENCES v ON DELETE CASCADE, n int, m int GENERATED ALWAYS "
        "AS (n + 1)); INSERT INTO v (id, a) VALUES (1, 4), (2, NULL); INSERT INTO w (v_id, n) "
        "VALUES (1, 7), (1, 8);");
    const auto before = bin.all();
    const auto item = bin.remove("v", {"1"});
    CHECK(bin.bin.item(item, true).object == R"({"id":1,"a":4,"b":8,"c":"X4","d":5})");
    CHECK(bin.bin.restore(item, {}, {}).restored == 3);
    CHECK((bin.all() == before));
}

TEST_CASE("a column that became virtual meanwhile is a conflict where its value would change") {
    if (older_than(180000)) return;
    Bin bin("CREATE TABLE v (id int PRIMARY KEY, a int, b int); INSERT INTO v VALUES (1, 4, 9)");
    const auto item = bin.remove("v", {"1"});
    bin.sql("ALTER TABLE v DROP COLUMN b; ALTER TABLE v ADD b int GENERATED ALWAYS AS (a * 2)");
    const auto found = bin.conflicts(item);
    REQUIRE(found.size() == 1);
    CHECK(found[0].kind == "schema-changed");
    CHECK(found[0].columns == std::vector<std::string>{"b"});
}

TEST_CASE("foreign keys that are not enforced stop no delete and take nothing along") {
    if (older_than(180000)) return;
    Bin bin(
        "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES "
        "p ON DELETE CASCADE NOT ENFORCED, q int REFERENCES p NOT ENFORCED); INSERT INTO p VALUES "
        "(1); INSERT INTO c VALUES (1, 1, 1), (2, 5, 5)");
    const auto before = bin.all();
    const auto item = bin.remove("p", {"1"}, true);
    CHECK(bin.value("SELECT count(*) FROM c") == "2");
    CHECK(bin.bin.restore(item, {}, {}).restored == 1);
    CHECK((bin.all() == before));
    const auto child = bin.remove("c", {"2"});
    CHECK(bin.bin.restore(child, {}, {}).restored == 1);
    const auto catalog = bin.bin.catalog().get();
    const auto p = catalog->table(schema::QualifiedName{"public", "p"})->oid;
    CHECK(catalog->referrers(p).empty());
    CHECK(catalog->unenforced_referrers(p).size() == 2);
}

TEST_CASE("a foreign key that is enforced from now on is followed by the plans that are there") {
    // The database itself would set the reference to null, and no link would know what it was.
    if (older_than(180000)) return;
    Bin bin(
        "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (id int PRIMARY KEY, p int CONSTRAINT "
        "word REFERENCES p ON DELETE SET NULL NOT ENFORCED); INSERT INTO p VALUES (1), (2), (3); "
        "INSERT INTO c VALUES (2, 2), (3, 3)");
    bin.bin.restore(bin.remove("p", {"1"}), {}, {});
    const auto before = bin.all();
    bin.sql("ALTER TABLE c ALTER CONSTRAINT word ENFORCED");
    const auto cut = bin.remove("p", {"2"});
    CHECK(bin.value("SELECT count(*) FROM c WHERE p IS NULL") == "1");
    bin.sql("ALTER TABLE c ALTER CONSTRAINT word NOT ENFORCED");
    const auto left = bin.remove("p", {"3"});
    CHECK(bin.value("SELECT count(*) FROM c WHERE p IS NULL") == "1");
    CHECK(bin.bin.restore(left, {}, {}).relinked == 0);
    CHECK(bin.bin.restore(cut, {}, {}).relinked == 1);
    CHECK((bin.all() == before));
}

TEST_CASE("a row under a key WITHOUT OVERLAPS is named by its own period, not by one within") {
    // Began: the operator of the index is that of overlapping, which took the row around it.
    if (older_than(180000)) return;
    Bin bin(kTemporal);
    const auto before = bin.all();
    CHECK_THROWS_AS(bin.remove("room", {"[2,3)", "[2026-03-01,2026-03-02)"}), Error);
    CHECK((bin.all() == before));
}

TEST_CASE("what a PERIOD refers to is refused, taken along, and comes back") {
    if (older_than(180000)) return;
    Bin bin(kTemporal);
    const auto before = bin.all();
    try {
        bin.remove("room", kFirst);
        FAIL("nothing was in the way");
    } catch (const trash::Blocked& blocked) {
        REQUIRE(blocked.impact.blockers.size() == 1);
        CHECK(blocked.impact.blockers[0].constraint == "booked");
        CHECK(blocked.impact.blockers[0].count == 2);
    }
    CHECK((bin.all() == before));
    const auto item = bin.remove("room", kFirst, true);
    CHECK(bin.value("SELECT string_agg(guest, ', ') FROM booking") == "elsewhere");
    CHECK(bin.bin.restore(item, {}, {}).restored == 3);
    CHECK((bin.all() == before));
}

TEST_CASE("a period that its parents do not cover any more is a missing parent") {
    if (older_than(180000)) return;
    Bin bin(kTemporal);
    const auto booking = bin.remove("booking", {"2"});
    const auto half = bin.remove("room", kSecond);
    auto found = bin.conflicts(booking);
    REQUIRE(found.size() == 1);
    CHECK(found[0].kind == "missing-parent");
    CHECK(found[0].constraint == "booked");
    CHECK(found[0].trash_item == half);
    bin.bin.restore(half, {}, {});
    CHECK(bin.bin.restore(booking, {}, {}).restored == 1);
}

TEST_CASE("parents of a period that lie in several groups come back with it") {
    if (older_than(180000)) return;
    Bin bin(kTemporal);
    const auto before = bin.all();
    const auto booking = bin.remove("booking", {"2"});
    bin.remove("room", kFirst, true);
    bin.remove("room", kSecond);
    trash::RestoreOptions options;
    options.with_ancestors = true;
    CHECK(bin.bin.restore(booking, options, {}).ancestors.size() == 2);
    CHECK((bin.all() == before));
}

TEST_CASE("a row that overlaps one under a key WITHOUT OVERLAPS cannot go back") {
    if (older_than(180000)) return;
    Bin bin(kTemporal);
    bin.remove("booking", {"3"});
    const auto item = bin.remove("room", {"[2,3)", "[2026-01-01,2027-01-01)"});
    bin.sql("INSERT INTO room VALUES ('[2,3)', '[2026-05-01,2026-06-01)', 'in the way')");
    const auto found = bin.conflicts(item);
    REQUIRE(found.size() == 1);
    CHECK(found[0].kind == "primary-key-taken");
    CHECK(found[0].with_id == "[2%2C3),[2026-05-01%2C2026-06-01)");
}

TEST_CASE("tables called old and new are deleted from like others") {
    Bin bin(
        "CREATE TABLE old (id int PRIMARY KEY, new int, old int); CREATE TABLE new (id int PRIMARY "
        "KEY, old int REFERENCES old ON DELETE CASCADE); INSERT INTO old VALUES (1, 2, 3); INSERT "
        "INTO new VALUES (1, 1), (2, 1)");
    const auto before = bin.all();
    const auto item = bin.remove("old", {"1"});
    CHECK(bin.bin.restore(item, {}, {}).restored == 3);
    CHECK((bin.all() == before));
}

TEST_CASE("identity columns of partitioned tables come back with their numbers") {
    if (older_than(170000)) return;
    Bin bin(
        "CREATE TABLE log (id int GENERATED ALWAYS AS IDENTITY, day date, PRIMARY KEY (id, day)) "
        "PARTITION BY RANGE (day); CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM "
        "('2026-01-01') TO ('2026-02-01'); CREATE TABLE log_2 PARTITION OF log DEFAULT; INSERT "
        "INTO log (day) VALUES ('2026-01-05'), ('2026-03-05')");
    const auto before = bin.all();
    const auto first = bin.remove("log", {"1", "2026-01-05"});
    const auto second = bin.remove("log", {"2", "2026-03-05"});
    bin.bin.restore(first, {}, {});
    bin.bin.restore(second, {}, {});
    CHECK((bin.all() == before));
}
