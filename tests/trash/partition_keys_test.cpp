// Foreign keys that are declared on single partitions, or refer to them: what goes, what is told,
// and what it costs.
#include <doctest/doctest.h>

#include "cascade/functions.hpp"
#include "cascade/plan.hpp"
#include "schema/catalog/catalog.hpp"
#include "schema/catalog/reader.hpp"
#include "tests/support/database.hpp"
#include "trash/model/actor.hpp"
#include "trash/model/errors.hpp"
#include "trash/model/options.hpp"
#include "trash/store/own_statements.hpp"
#include "trash/trash.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

struct Bench {
    explicit Bench(const std::string& script)
        : database(script), pool(database.url(), 2), bin(pool), lease(pool.lease()) {}
    std::string all() { return copy_of_all_tables(lease.connection()); }
    long long number(const std::string& sql) { return lease.connection().exec(sql).integer(0, 0); }
    trash::Restored there_and_back(const std::string& table, const std::vector<std::string>& id,
                                   long long size, bool cascade = false) {
        CAPTURE(table);
        CAPTURE(id.front());
        const auto before = all();
        const auto gone = bin.remove({"public", table}, id, {.cascade = cascade}, {});
        CHECK(gone.item->group_size == size);
        CHECK((all() != before));
        auto restored = bin.restore(gone.item->id, {}, {});
        CHECK((all() == before));
        return restored;
    }
    std::vector<trash::Blocker> blockers(const std::string& table, const std::string& id) {
        const auto before = all();
        try {
            bin.remove({"public", table}, {id}, {}, {});
        } catch (const trash::Blocked& blocked) {
            CHECK((all() == before));
            return blocked.impact.blockers;
        }
        FAIL("nothing refused");
        return {};
    }

    TempDatabase database;
    schema::Pool pool;
    trash::Trash bin;
    schema::Lease lease;
};

// Buyers and hires, and payments in partitions of ten, of which the first `keyed` have keys.
std::string paid(int partitions, int keyed) {
    std::string sql =
        "CREATE TABLE buyer (id int PRIMARY KEY);"
        "CREATE TABLE hire (id int PRIMARY KEY, buyer int REFERENCES buyer);"
        "CREATE TABLE paid (id int, at int, buyer int, hire int, PRIMARY KEY (id, at))"
        " PARTITION BY RANGE (at);";
    for (int i = 0; i < partitions; ++i) {
        const auto name = "paid_" + std::to_string(i);
        sql += "CREATE TABLE " + name + " PARTITION OF paid FOR VALUES FROM (" +
               std::to_string(i * 10) + ") TO (" + std::to_string(i * 10 + 10) + ");";
        if (i < keyed)
            sql += "ALTER TABLE " + name +
                   " ADD FOREIGN KEY (buyer) REFERENCES buyer, ADD FOREIGN KEY (hire) REFERENCES "
                   "hire;";
    }
    return sql +
           "CREATE INDEX ON paid (buyer); CREATE INDEX ON paid (hire);"
           "INSERT INTO buyer VALUES (1), (2); INSERT INTO hire VALUES (1, 1), (2, 2);"
           "INSERT INTO paid SELECT i, i % " +
           std::to_string(partitions) + " * 10, 1 + i % 2, 1 FROM generate_series(1, 12) i;";
}

std::size_t size_of_function(int keyed) {
    TempDatabase database(paid(keyed, keyed));
    schema::Pool pool(database.url(), 1);
    const auto catalog = schema::read_catalog(pool.lease().connection(), "trashd");
    const auto plan = cascade::make_plan(*catalog, *catalog->table({"public", "buyer"}), {}, true);
    const cascade::Names names{
        trash::own_statements(), "trashd", std::vector<int>(plan.nodes.size(), 1), {}, ""};
    return cascade::move_function_sql(*catalog, plan, names, "f").size();
}

}  // namespace

TEST_CASE("keys of partitions bind the rows of these only") {
    Bench bench(paid(6, 3) + "UPDATE paid SET buyer = 77 WHERE at = 40");
    bench.there_and_back("buyer", {"1"}, 8, true);
    bench.there_and_back("buyer", {"2"}, 4, true);
    bench.there_and_back("hire", {"1"}, 7, true);
    // what no key binds stays, with a reference to nothing
    bench.bin.remove({"public", "buyer"}, {"1"}, {.cascade = true}, {});
    CHECK(bench.number("SELECT count(*) FROM paid WHERE at >= 30") == 6);
    CHECK(bench.number("SELECT count(*) FROM paid WHERE at < 30") == 0);
}

TEST_CASE(
    "the function of a delete grows with the partitions that have keys, not with their square") {
    // 20 partitions with two keys each made every delete take 2 s.
    const auto few = size_of_function(4), many = size_of_function(32);
    CHECK(many < few + 28 * 400);
}

