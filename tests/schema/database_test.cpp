#include "tests/support/database.hpp"

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "schema/error.hpp"
#include "schema/session/transaction.hpp"

using namespace trashd;
using namespace trashd::schema;
using namespace trashd::test;

namespace {

Code code_of(const std::function<void()>& work) {
    try {
        work();
    } catch (const Error& error) {
        return error.code();
    }
    FAIL("no error");
    return Code::kInternal;
}

}  // namespace

TEST_CASE("parameters and results keep NULL, empty and numbers apart") {
    const TempDatabase database;
    TestConnection connection(database.url());
    const auto result = connection->exec("SELECT $1::text, $2::text, $3::bigint, true",
                                         {std::nullopt, "", "9007199254740993"});
    CHECK(result.null(0, 0));
    CHECK(result.value(0, 1) == Param(""));
    CHECK(result.integer(0, 2) == 9007199254740993);
    CHECK(result.boolean(0, 3));
}

TEST_CASE("a parameter with U+0000 is refused, not cut short") {
    const TempDatabase database;
    TestConnection connection(database.url());
    const std::string zero("a\0b", 3);
    CHECK(code_of([&] { connection->exec("SELECT $1", {zero}); }) == Code::kInvalid);
}

TEST_CASE("a statement is prepared once for a connection") {
    const TempDatabase database;
    TestConnection connection(database.url());
    for (int i = 0; i < 3; ++i) {
        CHECK(connection->exec_prepared("SELECT $1::int + 1", {std::to_string(i)}).integer(0, 0) ==
              i + 1);
    }
    CHECK(connection.value("SELECT count(*) FROM pg_prepared_statements") == "1");
}

TEST_CASE("leaving the scope of a transaction rolls back") {
    const TempDatabase database("CREATE TABLE t (a int)");
    TestConnection connection(database.url());
    {
        Transaction transaction(connection.get(), Mode::kMove);
        CHECK(transaction.exec("INSERT INTO t VALUES (1), (2)").affected() == 2);
    }
    CHECK(connection.value("SELECT count(*) FROM t") == "0");
    Transaction transaction(connection.get(), Mode::kMove);
    transaction.exec("INSERT INTO t VALUES (1)");
    transaction.commit();
    CHECK(connection.value("SELECT count(*) FROM t") == "1");
}

TEST_CASE("work that rolls back ends without a commit and without an error") {
    const TempDatabase database("CREATE TABLE t (a int)");
    Pool pool(database.url(), 1);
    long long seen = 0;
    int runs = 0;
    schema::run(pool, Mode::kMove, [&](Transaction& transaction) {
        ++runs;
        transaction.exec("INSERT INTO t VALUES (1)");
        seen = transaction.exec("SELECT count(*) FROM t").integer(0, 0);
        transaction.connection().later({"INSERT INTO t VALUES (2)"});
        transaction.roll_back();
    });
    CHECK(seen == 1);
    CHECK(runs == 1);
    schema::run(pool, Mode::kMove, [&](Transaction& transaction) {  // on the same connection
        CHECK(transaction.exec("SELECT count(*) FROM t").integer(0, 0) == 0);
        transaction.exec("INSERT INTO t VALUES (3)");
    });
    CHECK(TestConnection(database.url()).value("SELECT min(a) FROM t") == "3");
}

TEST_CASE("a transaction fixes the settings that values are written under, and only for itself") {
    const TempDatabase database;
    TestConnection connection(database.url());
    connection->script("SET TimeZone = 'Asia/Tokyo'; SET DateStyle = 'German'");
    {
        Transaction transaction(connection.get(), Mode::kMove);
        CHECK(connection.value("SHOW TimeZone") == "UTC");
        CHECK(connection.value("SHOW row_security") == "off");
        CHECK(connection.value("SELECT '2024-02-01'::date") == "2024-02-01");
    }
    CHECK(connection.value("SHOW TimeZone") == "Asia/Tokyo");
}

TEST_CASE("a reading transaction cannot write") {
    const TempDatabase database("CREATE TABLE t (a int)");
    TestConnection connection(database.url());
    Transaction transaction(connection.get(), Mode::kRead);
    CHECK(code_of([&] { transaction.exec("INSERT INTO t VALUES (1)"); }) == Code::kUnavailable);
}

