// The trash in copies of its database, made in every way that PostgreSQL knows: what comes back is
// what went in, or it is said why not.
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

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

using trash::RestoreOptions;

// The trash of a database, as a service that was just started has it.
struct Bin {
    explicit Bin(const std::string& url) : pool(url, 3), bin(pool), own(url) {}
    std::string remove(const std::string& table, const std::string& id) {
        return bin.remove({"public", table}, {id}, {}, {}).item->id;
    }
    trash::Restored restore(const std::string& id, const RestoreOptions& options = {}) {
        return bin.restore(id, options, {});
    }
    std::string value(const std::string& sql) { return own.value(sql); }

    schema::Pool pool;
    trash::Trash bin;
    TestConnection own;
};

// A file that is removed at the end of the scope.
struct Dump {
    explicit Dump(const std::string& url, const std::string& format = "custom") : format(format) {
        run("pg_dump", {"-F", format, "-f", file, "-d", url});
    }
    ~Dump() { std::filesystem::remove_all(directory); }
    void load(const std::string& url) const {
        if (format == "custom")
            run("pg_restore", {"-e", "-d", url, file});
        else
            run("psql", {"-q", "-v", "ON_ERROR_STOP=1", "-d", url, "-f", file});
    }

    std::string format, directory = temporary_directory(), file = directory + "/dump";
};

// A cluster in which numbers begin anew.
struct FreshCluster {
    explicit FreshCluster(const std::string& settings = "")
        : directory(temporary_directory()), cluster(directory, settings) {
        cluster.create_database("copy");
    }
    ~FreshCluster() {
        cluster.stop();
        std::filesystem::remove_all(directory);
    }
    std::string url() const { return cluster.url("copy"); }

    std::string directory;
    schema::Cluster cluster;
};

constexpr const char* kShifted = R"(
CREATE TABLE t (id int PRIMARY KEY, gone text, a text, b text, c text);
ALTER TABLE t DROP COLUMN gone;
INSERT INTO t VALUES (2, 'A2', 'B2', NULL), (3, 'x', NULL, NULL), (4, 'A', 'B', 'C');
CREATE TABLE p (id int PRIMARY KEY, v text);
CREATE TABLE k (id int PRIMARY KEY, gone int, p_id int REFERENCES p ON DELETE SET NULL,
                q_id int REFERENCES p ON DELETE SET NULL, n text);
ALTER TABLE k DROP COLUMN gone;
CREATE TABLE bare (gone int, p_id int REFERENCES p ON DELETE SET NULL, n text);
ALTER TABLE bare DROP COLUMN gone;
CREATE TABLE base (id int, x text);
CREATE TABLE heir (PRIMARY KEY (id)) INHERITS (base);
ALTER TABLE heir ADD own text;
ALTER TABLE base ADD late text;
CREATE TABLE ev (gone int, id int, d date, v text, PRIMARY KEY (id, d)) PARTITION BY RANGE (d);
ALTER TABLE ev DROP COLUMN gone;
CREATE TABLE ev_1 PARTITION OF ev FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE first (id int PRIMARY KEY, a text, b text);
INSERT INTO p VALUES (1, 'p'), (2, 'q');
INSERT INTO k VALUES (1, 1, NULL, 'n'), (2, NULL, 2, 'm');
INSERT INTO bare VALUES (1, 'x'), (1, 'x'), (2, 'y');
INSERT INTO heir VALUES (1, 'x', 'own', 'late');
INSERT INTO ev VALUES (1, '2024-05-05', 'v');
INSERT INTO first VALUES (1, 'A', 'B');
)";

// Every row by the names of its columns, since a dump orders inherited ones anew.
std::string all_rows(TestConnection& connection) {
    std::string all;
    for (const char* table : {"t", "p", "k", "bare", "heir", "ev", "first"})
        all += connection.value(
            std::string("SELECT jsonb_agg(to_jsonb(r) ORDER BY to_jsonb(r)) FROM ") + table + " r");
    return all;
}