TEST_CASE("every key that refuses is named, with the rows that it binds") {
    Bench bench(paid(6, 3));
    const auto found = bench.blockers("buyer", "1");
    REQUIRE(found.size() == 3);
    CHECK(found[0].constraint == "hire_buyer_fkey");
    CHECK(found[0].count == 1);
    CHECK(found[1].constraint == "paid_0_buyer_fkey");
    CHECK((found[1].count == 2 && found[1].ids == std::vector<std::string>{"12,0", "6,0"}));
    CHECK(found[2].constraint == "paid_2_buyer_fkey");
    const auto impact = bench.bin.impact({"public", "buyer"}, {"2"}, false);
    REQUIRE(impact.blockers.size() == 2);
    CHECK((impact.blockers[1].constraint == "paid_1_buyer_fkey" && impact.blockers[1].count == 2));
}

TEST_CASE("partitions differ in what they do, in the order of their columns, and have parts") {
    Bench bench(R"(
CREATE TABLE a (id int PRIMARY KEY, x int, y int, UNIQUE (x, y));
CREATE TABLE b (id int PRIMARY KEY, a int DEFAULT 3, x int, y int) PARTITION BY RANGE (id);
CREATE TABLE b_cascade PARTITION OF b FOR VALUES FROM (0) TO (10);
CREATE TABLE b_null (gone text, y int, a int DEFAULT 3, id int NOT NULL, x int);
ALTER TABLE b_null DROP gone;
ALTER TABLE b ATTACH PARTITION b_null FOR VALUES FROM (10) TO (20);
CREATE TABLE b_default PARTITION OF b FOR VALUES FROM (20) TO (30);
CREATE TABLE b_deep PARTITION OF b FOR VALUES FROM (30) TO (40) PARTITION BY RANGE (id);
CREATE TABLE b_deep_1 (x int, y int, gone text, id int NOT NULL, a int DEFAULT 3);
ALTER TABLE b_deep_1 DROP gone;
ALTER TABLE b_deep ATTACH PARTITION b_deep_1 FOR VALUES FROM (30) TO (35);
CREATE TABLE b_deep_2 PARTITION OF b_deep FOR VALUES FROM (35) TO (40);
CREATE TABLE b_free PARTITION OF b DEFAULT;
ALTER TABLE b_cascade ADD FOREIGN KEY (a) REFERENCES a ON DELETE CASCADE;
ALTER TABLE b_null ADD FOREIGN KEY (a) REFERENCES a ON DELETE SET NULL;
ALTER TABLE b_null ADD FOREIGN KEY (y, x) REFERENCES a (y, x) ON DELETE SET NULL (y);
ALTER TABLE b_default ADD FOREIGN KEY (a) REFERENCES a ON DELETE SET DEFAULT;
ALTER TABLE b_deep ADD FOREIGN KEY (a) REFERENCES a ON DELETE CASCADE;
ALTER TABLE b_deep_1 ADD FOREIGN KEY (x, y) REFERENCES a (x, y) ON DELETE CASCADE;
CREATE TABLE c (b int REFERENCES b ON DELETE CASCADE, n int);
INSERT INTO a VALUES (1, 1, 1), (2, 2, 2), (3, 3, 3);
INSERT INTO b VALUES (1, 1), (2, 2), (10, 1), (11, 2), (20, 1), (21, 2), (30, 1), (32, 2), (35, 1),
  (36, 2), (100, 1);
INSERT INTO b VALUES (12, 1, 1, 1), (13, 2, 1, 1), (31, 2, 1, 1);
INSERT INTO c SELECT id, id FROM b WHERE a = 1;)");
    const auto restored = bench.there_and_back("a", {"1"}, 8);
    CHECK(restored.relinked == 5);
    bench.there_and_back("a", {"1"}, 8, true);
    bench.bin.remove({"public", "a"}, {"1"}, {}, {});
    CHECK(bench.number("SELECT count(*) FROM b WHERE id IN (10, 12) AND a IS NULL") == 2);
    CHECK(bench.number("SELECT count(*) FROM b WHERE id = 13 AND y IS NULL AND x = 1") == 1);
    CHECK(bench.number("SELECT a FROM b WHERE id = 20") == 3);
    CHECK(bench.number("SELECT a FROM b WHERE id = 100") == 1);
}