TEST_CASE("a deferred constraint fails at commit as a named error") {
    const TempDatabase database(
        "CREATE TABLE t (a int CONSTRAINT one UNIQUE DEFERRABLE INITIALLY DEFERRED)");
    TestConnection connection(database.url());
    Transaction transaction(connection.get(), Mode::kMove);
    transaction.exec("INSERT INTO t VALUES (1), (1)");
    try {
        transaction.commit();
        FAIL("committed");
    } catch (const Error& error) {
        CHECK(error.code() == Code::kConflict);
        CHECK(error.sql()->constraint == "one");
    }
}

TEST_CASE("committing a failed transaction is an error") {
    const TempDatabase database;
    TestConnection connection(database.url());
    Transaction transaction(connection.get(), Mode::kMove);
    CHECK_THROWS_AS(transaction.exec("SELECT 1/0"), Error);
    CHECK_THROWS_AS(transaction.commit(), Error);
}

TEST_CASE("a serialization failure is tried again with a fresh transaction") {
    const TempDatabase database;
    Pool pool(database.url(), 1);
    int runs = 0;
    run(pool, Mode::kMove, [&](Transaction& transaction) {
        if (++runs == 3) return;
        transaction.exec("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40001'; END $$");
    });
    CHECK(runs == 3);
}

TEST_CASE("other errors are not tried again, and tries are bounded") {
    const TempDatabase database;
    Pool pool(database.url(), 1);
    int runs = 0;
    const auto failing = [&](const char* state) {
        return [&runs, state](Transaction& transaction) {
            ++runs;
            transaction.exec(std::string("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '") +
                             state + "'; END $$");
        };
    };
    CHECK_THROWS_AS(run(pool, Mode::kMove, failing("23505")), Error);
    CHECK(runs == 1);
    CHECK_THROWS_AS(run(pool, Mode::kMove, failing("40P01"), 2), Error);
    CHECK(runs == 3);
}

TEST_CASE("a stream gives each row, and its connection survives a consumer that throws") {
    const TempDatabase database;
    TestConnection connection(database.url());
    long long sum = 0;
    connection->stream("SELECT generate_series(1, $1::int)", {"1000"},
                       [&](const Result& row) { sum += row.integer(0, 0); });
    CHECK(sum == 500500);
    CHECK_THROWS_AS(connection->stream("SELECT generate_series(1, 1000000)", {},
                                       [](const Result&) { throw std::runtime_error("enough"); }),
                    std::runtime_error);
    CHECK(connection.value("SELECT 1") == "1");
}

TEST_CASE("the pool says that it is exhausted when its wait is over") {
    const TempDatabase database;
    Pool pool(database.url(), 1, std::chrono::milliseconds(10));
    {
        auto lease = pool.lease();
        CHECK(code_of([&] { pool.lease(); }) == Code::kUnavailable);
    }
    CHECK(pool.lease().connection().exec("SELECT 1").integer(0, 0) == 1);
}

TEST_CASE("a connection that the server closed is opened again") {
    const TempDatabase database;
    Pool pool(database.url(), 1);
    const auto pid =
        pool.lease().connection().exec_prepared("SELECT pg_backend_pid()").integer(0, 0);
    TestConnection(database.url())
        ->exec("SELECT pg_terminate_backend($1, 5000)", {std::to_string(pid)});
    CHECK(pool.lease().connection().exec_prepared("SELECT pg_backend_pid()").integer(0, 0) != pid);
}

TEST_CASE(
    "a server process that ends behind the last statement of a pipeline is gone, not faulty") {
    // Was an internal error: all statements had answered, and the connection seemed whole.
    const TempDatabase database("CREATE PROCEDURE nothing(bool) LANGUAGE sql AS ''");
    Pool pool(database.url(), 1);
    CHECK(code_of([&] {
              run(pool, Mode::kMove, [](Transaction& transaction) {
                  transaction.exec("CALL nothing(pg_terminate_backend(pg_backend_pid()))");
                  transaction.exec("SELECT 1");
              });
          }) == Code::kUnavailable);
    CHECK(pool.lease().connection().exec("SELECT 1").integer(0, 0) == 1);
}

TEST_CASE("a lease gives its connection back without an open transaction") {
    const TempDatabase database;
    Pool pool(database.url(), 1);
    pool.lease().connection().script("BEGIN; CREATE TABLE left_open ()");
    CHECK(pool.lease().connection().exec("SELECT to_regclass('left_open') IS NULL").boolean(0, 0));
}

TEST_CASE("a database that is not there is unavailable") {
    Pool pool("host=/nonexistent dbname=none", 1);
    CHECK(code_of([&] { pool.lease(); }) == Code::kUnavailable);
    CHECK(code_of([&] { pool.lease(); }) == Code::kUnavailable);
}