// What is taken from these tables; renames come after it.
struct Taken {
    explicit Taken(const std::string& url) {
        TestConnection own(url);
        before = all_rows(own);
        Bin bin(url);
        for (const char* id : {"2", "3", "4"}) items.push_back(bin.remove("t", id));
        items.push_back(bin.remove("p", "1"));
        items.push_back(bin.remove("p", "2"));
        items.push_back(bin.remove("heir", "1"));
        items.push_back(bin.bin.remove({"public", "ev"}, {"1", "2024-05-05"}, {}, {}).item->id);
        items.push_back(bin.remove("first", "1"));
    }
    // All comes back, in a copy, with no word about anything.
    void check(const std::string& url) const {
        Bin bin(url);
        for (const auto& id : items) {
            const auto restored = bin.restore(id);
            CHECK(restored.not_relinked == 0);
            CHECK(restored.altered.empty());
        }
        CHECK(all_rows(bin.own) == before);
    }

    std::vector<std::string> items;
    std::string before;
};

// Every conflict of a restore that must be refused.
std::vector<trash::Conflict> conflicts(Bin& bin, const std::string& id) {
    const auto before = copy_of_all_tables(bin.own.get());
    std::vector<trash::Conflict> found;
    try {
        bin.restore(id);
    } catch (const trash::Conflicted& error) {
        found = error.conflicts;
    }
    CHECK((copy_of_all_tables(bin.own.get()) == before));
    REQUIRE(!found.empty());
    return found;
}

}  // namespace

TEST_CASE("a dump in another database restores every value into its own column" * kNeedsPrograms) {
    // dumps leave dropped columns out: values went into the columns behind, with no word of it
    const TempDatabase database(kShifted), plain, custom;
    const Taken taken(database.url());
    Dump(database.url(), "plain").load(plain.url());
    taken.check(plain.url());
    Dump(database.url()).load(custom.url());
    taken.check(custom.url());
}

TEST_CASE("a dump of a dump, in a cluster in which numbers begin anew, restores the same" *
          kNeedsPrograms) {
    const TempDatabase database(kShifted), copy;
    const Taken taken(database.url());
    Dump(database.url()).load(copy.url());
    { Bin seen(copy.url()); }
    const FreshCluster fresh;
    Dump(copy.url(), "plain").load(fresh.url());
    taken.check(fresh.url());
}

