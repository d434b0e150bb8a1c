// References that the configuration has set to null, whatever the database would do with them.
#include <doctest/doctest.h>

#include "cascade/plan.hpp"
#include "schema/catalog/catalog.hpp"
#include "schema/catalog/reader.hpp"
#include "tests/support/database.hpp"
#include "trash/model/actor.hpp"
#include "trash/model/errors.hpp"
#include "trash/model/options.hpp"
#include "trash/trash.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

struct Bench {
    explicit Bench(const std::string& script)
        : database(
              "CREATE TABLE p (id int PRIMARY KEY, code int UNIQUE);"
              "INSERT INTO p VALUES (1, 10), (2, 20);" +
              script),
          pool(database.url(), 2),
          bin(pool),
          lease(pool.lease()) {
        bin.set_policy([](const schema::Catalog& catalog) {
            cascade::Policy policy;
            for (const auto& table : catalog.tables())
                for (const auto* key : catalog.references(table.oid))
                    if (key->name.starts_with("null_"))
                        policy[key->oid] = cascade::OnDelete::kSetNull;
            return policy;
        });
    }
    std::string all() { return copy_of_all_tables(lease.connection()); }
    long long number(const std::string& sql) { return lease.connection().exec(sql).integer(0, 0); }
    void there_and_back(const std::string& table, const std::vector<std::string>& id,
                        long long links) {
        const auto before = all();
        const auto gone = bin.remove({"public", table}, id, {}, {});
        CHECK(gone.item->group_size == 1);
        CHECK((all() != before));
        CHECK(bin.restore(gone.item->id, {}, {}).relinked == links);
        CHECK((all() == before));
    }

    TempDatabase database;
    schema::Pool pool;
    trash::Trash bin;
    schema::Lease lease;
};

}  // namespace

TEST_CASE("a reference of any action is set to null where the configuration says so") {
    // The statement had no columns to set: every delete of the parent was an internal error.
    for (const char* action : {"", "ON DELETE RESTRICT", "ON DELETE CASCADE", "ON DELETE SET NULL",
                               "ON DELETE SET DEFAULT", "DEFERRABLE",
                               "ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED", "MATCH FULL"}) {
        CAPTURE(action);
        Bench bench(std::string("CREATE TABLE b (id int PRIMARY KEY, p int DEFAULT 2 CONSTRAINT "
                                "null_p REFERENCES p ") +
                    action + "); INSERT INTO b VALUES (1, 1), (2, 1), (3, 2)");
        bench.bin.remove({"public", "p"}, {"2"}, {}, {});
        CHECK(bench.number("SELECT count(*) FROM b WHERE id = 3 AND p IS NULL") == 1);
        bench.there_and_back("p", {"1"}, 2);
        CHECK(bench.bin.impact({"public", "p"}, {"1"}, false).lines[1].action == "set-null");
        CHECK(bench.bin.impact({"public", "p"}, {"1"}, true).lines[1].action == "set-null");
    }
}

TEST_CASE("all columns of a reference are set to null, and others stay") {
    Bench bench(R"(
CREATE TABLE pair (a int, b int, PRIMARY KEY (b, a));
CREATE TABLE c (id int PRIMARY KEY, y int, x int, z int,
                CONSTRAINT null_pair FOREIGN KEY (x, y) REFERENCES pair (a, b));
INSERT INTO pair VALUES (1, 2), (2, 1);
INSERT INTO c VALUES (1, 2, 1, 5), (2, 1, 2, 5))");
    bench.there_and_back("pair", {"2", "1"}, 1);
    bench.bin.remove({"public", "pair"}, {"2", "1"}, {}, {});
    CHECK(bench.number(
              "SELECT count(*) FROM c WHERE id = 1 AND x IS NULL AND y IS NULL AND z = 5") == 1);
    CHECK(bench.number("SELECT count(*) FROM c WHERE id = 2 AND x = 2") == 1);
}

TEST_CASE("a reference to the own table is set to null") {
    Bench bench(R"(
CREATE TABLE tree (id int PRIMARY KEY, up int CONSTRAINT null_up REFERENCES tree ON DELETE CASCADE,
                   other int REFERENCES tree ON DELETE SET NULL);
INSERT INTO tree VALUES (1, 1, NULL), (2, 1, 1), (3, 2, 2), (4, 1, 3))");
    bench.there_and_back("tree", {"1"}, 3);
    bench.bin.remove({"public", "tree"}, {"1"}, {}, {});
    CHECK(bench.number("SELECT count(*) FROM tree WHERE up IS NULL AND other IS DISTINCT FROM 1") ==
          2);
    bench.there_and_back("tree", {"2"}, 2);
}

