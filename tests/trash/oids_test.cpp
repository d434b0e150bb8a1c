// Values that hold oids: regclass and its kin, in arrays, domains and composites, in this database
// and in copies in which the numbers are others.
#include <doctest/doctest.h>

#include <filesystem>

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

// A copy by pg_dump in which every number is another one.
struct Copy {
    explicit Copy(const std::string& url) {
        TestConnection own(database.url());
        for (int i = 0; i < 40; ++i)
            own->exec("CREATE TYPE away_" + std::to_string(i) + " AS ENUM ()");
        for (int i = 0; i < 40; ++i) own->exec("DROP TYPE away_" + std::to_string(i));
        const auto directory = temporary_directory();
        run("pg_dump", {"-f", directory + "/dump", "-d", url});
        run("psql",
            {"-q", "-v", "ON_ERROR_STOP=1", "-d", database.url(), "-f", directory + "/dump"});
        std::filesystem::remove_all(directory);
    }
    TempDatabase database;
};

std::string remove(trash::Trash& bin, const std::string& table, const std::string& id) {
    return bin.remove({"public", table}, {id}, {}, {}).item->id;
}

std::string conflict_of(trash::Trash& bin, const std::string& item) {
    try {
        bin.restore(item, {}, {});
    } catch (const trash::Conflicted& error) {
        CHECK(error.conflicts.at(0).kind == "schema-changed");
        return error.conflicts[0].detail;
    }
    return "";
}

constexpr const char* kAll = R"(
CREATE SCHEMA far; CREATE TABLE one (id int); CREATE TABLE far.one (id int);
CREATE TABLE "Two ""b" (id int);
CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION f(text, one) RETURNS int LANGUAGE sql AS 'SELECT 2';
CREATE FUNCTION g() RETURNS int LANGUAGE sql AS 'SELECT 2';
CREATE OPERATOR <+> (LEFTARG = text, RIGHTARG = one, FUNCTION = f);
CREATE TEXT SEARCH CONFIGURATION conf (COPY = english);
CREATE TEXT SEARCH DICTIONARY dict (TEMPLATE = simple);
CREATE COLLATION coll FROM "C";
CREATE DOMAIN tab AS regclass; CREATE DOMAIN tabs AS regclass[];
CREATE TYPE holds AS (n int, r regclass, t text, rs regclass[]);
CREATE TABLE all_kinds (id int PRIMARY KEY, c regclass, cs regclass[], p regproc, pd regprocedure,
    o regoper, od regoperator, ty regtype, tys regtype[], ro regrole, ns regnamespace, cf regconfig,
    di regdictionary, co regcollation, d tab, ds tabs, h holds);
INSERT INTO all_kinds VALUES
  (1, 'one', ARRAY['far.one', NULL, '"Two ""b"']::regclass[], 'g', 'f(text,one)', '<+>',
   '<+>(text,one)', 'one', '{one[],int,"timestamp with time zone"}', 'postgres', 'far', 'conf',
   'dict', 'coll', 'far.one', '[0:1]={one,far.one}',
   ROW(16384, 'far.one', 'a,"b', '{one,far.one}')::holds),
  (2, 0, '{}', 0, 0, 0, 0, 0, NULL, NULL, 'pg_catalog', 'english', 'simple', '"C"', NULL, NULL,
   ROW(NULL, NULL, NULL, NULL)::holds),
  (3, 'pg_class', '{{one,far.one},{pg_type,0}}', 'pi', 'lower(text)', NULL, NULL, 'text', NULL,
   NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
)";

constexpr const char* kRows = "SELECT jsonb_agg(to_jsonb(k) ORDER BY id) FROM all_kinds k";

}  // namespace

TEST_CASE("values that hold oids come back in this database and by name in a copy" *
          kNeedsPrograms) {
    // they came back as numbers that name nothing in the copy, or something else
    TempDatabase database(kAll);
    TestConnection own(database.url());
    const auto before = own.value(kRows);
    std::vector<std::string> items;
    schema::Pool pool(database.url(), 2);
    trash::Trash bin(pool);
    for (const char* id : {"1", "2", "3"}) {
        bin.restore(remove(bin, "all_kinds", id), {}, {});
        items.push_back(remove(bin, "all_kinds", id));
    }
    const Copy copy(database.url());
    schema::Pool there(copy.database.url(), 2);
    trash::Trash copied(there);
    for (const auto& item : items) {
        CHECK(copied.item(item, true).object.has_value());
        copied.restore(item, {}, {});
    }
    TestConnection at_copy(copy.database.url());
    CHECK(at_copy.value(kRows) == before);
    CHECK(at_copy.value("SELECT c = 'one'::regclass FROM all_kinds WHERE id = 1") == "t");
    for (const auto& item : items) bin.restore(item, {}, {});
    CHECK(own.value(kRows) == before);
}

