#include <fmt/format.h>
#include <libpq-fe.h>

#include <algorithm>
#include <random>
#include <thread>

#include "schema/database.hpp"
#include "schema/identifier.hpp"

namespace trashd::schema {
namespace {

// Values are written and read under these. The search path stays: the users' triggers need theirs.
constexpr std::string_view kSettings =
    "SET LOCAL DateStyle = 'ISO, YMD'; SET LOCAL IntervalStyle = postgres;"
    "SET LOCAL extra_float_digits = 1; SET LOCAL TimeZone = 'UTC'; SET LOCAL bytea_output = hex;"
    "SET LOCAL lc_monetary = 'C'; SET LOCAL xmloption = content; SET LOCAL jit = off;";

std::string begin(Mode mode, const Limits& limits) {
    const bool move = mode == Mode::kMove;
    return fmt::format(
               "BEGIN ISOLATION LEVEL {};{}SET LOCAL lock_timeout = {};SET LOCAL statement_timeout "
               "= {};{}",
               mode == Mode::kRead ? "REPEATABLE READ READ ONLY" : "READ COMMITTED READ WRITE",
               kSettings, limits.lock_timeout.count(), limits.statement_timeout.count(),
               move ? "SET LOCAL row_security = off;SET LOCAL plan_cache_mode = force_generic_plan;"
                    : "") +
           (limits.name.empty() ? ""
                                : "SET LOCAL client_connection_check_interval = 1000;SET LOCAL "
                                  "application_name = " +
                                      literal(limits.name));
}

void roll_back(Connection& connection) {
    if (connection.broken() || PQtransactionStatus(connection.native()) == PQTRANS_IDLE) return;
    PQclear(PQexec(connection.native(), "ROLLBACK"));
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
    try {
        connection_.script(begin(mode, limits));
    } catch (...) {
        roll_back(connection_);
        throw;
    }
}

Transaction::~Transaction() {
    if (open_) roll_back(connection_);
}

void Transaction::commit() {
    try {
        const auto result = connection_.script("SET CONSTRAINTS ALL IMMEDIATE; COMMIT");
        open_ = false;
        if (result.tag() != "COMMIT") {
            throw Error(Code::kInternal, "the transaction had failed and was rolled back");
        }
    } catch (const Error&) {
        if (!connection_.broken()) throw;
        open_ = false;
        throw Error(Code::kUnavailable,
                    "the connection was lost during COMMIT and the outcome is unknown; look the "
                    "change up before trying again");
    }
}

void run(Pool& pool, Mode mode, const std::function<void(Transaction&)>& work, int tries) {
    for (int attempt = 1;; ++attempt) {
        try {
            return run_once(pool, mode, work);
        } catch (const Error& error) {
            if (attempt >= tries || !may_try_again(error)) throw;
        }
        back_off(attempt);
    }
}

}  // namespace trashd::schema
