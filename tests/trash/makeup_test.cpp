// Types that change while values lie in the trash: what comes back is what a row that stayed shows
// by then, or it is said why not.
#include <doctest/doctest.h>

#include <filesystem>

#include "schema/catalog/catalog.hpp"
#include "schema/catalog/reader.hpp"
#include "schema/error.hpp"
#include "schema/session/transaction.hpp"
#include "tests/support/database.hpp"
#include "tests/support/programs.hpp"
#include "trash/model/actor.hpp"
#include "trash/model/errors.hpp"
#include "trash/model/options.hpp"
#include "trash/trash.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

// Table t (id, v): row 1 stays, row 2 goes into the trash with the same value.
struct Pair {
    Pair(const std::string& types, const std::string& type, const std::string& value)
        : database(types + "; CREATE TABLE t (id int PRIMARY KEY, v " + type +
                   "); INSERT INTO t VALUES (1, " + value + "), (2, " + value + ")"),
          pool(database.url(), 2),
          bin(pool),
          own(database.url()) {
        item = remove();
    }
    std::string remove() { return bin.remove({"public", "t"}, {"2"}, {}, {}).item->id; }
    void change(const std::string& sql) { own->script(sql); }
    // Row 2 came back as what row 1 shows.
    bool same() {
        bin.restore(item, {}, {});
        return own.value("SELECT pg_catalog.count(DISTINCT v::text) FROM t") == "1" &&
               own.value("SELECT pg_catalog.count(*) FROM t") == "2";
    }
    // The only conflict of its restore.
    trash::Conflict conflict() {
        try {
            bin.restore(item, {}, {});
        } catch (const trash::Conflicted& error) {
            REQUIRE(error.conflicts.size() == 1);
            CHECK(error.conflicts[0].kind == "schema-changed");
            CHECK(own.value("SELECT count(*) FROM t") == "1");
            return error.conflicts[0];
        }
        FAIL("the restore was not refused");
        throw;
    }
    std::string lossy() {
        trash::RestoreOptions options;
        options.lossy = true;
        const auto restored = bin.restore(item, options, {});
        CHECK(restored.lost.size() == 1);
        return own.value("SELECT v FROM t WHERE id = 2");
    }

    TempDatabase database;
    schema::Pool pool;
    trash::Trash bin;
    TestConnection own;
    std::string item;
};

constexpr const char* kMood = "CREATE TYPE mood AS ENUM ('lo', 'mid', 'hi')";
constexpr const char* kSwap =
    "ALTER TYPE mood RENAME VALUE 'lo' TO 'x'; ALTER TYPE mood RENAME VALUE 'hi' TO 'lo'; ALTER "
    "TYPE mood RENAME VALUE 'x' TO 'hi'";
constexpr const char* kPair = "CREATE TYPE ct AS (x int, y int)";

// The value of row 2 restored in a copy by pg_dump.
std::string restored_in_copy(Pair& pair) {
    const TempDatabase copy;
    const auto directory = temporary_directory();
    run("pg_dump", {"-f", directory + "/dump", "-d", pair.database.url()});
    run("psql", {"-q", "-v", "ON_ERROR_STOP=1", "-d", copy.url(), "-f", directory + "/dump"});
    std::filesystem::remove_all(directory);
    schema::Pool pool(copy.url(), 2);
    trash::Trash bin(pool);
    bin.restore(pair.item, {}, {});
    return TestConnection(copy.url()).value("SELECT v FROM t WHERE id = 2");
}

// Parents p, referred to by c, which has a mood for its key, and by d, which has none; both are set
// to NULL.
struct Cut {
    Cut(const std::string& key, const std::string& reference, const std::string& one = "lo",
        const std::string& two = "hi")
        : database(std::string(kMood) + "; CREATE TABLE p (id " + key +
                   " PRIMARY KEY); CREATE TABLE c (k mood PRIMARY KEY, p " + reference +
                   " REFERENCES p ON DELETE SET NULL); CREATE TABLE d (n int, p " + reference +
                   " REFERENCES p ON DELETE SET NULL); CREATE INDEX ON c (p); CREATE INDEX ON d "
                   "(p); INSERT INTO p VALUES ('" +
                   one + "'), ('" + two + "'); INSERT INTO c VALUES ('lo', '" + one +
                   "'), ('hi', '" + two + "'); INSERT INTO d VALUES (1, '" + one + "'), (2, '" +
                   two + "')"),
          pool(database.url(), 2),
          bin(pool),
          own(database.url()) {}
    std::string remove(const std::string& id) {
        return bin.remove({"public", "p"}, {id}, {}, {}).item->id;
    }
    // c as key:reference, d as reference:number.
    std::string rows() {
        return own.value(
            "SELECT (SELECT string_agg(concat(k, ':', coalesce(p::text, '-')), ',' ORDER BY "
            "k::text) FROM c) || '|' || (SELECT string_agg(concat(coalesce(p::text, '-'), ':', n), "
            "',' ORDER BY p::text NULLS FIRST, n) FROM d)");
    }

