#include <fmt/format.h>
#include <libpq-fe.h>

#include <algorithm>
#include <random>
#include <thread>

#include "schema/database.hpp"
#include "schema/identifier.hpp"

namespace trashd::schema {
namespace {

std::string begin(Mode mode) {
    return mode == Mode::kRead ? "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
                               : "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
}

std::string set(const std::string& name, const std::string& value) {
    return fmt::format(", pg_catalog.set_config('{}', {}, true)", name, literal(value));
}

// Values are written and read under these. The search path stays: the users' triggers need theirs.
std::string settings(Mode mode, const Limits& limits) {
    auto text = "SELECT pg_catalog.set_config('DateStyle', 'ISO, YMD', true)" +
                set("IntervalStyle", "postgres") + set("extra_float_digits", "1") +
                set("TimeZone", "UTC") + set("bytea_output", "hex") + set("lc_monetary", "C") +
                set("xmloption", "content") + set("jit", "off") +
                set("lock_timeout", std::to_string(limits.lock_timeout.count())) +
                set("statement_timeout", std::to_string(limits.statement_timeout.count()));
    if (mode == Mode::kMove)
        text += set("row_security", "off") + set("plan_cache_mode", "force_generic_plan");
    if (!limits.name.empty())
        text +=
            set("client_connection_check_interval", "1000") + set("application_name", limits.name);
    return text;
}

constexpr const char* kEnd = "SET CONSTRAINTS ALL IMMEDIATE";
constexpr const char* kUnknownOutcome =
    "the connection was lost during COMMIT and the outcome is unknown; look the change up before "
    "trying again";

void roll_back(Connection& connection) {
    connection.drop_waiting();
    if (connection.broken() || PQtransactionStatus(connection.native()) == PQTRANS_IDLE) return;
    PQclear(PQexec(connection.native(), "ROLLBACK"));
}

// A pooler that loses the server says so before it closes the connection, which then looks whole.
bool lost(const Connection& connection, const Error& error) {
    const std::string state = error.sql() ? error.sql()->sqlstate : "";
    return connection.broken() || state.starts_with("08") || state.starts_with("57P0");
}

bool may_try_again(const Error& error) {
    return error.is("40001") || error.is("40P01");
}

void back_off(int attempt) {
    thread_local std::minstd_rand random{std::random_device{}()};
    std::uniform_int_distribution<int> milliseconds(1, 5 << std::min(attempt, 6));
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds(random)));
}

void run_once(Pool& pool, Mode mode, const std::function<void(Transaction&)>& work) {
    auto lease = pool.lease();
    Transaction transaction(lease.connection(), mode, pool.limits());
    work(transaction);
    transaction.commit();
}

}  // namespace

Transaction::Transaction(Connection& connection, Mode mode, const Limits& limits)
    : connection_(connection) {
    connection_.later({begin(mode)});
    connection_.later({settings(mode, limits)});
}

Transaction::~Transaction() {
    if (open_) roll_back(connection_);
}

void Transaction::commit() {
    try {
        const auto results = connection_.exec_pipeline({{kEnd}, {"COMMIT"}});
        open_ = false;
        if (results[1].tag() != "COMMIT") {
            throw Error(Code::kInternal, "the transaction had failed and was rolled back");
        }
    } catch (const Error& error) {
        if (!lost(connection_, error)) throw;
        open_ = false;
        throw Error(Code::kUnavailable, kUnknownOutcome);
    }
}

namespace {

Result run_in_one_trip(Pool& pool, Mode mode, const Connection::Statement& statement) {
    auto lease = pool.lease();
    auto& connection = lease.connection();
    try {
        const auto results = connection.exec_pipeline(
            {{begin(mode)}, {settings(mode, pool.limits())}, statement, {kEnd}, {"COMMIT"}});
        if (results[4].tag() != "COMMIT")
            throw Error(Code::kInternal, "the transaction had failed and was rolled back");
        return results[2];
    } catch (const Error& error) {
        if (lost(connection, error)) throw Error(Code::kUnavailable, kUnknownOutcome);
        roll_back(connection);
        throw;
    }
}

template <typename Work>
auto again(Work work, int tries) {
    for (int attempt = 1;; ++attempt) {
        try {
            return work();
        } catch (const Error& error) {
            if (attempt >= tries || !may_try_again(error)) throw;
        }
        back_off(attempt);
    }
}

}  // namespace

void run(Pool& pool, Mode mode, const std::function<void(Transaction&)>& work, int tries) {
    again([&] { run_once(pool, mode, work); }, tries);
}

Result run_one(Pool& pool, Mode mode, const Connection::Statement& statement, int tries) {
    return again([&] { return run_in_one_trip(pool, mode, statement); }, tries);
}

}  // namespace trashd::schema