TEST_CASE("keys stand on the whole table and on partitions of it") {
    for (const char* whole : {"NO ACTION", "CASCADE"}) {
        CAPTURE(whole);
        Bench bench(std::string(R"(
CREATE TABLE a (id int PRIMARY KEY);
CREATE TABLE b (id int PRIMARY KEY, a int) PARTITION BY RANGE (id);
CREATE TABLE b_1 PARTITION OF b FOR VALUES FROM (0) TO (10);
CREATE TABLE b_2 PARTITION OF b FOR VALUES FROM (10) TO (20);
ALTER TABLE b_1 ADD CONSTRAINT one FOREIGN KEY (a) REFERENCES a ON DELETE CASCADE;
ALTER TABLE b_2 ADD CONSTRAINT two FOREIGN KEY (a) REFERENCES a ON DELETE CASCADE;
ALTER TABLE b ADD CONSTRAINT every FOREIGN KEY (a) REFERENCES a ON DELETE )") +
                    whole + "; INSERT INTO a VALUES (1), (2);" +
                    "INSERT INTO b VALUES (1, 1), (2, 2), (11, 1), (12, 1)");
        bench.there_and_back("a", {"1"}, 4);
        bench.there_and_back("a", {"2"}, 2, true);
    }
}

TEST_CASE("a key to a single partition means its rows, not those of the same key beside it") {
    // Every delete from the partitioned table was refused.
    Bench bench(R"(
CREATE TABLE a (id int, at int) PARTITION BY RANGE (at);
CREATE TABLE a_1 PARTITION OF a FOR VALUES FROM (0) TO (10);
CREATE TABLE a_2 PARTITION OF a FOR VALUES FROM (10) TO (20);
ALTER TABLE a ADD PRIMARY KEY (id, at);
ALTER TABLE a_1 ADD UNIQUE (id);
ALTER TABLE a_2 ADD UNIQUE (id);
CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a_1 (id) ON DELETE CASCADE);
CREATE TABLE d (id int PRIMARY KEY, a int REFERENCES a_2 (id) ON DELETE SET NULL);
CREATE INDEX ON b (a);
CREATE TABLE e (id int, at int, a int) PARTITION BY RANGE (at);
CREATE TABLE e_1 PARTITION OF e FOR VALUES FROM (0) TO (10);
CREATE TABLE e_2 PARTITION OF e FOR VALUES FROM (10) TO (20);
ALTER TABLE e_1 ADD FOREIGN KEY (a) REFERENCES a_1 (id) ON DELETE CASCADE;
ALTER TABLE e_2 ADD FOREIGN KEY (a) REFERENCES a_2 (id) ON DELETE CASCADE;
INSERT INTO a VALUES (1, 1), (1, 11), (2, 2), (2, 12);
INSERT INTO b VALUES (1, 1), (2, 2), (3, 1);
INSERT INTO d VALUES (1, 1), (2, 2);
INSERT INTO e VALUES (1, 1, 1), (2, 2, 1), (3, 11, 1), (4, 12, 2);)");
    CHECK(bench.there_and_back("a", {"1", "1"}, 5).relinked == 0);
    CHECK(bench.there_and_back("a", {"1", "11"}, 2).relinked == 1);
    CHECK(bench.there_and_back("a", {"2", "12"}, 2, true).relinked == 1);
    CHECK(bench.bin.impact({"public", "a"}, {"1", "1"}, false).total == 5);
}

TEST_CASE("a tree whose partitions have the key to their own parents") {
    Bench bench(R"(
CREATE TABLE a (id int PRIMARY KEY, up int) PARTITION BY RANGE (id);
CREATE TABLE a_1 PARTITION OF a FOR VALUES FROM (0) TO (10);
CREATE TABLE a_2 PARTITION OF a FOR VALUES FROM (10) TO (20);
ALTER TABLE a_1 ADD FOREIGN KEY (up) REFERENCES a ON DELETE CASCADE;
ALTER TABLE a_2 ADD FOREIGN KEY (up) REFERENCES a_1 ON DELETE CASCADE;
INSERT INTO a VALUES (1, NULL), (2, 1), (3, 2), (11, 2), (12, 3), (13, NULL), (4, 13);)");
    bench.there_and_back("a", {"1"}, 5);
    bench.there_and_back("a", {"13"}, 2);
    bench.there_and_back("a", {"12"}, 1);
}

TEST_CASE("a partition that comes later has its rows taken too") {
    Bench bench(paid(3, 2));
    bench.there_and_back("buyer", {"1"}, 10, true);
    bench.lease.connection().script(
        "CREATE TABLE paid_9 PARTITION OF paid FOR VALUES FROM (90) TO (100);"
        "ALTER TABLE paid_9 ADD FOREIGN KEY (buyer) REFERENCES buyer ON DELETE CASCADE;"
        "INSERT INTO paid VALUES (99, 95, 1, NULL)");
    bench.there_and_back("buyer", {"1"}, 11, true);
}
