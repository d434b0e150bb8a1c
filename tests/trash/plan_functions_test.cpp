// The functions that plans leave in the trash schema: none outlives what it was made for.
#include <doctest/doctest.h>

#include "tests/support/database.hpp"
#include "trash/model/actor.hpp"
#include "trash/model/errors.hpp"
#include "trash/model/options.hpp"
#include "trash/model/restored.hpp"
#include "trash/trash.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

struct Bench {
    Bench()
        : database(R"(
CREATE TABLE p (id int PRIMARY KEY, up int REFERENCES p ON DELETE CASCADE, v text);
CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p ON DELETE CASCADE);
INSERT INTO p VALUES (1, NULL, 'x'), (2, 1, 'y');
INSERT INTO c VALUES (1, 2);)"),
          pool(database.url(), 2),
          bin(pool),
          lease(pool.lease()) {}
    long long functions() {
        return lease.connection()
            .exec(
                "SELECT count(*) FROM pg_proc WHERE pronamespace = 'trashd'::regnamespace AND "
                "proname ~ '^(move|impact|owners)_'")
            .integer(0, 0);
    }
    void script(const std::string& sql) { lease.connection().script(sql); }
    static void there_and_back(trash::Trash& bin, const std::string& table, long long size) {
        const auto gone = bin.remove({"public", table}, {"1"}, {}, {});
        CHECK(gone.item->group_size == size);
        CHECK(bin.restore(gone.item->id, {}, {}).restored == size);
    }

    TempDatabase database;
    schema::Pool pool;
    trash::Trash bin;
    schema::Lease lease;
};

}  // namespace

TEST_CASE_FIXTURE(Bench, "each change of a table leaves the functions of its newest plan alone") {
    // 30 changes left 66 functions, for ever.
    there_and_back(bin, "c", 1);
    there_and_back(bin, "p", 3);
    const auto first = functions();
    CHECK(first == 5);
    for (int i = 1; i <= 5; ++i) {
        script("ALTER TABLE p ALTER v SET STATISTICS " + std::to_string(i));
        there_and_back(bin, "p", 3);
        CHECK(functions() == first);
    }
}

TEST_CASE_FIXTURE(Bench, "each change of a type leaves the functions of its newest plan alone") {
    // What is seen at the type alone left the functions of the plans before.
    script("CREATE TYPE mood AS ENUM ('sad'); ALTER TABLE p ADD m mood");
    there_and_back(bin, "p", 3);
    const auto first = functions();
    for (int i = 1; i <= 3; ++i) {
        script("ALTER TYPE mood ADD VALUE 'm" + std::to_string(i) + "'");
        script("ALTER TYPE mood RENAME VALUE 'm" + std::to_string(i) + "' TO 'n" +
               std::to_string(i) + "'");
        there_and_back(bin, "p", 3);
        CHECK(functions() == first);
    }
}

TEST_CASE_FIXTURE(Bench, "an instance that starts later drops what earlier ones left") {
    there_and_back(bin, "c", 1);
    there_and_back(bin, "p", 3);
    script("DROP TABLE c");
    trash::Trash later(pool);
    there_and_back(later, "p", 2);
    CHECK(functions() == 3);
}

TEST_CASE_FIXTURE(Bench, "an instance whose function another one dropped makes a new plan") {
    trash::Trash other(pool);
    for (int i = 1; i <= 3; ++i) {
        there_and_back(bin, "p", 3);
        script("ALTER TABLE c ALTER id SET STATISTICS " + std::to_string(i));
        there_and_back(other, "p", 3);
        there_and_back(bin, "p", 3);
    }
    CHECK(functions() == 3);
}

TEST_CASE_FIXTURE(Bench,
                  "a purge goes on where its function is gone, and counts what it must not take") {
    const auto gone = bin.remove({"public", "p"}, {"1"}, {}, {}).item->id;
    trash::PurgeOptions options;
    options.expect = 2;
    CHECK_THROWS_AS(bin.purge(gone, {}, options), trash::UnexpectedCount);
    options = {};
    options.most = 2;
    CHECK_THROWS_AS(bin.purge(gone, {}, options), trash::TooLarge);
    script(R"(DO $$ DECLARE f regprocedure; BEGIN
  FOR f IN SELECT oid FROM pg_proc WHERE pronamespace = 'trashd'::regnamespace AND
    proname ~ '^purge_' LOOP EXECUTE 'DROP FUNCTION ' || f; END LOOP; END $$)");
    trash::Actor me;
    me.by = "me";
    const auto purged = bin.purge(gone, me, {});
    CHECK(purged.rows == 3);
    CHECK(lease.connection()
              .exec("SELECT count(*) FROM trashd.ledger WHERE action = 'purged' AND by = 'me' AND "
                    "counts = '{\"public.p\": 2, \"public.c\": 1}'")
              .integer(0, 0) == 1);
    CHECK_THROWS_AS(bin.purge(gone, {}, {}), trash::GoneError);
    CHECK(lease.connection().exec("SELECT count(*) FROM trashd.item").integer(0, 0) == 0);
}