TEST_CASE("values that hold oids follow renames, here and into a copy of a copy" * kNeedsPrograms) {
    TempDatabase database(
        "CREATE TABLE a (id int); CREATE TABLE b (id int); CREATE TYPE h AS (r regclass); CREATE "
        "TABLE t (id int PRIMARY KEY, c regclass, h h); INSERT INTO t VALUES (1, 'a', "
        "'(a)')");
    schema::Pool pool(database.url(), 2);
    trash::Trash bin(pool);
    const auto item = remove(bin, "t", "1");
    TestConnection own(database.url());
    own->script(
        "ALTER TABLE a RENAME TO c; ALTER TABLE b RENAME TO a; CREATE SCHEMA far; ALTER TABLE c "
        "SET SCHEMA far");
    bin.catalog().refresh();
    const Copy copy(database.url());
    {
        schema::Pool there(copy.database.url(), 2);
        trash::Trash seen(there);
        TestConnection(copy.database.url())->script("ALTER TABLE far.c RENAME TO d");
        seen.catalog().refresh();
    }
    const Copy again(copy.database.url());
    schema::Pool there(again.database.url(), 2);
    trash::Trash(there).restore(item, {}, {});
    CHECK(TestConnection(again.database.url()).value("SELECT row(c, h) FROM t") ==
          "(far.d,\"(far.d)\")");
    bin.restore(item, {}, {});
    CHECK(own.value("SELECT row(c, h) FROM t") == "(far.c,\"(far.c)\")");
}

TEST_CASE("what a value names and the copy lacks is told, and is shown by its name" *
          kNeedsPrograms) {
    TempDatabase database(
        "CREATE TABLE a (id int); CREATE TYPE h AS (r regclass, n int); CREATE TABLE t (id int "
        "PRIMARY KEY, c regclass, cs regclass[], h h); INSERT INTO t VALUES (1, 'a', NULL, NULL), "
        "(2, NULL, '{a}', NULL), (3, NULL, NULL, '(a,5)')");
    schema::Pool pool(database.url(), 2);
    trash::Trash bin(pool);
    std::vector<std::string> items;
    for (const char* id : {"1", "2", "3"}) items.push_back(remove(bin, "t", id));
    TestConnection(database.url())->script("DROP TABLE a");
    const Copy copy(database.url());
    schema::Pool there(copy.database.url(), 2);
    trash::Trash copied(there);
    CHECK(copied.item(items[0], true).object->find("public.a") != std::string::npos);
    CHECK(conflict_of(copied, items[0]) == "relation \"public.a\" does not exist");
    CHECK_FALSE(conflict_of(copied, items[1]).empty());
    CHECK_FALSE(conflict_of(copied, items[2]).empty());
    TestConnection(copy.database.url())->script("CREATE TABLE a (id int)");
    copied.restore(items[0], {}, {});
    CHECK(TestConnection(copy.database.url()).value("SELECT c FROM t") == "a");
}

TEST_CASE("composites that hold oids hang on no search path" * kNeedsPrograms) {
    // after a change of the path they named the table of another schema
    TempDatabase database(
        "CREATE SCHEMA one; CREATE SCHEMA two; CREATE TABLE one.t (id int); CREATE TABLE two.t (id "
        "int); CREATE TYPE public.h AS (r regclass); CREATE TABLE public.k (id int PRIMARY KEY, h "
        "public.h); INSERT INTO public.k VALUES (1, '(one.t)')");
    TestConnection own(database.url());
    const auto path = [&](const std::string& schemas) {
        own->exec("ALTER DATABASE " + database.name() + " SET search_path = " + schemas);
    };
    path("one, two, public");
    std::string item;
    {
        schema::Pool pool(database.url(), 2);
        trash::Trash bin(pool);
        item = remove(bin, "k", "1");
    }
    path("two, one, public");
    schema::Pool pool(database.url(), 2);
    trash::Trash(pool).restore(item, {}, {});
    CHECK(own.value("SELECT (h).r::oid = 'one.t'::regclass FROM public.k") == "t");
}

TEST_CASE("a row whose key is a table is found by it in a copy" * kNeedsPrograms) {
    TempDatabase database(
        "CREATE TABLE a (id int); CREATE TABLE conf (tab regclass PRIMARY KEY, v text); INSERT "
        "INTO "
        "conf VALUES ('a', 'x')");
    schema::Pool pool(database.url(), 2);
    trash::Trash bin(pool);
    const auto key = TestConnection(database.url()).value("SELECT 'a'::regclass::oid");
    const auto item = remove(bin, "conf", key);
    const Copy copy(database.url());
    TestConnection own(copy.database.url());
    const auto there_key = own.value("SELECT 'a'::regclass::oid");
    REQUIRE(there_key != key);
    schema::Pool there(copy.database.url(), 2);
    trash::Trash copied(there);
    CHECK(copied.find({"public", "conf"}, {there_key}, false).has_value());
    copied.restore(item, {}, {});
    CHECK(own.value("SELECT row(tab, v) FROM conf") == "(a,x)");
}
