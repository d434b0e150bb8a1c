// PgBouncer in transaction mode between: each transaction may run in another backend.
#include <doctest/doctest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <vector>

#include "schema/error.hpp"
#include "schema/session/transaction.hpp"
#include "tests/support/database.hpp"
#include "tests/support/pooler.hpp"

using namespace trashd;
using namespace trashd::schema;
using namespace trashd::test;

namespace {

const char* kPrepared = "SELECT count(*) FROM pg_prepared_statements";

Pool pool_of(const std::string& url, Pooler pooler, int size = 1) {
    return Pool(url, size, std::chrono::seconds(5), {.pooler = pooler});
}

struct Bench {
    TempDatabase database{"CREATE TABLE t (a int)"};
    std::string pooled = TestPooler::get().url(database.name());
};

// Of this statement, where it is prepared.
const char* kOwnName = "SELECT name FROM pg_prepared_statements ORDER BY prepare_time DESC LIMIT 1";

std::string own_name(const std::string& url) {
    return TestConnection(url)->exec_prepared(kOwnName).value(0, 0).value_or("");
}

}  // namespace

TEST_CASE("tells its name" * doctest::skip()) {
    std::puts(own_name(std::getenv("TRASHD_TEST_URL")).c_str());
}

TEST_CASE("what is prepared is not called like what another process prepares") {
    // Behind a pooler that forgets nothing a second process found the names taken.
    const TempDatabase database;
    const auto self = std::filesystem::read_symlink("/proc/self/exe").string();
    setenv("TRASHD_TEST_URL", direct(database.url()).c_str(), 1);
    std::string said;
    std::array<char, 4096> piece;
    FILE* other = popen((self + " --no-skip --test-case='tells its name'").c_str(), "r");
    REQUIRE(other != nullptr);
    while (const auto got = fread(piece.data(), 1, piece.size(), other))
        said.append(piece.data(), got);
    CHECK(pclose(other) == 0);
    const auto theirs = said.substr(said.find("trashd_"),
                                    said.find('\n', said.find("trashd_")) - said.find("trashd_"));
    const auto stem = [](const std::string& name) { return name.substr(0, name.find('_', 7)); };
    CHECK(theirs.size() > 30);
    CHECK(stem(own_name(database.url())) != stem(theirs));
    CHECK(own_name(database.url()) != own_name(database.url()));
}

TEST_CASE("a pooler is noticed: nothing is prepared behind it, and everything without one") {
    const Bench bench;
    for (const auto& url : {direct(bench.pooled), bench.pooled}) {
        Pool pool(url, 1);
        auto lease = pool.lease();
        auto& connection = lease.connection();
        CHECK(connection.prepares() == (url != bench.pooled));
        CHECK(connection.exec_prepared("SELECT $1::int + 1", {"6"}).integer(0, 0) == 7);
        CHECK(connection.exec_pipeline({{"SELECT 1"}, {"SELECT $1::int", {"2"}}})[1].integer(
                  0, 0) == 2);
        CHECK(connection.exec(kPrepared).integer(0, 0) == (url == bench.pooled ? 0 : 3));
    }
}

TEST_CASE("a pooler that hides is believed in when the configuration names it") {
    const Bench bench;
    auto pool = pool_of(direct(bench.pooled), Pooler::kTransaction);
    CHECK(run_one(pool, Mode::kMove, {"INSERT INTO t VALUES ($1) RETURNING a", {"5"}})
              .integer(0, 0) == 5);
    CHECK(pool.lease().connection().exec_prepared(kPrepared).integer(0, 0) == 0);
}

TEST_CASE("statements prepared where no session stays are an error that names the key") {
    const Bench bench;
    auto pool = pool_of(bench.pooled, Pooler::kSession);
    auto lease = pool.lease();
    auto& connection = lease.connection();
    CHECK(connection.exec_prepared("SELECT 7").integer(0, 0) == 7);
    auto others = pool_of(bench.pooled, Pooler::kAuto);
    auto other = others.lease();
    Transaction keeps_the_backend(other.connection(), Mode::kRead);
    keeps_the_backend.exec("SELECT 1");
    try {
        connection.exec_prepared("SELECT 7");
        FAIL("no error");
    } catch (const Error& error) {
        CHECK(error.is("26000"));
        CHECK(std::string(error.what()).find("set pooler = \"transaction\"") != std::string::npos);
    }
}

TEST_CASE("ten connections share three backends, and none sees the settings of another") {
    const Bench bench;
    Pool pool(bench.pooled, 10, std::chrono::seconds(5), {.name = "somebody"});
    std::vector<Lease> leases;
    for (int i = 0; i < 10; ++i) leases.push_back(pool.lease());
    std::set<long long> backends;
    for (auto& lease : leases) {
        Transaction transaction(lease.connection(), Mode::kMove, pool.limits());
        CHECK(transaction.exec("SHOW application_name").text(0, 0) == "somebody");
        backends.insert(transaction.exec("SELECT pg_backend_pid()").integer(0, 0));
        transaction.commit();
    }
    CHECK(backends.size() <= 3);
    for (auto& lease : leases) {
        CHECK(lease.connection()
                  .exec("SELECT current_setting('row_security') || current_setting("
                        "'lock_timeout') || current_setting('application_name')")
                  .text(0, 0) == "on0trashd");
    }
}

TEST_CASE("a backend that goes away behind a pooler fails the transaction that ran, no other") {
    const Bench bench;
    Pool pool(bench.pooled, 1);
    for (int i = 0; i < 5; ++i) {
        CHECK_THROWS_AS(run_one(pool, Mode::kMove,
                                {"SELECT pg_catalog.pg_terminate_backend("
                                 "pg_catalog.pg_backend_pid())"}),
                        Error);
        CHECK(run_one(pool, Mode::kRead, {"SELECT $1::int", {"3"}}).integer(0, 0) == 3);
    }
}