    TempDatabase database;
    schema::Pool pool;
    trash::Trash bin;
    TestConnection own;
};

}  // namespace

TEST_CASE("labels that were renamed come back as what they are called by then") {
    // swapped labels came back as each other
    Pair swapped(kMood, "mood", "'lo'");
    swapped.change(kSwap);
    swapped.bin.catalog().refresh();
    CHECK(swapped.bin.item(swapped.item, true).object->find("\"hi\"") != std::string::npos);
    CHECK(swapped.same());
    CHECK(swapped.own.value("SELECT v FROM t WHERE id = 2") == "hi");

    Pair again(kMood, "mood", "'lo'");
    again.change(
        "ALTER TYPE mood RENAME VALUE 'lo' TO 'low'; ALTER TYPE mood ADD VALUE 'lo' BEFORE 'mid'");
    CHECK(again.same());

    Pair domain(std::string(kMood) + "; CREATE DOMAIN felt AS mood CHECK (VALUE <> 'mid')", "felt",
                "'lo'");
    domain.change(kSwap);
    CHECK(domain.same());
}

TEST_CASE("a delete right after a change of a type keeps what the value is called then") {
    // nothing at a table tells that its types changed: the plan of before was used
    Pair pair(kMood, "mood", "'lo'");
    REQUIRE(pair.same());
    pair.change(kSwap);
    pair.item = pair.remove();
    pair.change(kSwap);
    CHECK(pair.same());
    pair.change("ALTER TYPE mood RENAME VALUE 'mid' TO 'middle'");
    pair.item = pair.remove();
    CHECK(pair.same());
    CHECK(pair.own.value("SELECT v FROM t WHERE id = 2") == "lo");
}

TEST_CASE("labels inside of arrays and composites are refused where they became others") {
    Pair array(kMood, "mood[]", "'{lo,hi}'");
    array.change("ALTER TYPE mood ADD VALUE 'top'");
    CHECK(array.same());
    array.item = array.remove();
    array.change(kSwap);
    CHECK(array.conflict().detail ==
          "what the column's type is made of changed and may alter the value");
    CHECK(array.lossy() == "{lo,hi}");

    Pair inside(std::string(kMood) + "; CREATE TYPE ct AS (m mood, n int)", "ct", "'(lo,1)'");
    inside.change(kSwap);
    CHECK(inside.conflict().columns == std::vector<std::string>{"v"});
}

TEST_CASE("attributes of a composite type keep their values while others go and come") {
    // values went into the attributes behind
    Pair pair(kPair, "ct", "'(1,2)'");
    pair.change("ALTER TYPE ct DROP ATTRIBUTE x; ALTER TYPE ct ADD ATTRIBUTE z int");
    const auto found = pair.conflict();
    CHECK(found.detail == "an attribute of the column's type was dropped and held a value");
    CHECK(found.values.at(0) == "(1,2)");
    CHECK(pair.lossy() == "(2,)");

    Pair empty(kPair, "ct", "'(,2)'");
    empty.change("ALTER TYPE ct DROP ATTRIBUTE x; ALTER TYPE ct ADD ATTRIBUTE z int");
    CHECK(empty.same());

    Pair more("CREATE TYPE ct AS (x text, y text, z text)", "ct",
              "ROW(E'a,\"b\\\\ c\n)', '', NULL)::ct");
    more.change(
        "ALTER TYPE ct ADD ATTRIBUTE w int; ALTER TYPE ct RENAME ATTRIBUTE x TO v; ALTER TYPE ct "
        "RENAME ATTRIBUTE y TO x; ALTER TYPE ct DROP ATTRIBUTE z");
    CHECK(more.same());

    Pair wider(kPair, "ct", "'(1,2)'");
    wider.change(
        "ALTER TABLE t ALTER v TYPE text; ALTER TYPE ct ALTER ATTRIBUTE x TYPE bigint; ALTER TABLE "
        "t ALTER v TYPE ct USING v::ct");
    CHECK(wider.same());
}