TEST_CASE(
    "a server that takes the connection and says nothing is given up in the time of the URL") {
    const int silent = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(bind(silent, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(listen(silent, 1) == 0);
    REQUIRE(getsockname(silent, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    const auto port = std::to_string(ntohs(address.sin_port));
    Pool pool("host=127.0.0.1 connect_timeout=2 port=" + port, 1);
    CHECK(code_of([&] { pool.lease(); }) == Code::kUnavailable);
    close(silent);
}

TEST_CASE("a transaction of one statement is whole in one round trip, or nothing") {
    const TempDatabase database(
        "CREATE TABLE t (a int PRIMARY KEY, b int REFERENCES t DEFERRABLE INITIALLY DEFERRED)");
    Pool pool(database.url(), 1);
    const auto insert = [&](const char* a, const Param& b) {
        return run_one(pool, Mode::kMove,
                       {"INSERT INTO t VALUES ($1, $2) RETURNING a, current_setting('TimeZone'), "
                        "current_setting('row_security'), current_setting('lock_timeout')",
                        {a, b}});
    };
    const auto inserted = insert("1", {});
    CHECK(inserted.integer(0, 0) == 1);
    CHECK(inserted.text(0, 1) == "UTC");
    CHECK(inserted.text(0, 2) == "off");
    CHECK(inserted.text(0, 3) == "5s");
    CHECK(code_of([&] { insert("1", std::nullopt); }) == Code::kConflict);
    CHECK(code_of([&] { insert("2", "9"); }) == Code::kConflict);  // seen by its last statement
    CHECK(code_of([&] { insert("x", {}); }) == Code::kInvalid);
    CHECK(insert("2", "1").integer(0, 0) == 2);
    TestConnection connection(database.url());
    CHECK(connection.value("SELECT count(*) FROM t") == "2");
    CHECK(connection.value("SHOW row_security") == "on");
}

TEST_CASE("statements that go alone find their settings, whatever ran on the connection before") {
    const TempDatabase database("CREATE TABLE t (a int)");
    TestConnection connection(database.url());
    connection->script("ALTER DATABASE " + database.name() +
                       " SET default_transaction_isolation = 'serializable'; ALTER DATABASE " +
                       database.name() + " SET default_transaction_read_only = on");
    Pool pool(database.url(), 1);
    const auto alone = [&] {
        return std::string(run_alone(pool, {"WITH i AS (INSERT INTO t VALUES (1)) SELECT concat_ws("
                                            "' ', current_setting('bytea_output'), "
                                            "current_setting('row_security'), "
                                            "current_setting('transaction_isolation'))"})
                               .text(0, 0));
    };
    CHECK(alone() == "hex off read committed");
    CHECK(alone() == "hex off read committed");
    run(pool, Mode::kWrite, [](Transaction& transaction) {
        CHECK(transaction.exec("SHOW row_security").text(0, 0) == "on");
        transaction.exec("SET bytea_output = 'escape'");
        transaction.exec("SET row_security = on");
    });
    CHECK(alone() == "hex off read committed");
    run_one(pool, Mode::kMove, {"SET bytea_output = 'escape'"});
    CHECK(alone() == "hex off read committed");
    CHECK(connection.value("SELECT count(*) FROM t") == "4");
}

TEST_CASE("a statement that goes alone is whole or nothing, also when its commit fails") {
    const TempDatabase database(
        "CREATE TABLE t (a int PRIMARY KEY, b int REFERENCES t DEFERRABLE INITIALLY DEFERRED)");
    Pool pool(database.url(), 1);
    const auto insert = [&](const char* a, const Param& b) {
        return run_alone(pool, {"INSERT INTO t VALUES ($1, $2) RETURNING a", {a, b}}).integer(0, 0);
    };
    CHECK(code_of([&] { insert("2", "9"); }) == Code::kConflict);
    CHECK(insert("1", {}) == 1);
    CHECK(code_of([&] { insert("2", "9"); }) == Code::kConflict);
    CHECK(code_of([&] { insert("1", {}); }) == Code::kConflict);
    CHECK(insert("2", "1") == 2);
    CHECK(code_of([&] {
              run_alone(pool, {"SELECT pg_terminate_backend(pg_backend_pid()) FROM t LIMIT 1"});
          }) == Code::kUnavailable);
    CHECK(insert("3", "2") == 3);
    TestConnection connection(database.url());
    CHECK(connection.value("SELECT string_agg(a::text, ' ' ORDER BY a) FROM t") == "1 2 3");
}

TEST_CASE("a transaction of one statement whose connection is cut says that it may have happened") {
    const TempDatabase database("CREATE TABLE t (a int)");
    Pool pool(database.url(), 1);
    const auto cut = [&] {
        run_one(pool, Mode::kMove,
                {"SELECT pg_catalog.pg_terminate_backend(pg_catalog.pg_backend_pid())"});
    };
    try {
        cut();
        FAIL("no error");
    } catch (const Error& error) {
        CHECK(error.code() == Code::kUnavailable);
        CHECK(std::string(error.what()).find("the outcome is unknown") != std::string::npos);
    }
    CHECK(run_one(pool, Mode::kRead, {"SELECT 1"}).integer(0, 0) == 1);
}

TEST_CASE("a statement that cannot be sent leaves its connection as it was") {
    // BEGIN had been sent by then; only closing the connection kept the next one apart from it.
    const TempDatabase database("CREATE TABLE t (a text)");
    Pool pool(database.url(), 1);
    const auto insert = [&](const std::string& text) {
        return run_one(pool, Mode::kMove,
                       {"INSERT INTO t VALUES ($1) RETURNING a, pg_backend_pid()", {text}});
    };
    const auto before = insert("one");
    CHECK(code_of([&] { insert(std::string("a\0b", 3)); }) == Code::kInvalid);
    const auto after = insert("two");
    CHECK(after.text(0, 0) == "two");
    CHECK(after.integer(0, 1) == before.integer(0, 1));
    TestConnection connection(database.url());
    CHECK(connection.value("SELECT string_agg(a, ' ' ORDER BY a) FROM t") == "one two");
    CHECK(connection.value("SELECT count(*) FROM pg_stat_activity WHERE datname = "
                           "current_database() AND state LIKE 'idle in transaction%'") == "0");
}

TEST_CASE("a thousand statements prepared make way for those of a pipeline together") {
    const TempDatabase database;
    TestConnection connection(database.url());
    for (int i = 0; i < 1002; ++i) {
        const auto number = std::to_string(i);
        const auto results = connection->exec_pipeline({{"SELECT 7"}, {"SELECT " + number}});
        REQUIRE(results[0].integer(0, 0) == 7);
        REQUIRE(results[1].integer(0, 0) == i);
    }
}

// What failed before the transaction had begun left it unbegun: what came next was for good.
TEST_CASE("a transaction whose first statement is wrong has begun and failed all the same") {
    const TempDatabase database("CREATE TABLE t (a int)");
    TestConnection connection(database.url());
    Transaction transaction(connection.get(), Mode::kMove);
    CHECK_THROWS_AS(connection->exec_prepared("SELECT no_such_column FROM t"), Error);
    CHECK_THROWS_AS(connection->exec("INSERT INTO t VALUES (1)"), Error);
    CHECK_THROWS_AS(transaction.commit(), Error);
}

TEST_CASE("a parameter that cannot be sent leaves a transaction as it was") {
    const TempDatabase database("CREATE TABLE t (a text)");
    TestConnection connection(database.url());
    {
        Transaction transaction(connection.get(), Mode::kMove);
        CHECK_THROWS_AS(connection->exec("INSERT INTO t VALUES ($1)", {std::string("\0", 1)}),
                        Error);
        connection->exec("INSERT INTO t VALUES ('x')");
    }
    CHECK(connection.value("SELECT count(*) FROM t") == "0");
}

TEST_CASE("what waits goes before the next statement, which throws for it") {
    const TempDatabase database("CREATE TABLE t (a int CHECK (a > 0))");
    TestConnection connection(database.url());
    connection->later({"INSERT INTO t VALUES ($1::int)", {"1"}});
    connection->later({"INSERT INTO t VALUES ($1::int)", {"2"}});
    CHECK(connection.value("SELECT sum(a) FROM t") == "3");
    connection->later({"INSERT INTO t VALUES ($1::int)", {"-1"}});
    CHECK_THROWS_AS(connection->script("INSERT INTO t VALUES (4)"), Error);
    connection->later({"INSERT INTO t VALUES (5)"});
    connection->drop_waiting();
    CHECK(connection.value("SELECT sum(a) FROM t") == "3");
}

TEST_CASE("what was to be prepared behind a failure is prepared the next time") {
    const TempDatabase database;
    TestConnection connection(database.url());
    CHECK_THROWS_AS(connection->exec_pipeline({{"SELECT 1 / 0"}, {"SELECT 7"}}), Error);
    CHECK(connection->exec_pipeline({{"SELECT 7"}, {"SELECT 8"}})[0].integer(0, 0) == 7);
    CHECK(connection->exec_prepared("SELECT 7").integer(0, 0) == 7);
}
