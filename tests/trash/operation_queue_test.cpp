// Whose operation is next.
#include <doctest/doctest.h>

#include "tests/support/database.hpp"
#include "trash/model/errors.hpp"
#include "trash/records/operations.hpp"
#include "trash/setup/migrate.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

struct Bench {
    TempDatabase database;
    schema::Pool pool{database.url(), 4};
    trash::Operations queue{pool, "trashd"};

    Bench() { trash::migrate(pool.lease().connection(), "trashd"); }
    void add(const std::string& by, long long most = 0) {
        queue.add({"delete", by, "{}", {}, {}, most});
    }
    // Who had each turn until nothing was left.
    std::string run_all() {
        std::string turns;
        while (auto claim = queue.claim(pool)) {
            turns += claim->operation().by;
            claim->end("{}");
        }
        return turns;
    }
};

}  // namespace

TEST_CASE("who queues many operations does not keep the others waiting") {
    // The oldest ran first, so a thousand of one client went before the only one of another.
    Bench bench;
    for (const char* by : {"a", "a", "a", "a", "b", "c", "b"}) bench.add(by);
    CHECK(bench.run_all() == "abcabaa");
    for (const char* by : {"a", "a", "b"}) bench.add(by);
    CHECK(bench.run_all() == "aba");
}

TEST_CASE("an operation that another process runs is passed by, whoever's turn it is") {
    Bench bench;
    for (const char* by : {"a", "b", "a"}) bench.add(by);
    const auto held = bench.queue.claim(bench.pool);
    REQUIRE(held);
    trash::Operations other(bench.pool, "trashd");
    const auto next = other.claim(bench.pool);
    REQUIRE(next);
    CHECK(next->operation().by == "b");
}

TEST_CASE("no more operations of one principal wait than may") {
    Bench bench;
    bench.add("a", 1);
    CHECK_THROWS_AS(bench.add("a", 1), trash::TooManyOperations);
    bench.add("b", 1);
    CHECK(bench.run_all() == "ab");
    bench.add("a", 1);
}

TEST_CASE("what ended is forgotten after its time; what waits or has just ended is not") {
    Bench bench;
    for (const char* by : {"a", "b"}) bench.add(by);
    bench.run_all();
    bench.add("c");
    TestConnection sql(bench.database.url());
    sql->script(
        "UPDATE trashd.operation SET ended_at = now() - interval '3 hours' WHERE by = 'a';"
        "UPDATE trashd.operation SET created_at = now() - interval '3 hours' WHERE by = 'c'");
    CHECK(trash::forget_operations(bench.pool, "trashd", 2) == 1);
    CHECK(sql.value("SELECT string_agg(by, '' ORDER BY by) FROM trashd.operation") == "bc");
}