TEST_CASE("a time that a session's time zone has moved is not guessed") {
    // it came back as if the zone had been UTC
    Pair pair("SET TIME ZONE 'Europe/Berlin'", "timestamp", "'2024-05-05 12:00'");
    pair.change("SET TIME ZONE 'Europe/Berlin'; ALTER TABLE t ALTER v TYPE timestamptz");
    CHECK(pair.conflict().detail ==
          "the column's type changed under a time zone that is not known; in UTC the value may be "
          "another");
    pair.change("SET TIME ZONE 'UTC'");
    CHECK(pair.lossy() == "2024-05-05 12:00:00+00");

    Pair domain("CREATE DOMAIN moment AS timestamp", "moment", "'2024-05-05 12:00'");
    domain.change("SET TIME ZONE 'Europe/Berlin'; ALTER TABLE t ALTER v TYPE timestamptz");
    CHECK(domain.conflict().columns == std::vector<std::string>{"v"});

    Pair range("", "tsrange", "'[2024-05-05,2024-05-06)'");
    range.change(
        "SET TIME ZONE 'Europe/Berlin'; ALTER TABLE t ALTER v TYPE tstzrange USING "
        "tstzrange(lower(v), upper(v))");
    CHECK(range.conflict().columns == std::vector<std::string>{"v"});

    Pair array("", "timestamptz[]", "'{2024-05-05 12:00+00}'");
    array.change("ALTER TABLE t ALTER v TYPE timestamp[]");
    CHECK(array.conflict().columns == std::vector<std::string>{"v"});
}

TEST_CASE("a cast from text that was made just now does not read what lies in the trash") {
    Pair pair("CREATE TYPE m2 AS ENUM ('a', 'b')", "m2", "'a'");
    pair.change(
        "CREATE FUNCTION other(text) RETURNS m2 LANGUAGE sql AS $$SELECT 'b'::m2$$; CREATE CAST "
        "(text AS m2) WITH FUNCTION other(text)");
    CHECK(pair.same());
    CHECK(pair.own.value("SELECT v FROM t WHERE id = 2") == "a");
}

TEST_CASE("in a copy by pg_dump labels and attributes are found by what they were called last" *
          kNeedsPrograms) {
    Pair swapped(kMood, "mood", "'lo'");
    swapped.change(kSwap);
    swapped.bin.catalog().refresh();
    CHECK(restored_in_copy(swapped) == "hi");

    // a dump closes the numbers up
    Pair closed("CREATE TYPE ct AS (gone int, x int, y int); ALTER TYPE ct DROP ATTRIBUTE gone",
                "ct", "'(1,2)'");
    CHECK(restored_in_copy(closed) == "(1,2)");
    closed.change(
        "ALTER TYPE ct ADD ATTRIBUTE z int; ALTER TYPE ct RENAME ATTRIBUTE x TO a; ALTER TYPE ct "
        "RENAME ATTRIBUTE y TO x; ALTER TYPE ct RENAME ATTRIBUTE a TO y");
    closed.bin.catalog().refresh();
    CHECK(restored_in_copy(closed) == "(1,2,)");

    Pair array(kMood, "mood[]", "'{lo,hi}'");
    CHECK(restored_in_copy(array) == "{lo,hi}");
}

TEST_CASE("an enum that was made anew under its name takes the values by their labels") {
    Pair pair(kMood, "mood", "'hi'");
    pair.change(
        "ALTER TYPE mood RENAME TO old; CREATE TYPE mood AS ENUM ('hi', 'lo'); ALTER TABLE t ALTER "
        "v TYPE mood USING v::text::mood; DROP TYPE old");
    CHECK(pair.same());
}

TEST_CASE("references are set back to what their labels are called by then") {
    // swapped labels linked rows to each other's parents, and another row's reference was set
    Cut cut("mood", "mood");
    const auto lo = cut.remove("lo"), hi = cut.remove("hi");
    CHECK(cut.rows() == "hi:-,lo:-|-:1,-:2");
    cut.own->script(kSwap);
    cut.bin.restore(lo, {}, {});
    CHECK(cut.rows() == "hi:hi,lo:-|-:2,hi:1");
    cut.bin.restore(hi, {}, {});
    CHECK(cut.rows() == "hi:hi,lo:lo|hi:1,lo:2");
}