TEST_CASE("a list of columns to set stays the one that is set") {
    Bench bench(R"(
CREATE TABLE pair (a int, b int, PRIMARY KEY (a, b));
CREATE TABLE c (id int PRIMARY KEY, a int NOT NULL, b int, CONSTRAINT null_pair FOREIGN KEY (a, b)
                REFERENCES pair ON DELETE SET NULL (b));
CREATE TABLE d (id int PRIMARY KEY, a int NOT NULL, b int, CONSTRAINT null_all FOREIGN KEY (a, b)
                REFERENCES pair);
INSERT INTO pair VALUES (1, 2), (2, 1);
INSERT INTO c VALUES (1, 1, 2), (2, 2, 1);
INSERT INTO d VALUES (1, 2, 1))");
    bench.there_and_back("pair", {"1", "2"}, 1);
    bench.bin.remove({"public", "pair"}, {"1", "2"}, {}, {});
    CHECK(bench.number("SELECT count(*) FROM c WHERE id = 1 AND a = 1 AND b IS NULL") == 1);
    const auto impact = bench.bin.impact({"public", "pair"}, {"2", "1"}, false);
    REQUIRE(impact.blockers.size() == 1);
    CHECK(impact.blockers[0].reason == "configured: set-null, but the column a is NOT NULL");
}

TEST_CASE("references of partitioned tables are set to null, of all and of one partition") {
    Bench bench(R"(
CREATE TABLE whole (id int, p int CONSTRAINT null_whole REFERENCES p, PRIMARY KEY (id))
  PARTITION BY RANGE (id);
CREATE TABLE whole_1 PARTITION OF whole FOR VALUES FROM (0) TO (10);
CREATE TABLE whole_2 PARTITION OF whole FOR VALUES FROM (10) TO (20);
CREATE TABLE part (id int PRIMARY KEY, p int) PARTITION BY RANGE (id);
CREATE TABLE part_1 (p int, gone int, id int NOT NULL);
ALTER TABLE part_1 DROP gone;
ALTER TABLE part ATTACH PARTITION part_1 FOR VALUES FROM (0) TO (10);
CREATE TABLE part_2 PARTITION OF part FOR VALUES FROM (10) TO (20);
ALTER TABLE part_1 ADD CONSTRAINT null_part FOREIGN KEY (p) REFERENCES p (code);
INSERT INTO whole VALUES (1, 1), (11, 1), (12, 2);
INSERT INTO part VALUES (1, 10), (11, 10), (2, 20))");
    bench.there_and_back("p", {"1"}, 3);
}

TEST_CASE("what cannot be null refuses, and says why") {
    Bench bench(R"(
CREATE TABLE n (id int PRIMARY KEY, p int NOT NULL CONSTRAINT null_n REFERENCES p ON DELETE CASCADE);
CREATE TABLE g (id int PRIMARY KEY, p int GENERATED ALWAYS AS (id + 1) STORED
                CONSTRAINT null_g REFERENCES p);
INSERT INTO n VALUES (1, 1);
INSERT INTO g VALUES (1))");
    const auto before = bench.all();
    for (const char* id : {"1", "2"}) {
        CHECK_THROWS_AS(bench.bin.remove({"public", "p"}, {id}, {}, {}), trash::Blocked);
        CHECK((bench.all() == before));
        const auto gone = bench.bin.remove({"public", "p"}, {id}, {.cascade = true}, {});
        CHECK(gone.item->group_size == 2);
        bench.bin.restore(gone.item->id, {}, {});
        CHECK((bench.all() == before));
    }
    const auto catalog = bench.bin.catalog().get();
    std::vector<std::string> reasons;
    for (const auto* key : catalog->referrers(catalog->table({"public", "p"})->oid))
        reasons.push_back(
            cascade::effect_of(*catalog, {{key->oid, cascade::OnDelete::kSetNull}}, *key, false)
                .reason);
    CHECK(reasons ==
          std::vector<std::string>{"configured: set-null, but the column p is generated",
                                   "configured: set-null, but the column p is NOT NULL"});
}

TEST_CASE("a reference is not set back where the key of then names several rows") {
    // all of them got it, and notRelinked was -1
    Bench bench(
        "CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p ON DELETE SET NULL, u int NOT "
        "NULL); INSERT INTO c VALUES (10, 1, 7)");
    const auto item = bench.bin.remove({"public", "p"}, {"1"}, {}, {}).item->id;
    bench.lease.connection().exec("ALTER TABLE c DROP CONSTRAINT c_pkey, ADD PRIMARY KEY (u)");
    bench.lease.connection().exec("INSERT INTO c VALUES (10, NULL, 8)");
    const auto restored = bench.bin.restore(item, {}, {});
    CHECK(restored.relinked == 0);
    CHECK(restored.not_relinked == 1);
    CHECK(bench.number("SELECT count(*) FROM c WHERE p IS NULL") == 2);
}

TEST_CASE("a reference is set back by a key that is unique still") {
    Bench bench(
        "CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p ON DELETE SET NULL, u int NOT "
        "NULL); INSERT INTO c VALUES (10, 1, 7), (11, 1, 8)");
    const auto item = bench.bin.remove({"public", "p"}, {"1"}, {}, {}).item->id;
    bench.lease.connection().exec(
        "ALTER TABLE c DROP CONSTRAINT c_pkey, ADD PRIMARY KEY (u), ADD UNIQUE (id)");
    CHECK(bench.bin.restore(item, {}, {}).relinked == 2);
    CHECK(bench.number("SELECT count(*) FROM c WHERE p = 1") == 2);
}