TEST_CASE("a database that was dropped and loaded again restores the same" * kNeedsPrograms) {
    const TempDatabase database(kShifted);
    const Taken taken(database.url());
    const Dump dump(database.url());
    TestConnection(database.url())
        ->script("DROP SCHEMA trashd CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    // a number that some table had is another one's now
    TestConnection(database.url())->script("CREATE TABLE other (id int PRIMARY KEY)");
    TestConnection(database.url())->script("DROP TABLE other");
    run("pg_restore", {"-d", database.url(), dump.file});
    taken.check(database.url());
}

TEST_CASE("the data of the trash alone, loaded into tables that are there, are not believed" *
          kNeedsPrograms) {
    const TempDatabase database(kShifted), copy(kShifted);
    const Taken taken(database.url());
    { Bin seen(copy.url()); }
    TestConnection into(copy.url());
    into->script(
        "TRUNCATE trashd.birth, trashd.migration; DELETE FROM t; DELETE FROM p; DELETE FROM "
        "heir; DELETE FROM ev; DELETE FROM first; UPDATE k SET p_id = NULL, q_id = NULL; "
        "UPDATE bare SET p_id = NULL");
    // the same numbers would go unnoticed otherwise
    into->script(
        "ALTER TABLE first RENAME TO second; ALTER TABLE t RENAME TO first; ALTER TABLE "
        "second RENAME TO t; ALTER TABLE t RENAME a TO z; ALTER TABLE t ADD a text; ALTER "
        "TABLE t DROP z");
    const auto file = temporary_directory() + "/data";
    run("pg_dump", {"-a", "-n", "trashd", "-f", file, "-d", database.url()});
    run("psql", {"-q", "-v", "ON_ERROR_STOP=1", "-d", copy.url(), "-f", file});
    std::filesystem::remove_all(std::filesystem::path(file).parent_path());
    Bin bin(copy.url());
    bin.restore(taken.items[0]);
    CHECK(bin.value("SELECT row(id, a, b) FROM t") == "(2,A2,B2)");
    const auto found = conflicts(bin, taken.items[2]);
    CHECK(found[0].kind == "schema-changed");
    CHECK(found[0].columns == std::vector<std::string>{"c"});
}

TEST_CASE("names are followed while a table lives, and the copy knows the newest" *
          kNeedsPrograms) {
    const TempDatabase database(kShifted), copy;
    const Taken taken(database.url());
    TestConnection own(database.url());
    own->script(
        "ALTER TABLE first RENAME a TO c; ALTER TABLE first RENAME b TO a; ALTER TABLE first "
        "RENAME c TO b; ALTER TABLE first RENAME TO last; CREATE TABLE first (id int PRIMARY "
        "KEY, a text, b text); CREATE SCHEMA far; ALTER TABLE t SET SCHEMA far; CREATE TABLE "
        "t (id int PRIMARY KEY, a text, b text, c text)");
    { Bin seen(database.url()); }
    Dump(database.url()).load(copy.url());
    Bin bin(copy.url());
    for (const auto& id : taken.items) bin.restore(id);
    CHECK(bin.value("SELECT row(id, b, a) FROM last") == "(1,A,B)");
    CHECK(bin.value("SELECT count(*) FROM first") == "0");
    CHECK(bin.value("SELECT count(*) FROM far.t") == "3");
    CHECK(bin.value("SELECT count(*) FROM t") == "0");
}

TEST_CASE("rows of a table that was dropped before the dump are of no table of the copy" *
          kNeedsPrograms) {
    // the number of the dropped table was that of another one in the new cluster
    const FreshCluster source, fresh;
    TestConnection own(source.url());
    own->script(
        "CREATE TABLE customers (id int PRIMARY KEY, name text); CREATE DOMAIN gone AS int; "
        "CREATE TABLE secrets (id int PRIMARY KEY, v text); INSERT INTO secrets VALUES (7, "
        "'row of the dropped table')");
    const auto id = Bin(source.url()).remove("secrets", "7");
    own->script("DROP TABLE secrets; DROP DOMAIN gone");
    Dump(source.url(), "plain").load(fresh.url());
    Bin bin(fresh.url());
    CHECK(bin.bin.item(id, true).table == schema::QualifiedName{"public", "secrets"});
    CHECK_FALSE(bin.bin.find({"public", "customers"}, {"7"}, false).has_value());
    const auto found = conflicts(bin, id);
    CHECK(found[0].kind == "schema-changed");
    CHECK(found[0].table == schema::QualifiedName{"public", "secrets"});
    CHECK(bin.value("SELECT count(*) FROM trashd.shape WHERE relation IS NOT NULL") == "0");
}

TEST_CASE("physical copies keep their numbers, through every rename since") {
    const TempDatabase database(kShifted);
    const Taken taken(database.url());
    TestConnection(database.url())
        ->script(
            "ALTER TABLE first RENAME a TO c; ALTER TABLE first RENAME b TO a; ALTER TABLE first "
            "RENAME c TO b; ALTER TABLE first RENAME TO last; CREATE TABLE first (id int PRIMARY "
            "KEY, a text, b text)");
    TestConnection server(TestCluster::get().url("postgres"));
    const auto name = database.name() + "_template";
    server->exec("CREATE DATABASE " + name + " TEMPLATE " + database.name());
    {
        Bin bin(TestCluster::get().url(name));
        for (const auto& id : taken.items) bin.restore(id);
        CHECK(bin.value("SELECT row(id, b, a) FROM last") == "(1,A,B)");
        CHECK(bin.value("SELECT row(id, a, b) FROM t WHERE id = 2") == "(2,A2,B2)");
    }
    server->exec("DROP DATABASE " + name + " WITH (FORCE)");
}

TEST_CASE("a copy without its sequences gives out no number twice, and no row is lost") {
    // rows were taken under a form that did not exist, since its number was taken
    const TempDatabase database(
        "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY);"
        "CREATE TABLE p (id int PRIMARY KEY);"
        "CREATE TABLE k (p int REFERENCES p ON DELETE SET NULL, n text);"
        "INSERT INTO a SELECT generate_series(1, 4); INSERT INTO b SELECT generate_series(1, 4);"
        "INSERT INTO p VALUES (1), (2); INSERT INTO k VALUES (1, 'x'), (2, 'y')");
    Bin(database.url()).remove("a", "1");
    std::string linked = Bin(database.url()).remove("p", "1");
    TestConnection(database.url())
        ->exec(
            "SELECT setval(c.oid::regclass, 1, false) FROM pg_class c WHERE c.relkind = 'S' AND "
            "c.relnamespace = 'trashd'::regnamespace");
    Bin copy(database.url());
    std::vector<std::string> ids = {copy.remove("b", "1"), copy.remove("b", "2"),
                                    copy.remove("p", "2"), linked};
    CHECK(copy.value("SELECT count(DISTINCT taken) FROM trashd.trash_group") == "5");
    CHECK(copy.value("SELECT count(DISTINCT row_id) FROM trashd.link") == "2");
    for (const auto& id : ids) copy.restore(id);
    CHECK(copy.value("SELECT string_agg(id::text, ' ' ORDER BY id) FROM b") == "1 2 3 4");
    CHECK(copy.value("SELECT string_agg(p || n, ' ' ORDER BY n) FROM k") == "1x 2y");
}

TEST_CASE("a publication of all tables leaves every way out of the trash open") {
    // the table of references had no primary key, so PostgreSQL refused to delete from it
    const TempDatabase database(
        "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE k (p int REFERENCES p ON DELETE SET "
        "NULL); INSERT INTO p VALUES (1), (2); INSERT INTO k VALUES (1), (2); CREATE PUBLICATION "
        "everything FOR ALL TABLES; ALTER TABLE k REPLICA IDENTITY FULL");
    Bin bin(database.url());
    const auto first = bin.remove("p", "1"), second = bin.remove("p", "2");
    CHECK(bin.restore(first).relinked == 1);
    CHECK(bin.bin.purge(second, {}).rows == 1);
    CHECK(
        bin.value("SELECT string_agg(c.relname, ' ') FROM pg_class c WHERE c.relkind = 'r' AND "
                  "c.relnamespace = 'trashd'::regnamespace AND NOT EXISTS (SELECT FROM pg_index i "
                  "WHERE i.indrelid = c.oid AND i.indisprimary)") == "NULL");
}

TEST_CASE("a table that was made anew under its name has the trash of the one before it") {
    // it could be neither seen nor restored
    const TempDatabase database(
        "CREATE TABLE y (id int PRIMARY KEY, name text, gone text); INSERT INTO y VALUES (1, 'a', "
        "NULL), (2, 'b', 'x'); CREATE TABLE kid (id int PRIMARY KEY, y int REFERENCES y ON DELETE "
        "SET "
        "NULL); INSERT INTO kid VALUES (5, 1)");
    Bin bin(database.url());
    const auto first = bin.remove("y", "1"), second = bin.remove("y", "2");
    bin.own->script(
        "BEGIN; CREATE TABLE y_new (extra int DEFAULT 0, name text, id int PRIMARY KEY); INSERT "
        "INTO "
        "y_new (id, name) SELECT id, name FROM y; ALTER TABLE kid DROP CONSTRAINT kid_y_fkey; DROP "
        "TABLE y; ALTER TABLE y_new RENAME TO y; CREATE TABLE k_new (y int REFERENCES y ON DELETE "
        "SET "
        "NULL, id int PRIMARY KEY); INSERT INTO k_new SELECT y, id FROM kid; DROP TABLE kid; ALTER "
        "TABLE k_new RENAME TO kid; COMMIT");
    bin.bin.catalog().refresh();
    CHECK(bin.bin.find({"public", "y"}, {"1"}, false).has_value());
    CHECK(conflicts(bin, second)[0].detail == "the column was dropped and held a value");
    CHECK(bin.restore(first).relinked == 1);
    CHECK(bin.value("SELECT row(id, name, extra) FROM y") == "(1,a,0)");
    CHECK(bin.value("SELECT row(id, y) FROM kid") == "(5,1)");
}

TEST_CASE("a table that was put out of the way of its successor, and dropped later, has one too") {
    const TempDatabase database(
        "CREATE TABLE y (id int PRIMARY KEY, name text); INSERT INTO y VALUES "
        "(1, 'a'); CREATE TABLE z (id int PRIMARY KEY, name text); INSERT INTO "
        "z VALUES (1, 'a')");
    Bin bin(database.url());
    const auto id = bin.remove("y", "1"), other = bin.remove("z", "1");
    bin.own->script(
        "ALTER TABLE y RENAME TO y_old; CREATE TABLE y (LIKE y_old INCLUDING ALL, more "
        "int); ALTER TABLE z RENAME TO z_old; CREATE TABLE z (id int PRIMARY KEY, name "
        "int)");
    bin.bin.catalog().refresh();
    CHECK(bin.bin.item(id, false).table.name == "y_old");
    bin.own->script("DROP TABLE y_old; DROP TABLE z_old");
    bin.bin.catalog().refresh();
    bin.restore(id);
    CHECK(bin.value("SELECT row(id, name) FROM y") == "(1,a)");
    // under the name of then there is another one by now
    CHECK(conflicts(bin, other)[0].table.name == "z_old");
}

TEST_CASE("a table that became a partition has its trash in the whole") {
    // it was said to be dropped
    const TempDatabase database(
        "CREATE TABLE ev (gone int, id int, d date, v text, PRIMARY KEY (id, "
        "d)); ALTER TABLE ev DROP COLUMN gone; INSERT INTO ev VALUES (1, "
        "'2024-01-01', 'v')");
    Bin bin(database.url());
    const auto id = bin.bin.remove({"public", "ev"}, {"1", "2024-01-01"}, {}, {}).item->id;
    bin.own->script(
        "ALTER TABLE ev RENAME TO ev_2024; CREATE TABLE ev (v text, d date, id int, PRIMARY KEY "
        "(id, "
        "d)) PARTITION BY RANGE (d); ALTER TABLE ev ATTACH PARTITION ev_2024 FOR VALUES FROM "
        "('2024-01-01') TO ('2025-01-01')");
    bin.bin.catalog().refresh();
    CHECK(bin.bin.find({"public", "ev"}, {"1", "2024-01-01"}, false).has_value());
    bin.restore(id);
    CHECK(bin.value("SELECT row(id, d, v) FROM ev_2024") == "(1,2024-01-01,v)");
}

TEST_CASE("a table that was made anew as a partitioned one has its trash in the whole") {
    const TempDatabase database(
        "CREATE TABLE ev (gone int, id int, d date, v text, PRIMARY KEY (id, d)); ALTER TABLE ev "
        "DROP COLUMN gone; INSERT INTO ev VALUES (1, '2024-01-01', 'v'), (2, '2024-01-02', 'w')");
    Bin bin(database.url());
    const auto id = bin.bin.remove({"public", "ev"}, {"1", "2024-01-01"}, {}, {}).item->id;
    bin.own->script(
        "ALTER TABLE ev RENAME TO ev_old; CREATE TABLE ev (v text, d date, id int, PRIMARY KEY "
        "(id, d)) PARTITION BY RANGE (d); CREATE TABLE ev_2024 PARTITION OF ev FOR VALUES FROM "
        "('2024-01-01') TO ('2025-01-01'); INSERT INTO ev (id, d, v) SELECT id, d, v FROM ev_old");
    bin.bin.catalog().refresh();
    bin.own->script("DROP TABLE ev_old");
    bin.bin.catalog().refresh();
    CHECK(bin.bin.find({"public", "ev"}, {"1", "2024-01-01"}, false).has_value());
    bin.restore(id);
    CHECK(bin.value("SELECT string_agg(id || v, ' ' ORDER BY id) FROM ev_2024") == "1v 2w");
}