TEST_CASE("a row that went into the trash under other labels gets its reference back there") {
    // the label of then was written into a row of the labels of now
    Cut cut("mood", "mood");
    const auto lo = cut.remove("lo");
    cut.own->script(kSwap);
    cut.bin.catalog().refresh();
    const auto child = cut.bin.remove({"public", "c"}, {"hi"}, {}, {}).item->id;
    cut.bin.restore(lo, {}, {});
    cut.bin.restore(child, {}, {});
    CHECK(cut.rows() == "hi:hi,lo:lo|hi:1,lo:2");
}

TEST_CASE("what a trigger wrote over a label that was renamed since becomes the label again") {
    // the row kept what the trigger had written
    Cut cut("int", "int", "1", "2");
    cut.own->script(
        "ALTER TABLE c ADD felt mood; UPDATE c SET felt = k; CREATE FUNCTION calm() RETURNS "
        "trigger LANGUAGE plpgsql AS $$BEGIN IF NEW.p IS NULL THEN NEW.felt = 'mid'; END IF; "
        "RETURN NEW; END$$; CREATE TRIGGER calm BEFORE UPDATE ON c FOR EACH ROW EXECUTE FUNCTION "
        "calm()");
    const auto one = cut.remove("1");
    CHECK(cut.own.value("SELECT felt FROM c WHERE k = 'lo'") == "mid");
    cut.own->script(kSwap);
    cut.own->script("ALTER TYPE mood RENAME VALUE 'mid' TO 'middle'");
    const auto restored = cut.bin.restore(one, {}, {});
    CHECK(restored.altered.empty());
    CHECK(cut.own.value("SELECT felt FROM c WHERE k = 'hi'") == "hi");
}

TEST_CASE("a key in the trash is found by what its label is called by then") {
    // it was not found at all, so its key was given away and its children had no parent
    Cut cut("mood", "mood");
    const auto child = cut.bin.remove({"public", "c"}, {"lo"}, {}, {}).item->id;
    const auto lo = cut.remove("lo");
    cut.own->script("ALTER TYPE mood RENAME VALUE 'lo' TO 'low'");
    cut.bin.catalog().refresh();
    REQUIRE(cut.bin.find({"public", "p"}, {"low"}, false));
    CHECK(cut.bin.find({"public", "p"}, {"low"}, false)->id == lo);
    CHECK(cut.remove("low") == lo);
    trash::RestoreOptions options;
    options.with_ancestors = true;
    CHECK(cut.bin.restore(child, options, {}).restored == 2);
    CHECK(cut.rows() == "hi:hi,low:low|hi:2,low:1");
}

TEST_CASE("a value whose column has another type comes back as PostgreSQL casts it") {
    // its text was read instead: 't' for true, and blanks at the end of a text
    const std::string all[][3] = {{"boolean", "true", "text"},
                                  {"character(5)", "'ab'", "text"},
                                  {"character(5)[]", "'{ab,NULL}'", "varchar[]"},
                                  {"inet", "'10.0.0.1'", "varchar(40)"},
                                  {"real", "0.1", "double precision"},
                                  {"int", "5", "numeric"}};
    for (const auto& [then, value, now] : all) {
        CAPTURE(then);
        Pair pair("", then, value);
        pair.change("ALTER TABLE t ALTER v TYPE " + now);
        pair.bin.catalog().refresh();
        CHECK(pair.same());
        CHECK(pair.bin.remove({"public", "t"}, {"2"}, {}, {}).item->id != pair.item);
    }
    Pair none("", "boolean", "NULL");
    none.change("ALTER TABLE t ALTER v TYPE text");
    none.bin.restore(none.item, {}, {});
    CHECK(none.own.value("SELECT count(*) FROM t WHERE v IS NULL") == "2");
}

TEST_CASE("a value that its new type has no room for is refused after a cast too") {
    Pair cut("", "character(5)", "'abc'");
    cut.change("ALTER TABLE t ALTER v TYPE varchar(2) USING left(v, 2)");
    CHECK(cut.conflict().detail == "the column's type changed and would alter the value");
    // 101 was read as a hundred and one
    Pair bits("", "bit(3)", "'101'");
    bits.change("ALTER TABLE t ALTER v TYPE int USING v::int");
    CHECK(bits.conflict().detail == "the column's type changed and would alter the value");
}
