#include "schema/session/transaction.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <algorithm>
#include <random>
#include <thread>

#include "schema/encoding.hpp"
#include "schema/error.hpp"
#include "schema/identifier.hpp"
#include "schema/session/connection.hpp"
#include "schema/session/fixed_settings.hpp"
#include "schema/session/pool.hpp"
#include "schema/sqlstate.hpp"

namespace trashd::schema {
namespace {

std::string begin(Mode mode) {
    return mode == Mode::kRead ? "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
                               : "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
}

using Settings = std::vector<std::pair<std::string, std::string>>;

Settings settings(Mode mode, const Limits& limits) {
    const bool move = mode == Mode::kMove;
    Settings all(kFixedSettings.begin(), kFixedSettings.end());
    all.emplace_back("lock_timeout", std::to_string(limits.lock_timeout.count()));
    all.emplace_back("statement_timeout", std::to_string(limits.statement_timeout.count()));
    all.emplace_back("row_security", move ? "off" : "on");
    all.emplace_back("plan_cache_mode", move ? "force_generic_plan" : "auto");
    // What triggers delete when a live row is written is not the service's own.
    if (!limits.own_secret.empty()) all.emplace_back("trashd.own", move ? limits.own_secret : "");
    if (!limits.name.empty()) {
        all.emplace_back("client_connection_check_interval", "1000");
        all.emplace_back("application_name", limits.name);
    }
    return all;
}

// The search path stays, for the users' triggers need theirs, but for pg_catalog: where that is
// not named it is searched first, and what somebody puts into another schema is not taken for what
// is built in.
constexpr const char* kBuiltInFirst =
    "pg_catalog.set_config('search_path', CASE WHEN "
    "pg_catalog.strpos(pg_catalog.current_setting('search_path'), 'pg_catalog') "
    "OPERATOR(pg_catalog.>) 0 THEN pg_catalog.array_to_string(ARRAY(SELECT x FROM "
    "pg_catalog.unnest(pg_catalog.string_to_array(pg_catalog.current_setting('search_path'), "
    "',')) x WHERE pg_catalog.btrim(x, ' \"') OPERATOR(pg_catalog.<>) 'pg_catalog'), ',') ELSE "
    "pg_catalog.current_setting('search_path') END, {})";

// The path with an empty name, which no schema has, in the place of "$user".
constexpr const char* kPathWithoutUser =
    "pg_catalog.regexp_replace(pg_catalog.current_setting('search_path'), "
    "'(?<![^,]) *\"?[$]user\"? *(?=,|$)', '\"\"', 'g')";

std::string set(const Settings& all, const Limits& limits, const char* local) {
    constexpr const char* kCall = "pg_catalog.set_config('{}', {}, {})";
    std::vector<std::string> calls;
    for (const auto& [name, value] : all)
        calls.push_back(fmt::format(kCall, name, literal(value), local));
    if (limits.no_user_schema)
        calls.push_back(fmt::format(kCall, "search_path", kPathWithoutUser, local));
    calls.push_back(fmt::format(kBuiltInFirst, local));
    return fmt::format("SELECT {}", fmt::join(calls, ", "));
}

std::string for_transaction(Mode mode, const Limits& limits) {
    return set(settings(mode, limits), limits, "true");
}

// A statement under these that is sent alone is a transaction like those that begin().
std::string for_session(const Limits& limits) {
    auto all = settings(Mode::kMove, limits);
    all.emplace_back("default_transaction_isolation", "read committed");
    all.emplace_back("default_transaction_read_only", "off");
    all.emplace_back("default_transaction_deferrable", "off");
    return set(all, limits, "false");
}

constexpr const char* kEnd = "SET CONSTRAINTS ALL IMMEDIATE";

// Code of the database's users may set the role and settings for the session, which is the next
// one's as well. A pooler keeps settings of its own, the encoding too, which are not to be reset.
void leave_nothing(const Connection& connection, std::vector<Statement>& after) {
    after.push_back({connection.prepares() ? "RESET ALL" : "RESET search_path"});
    if (connection.prepares() && bytes_alone(connection.native()))
        after.push_back({"SET client_encoding TO 'SQL_ASCII'"});
    after.push_back({"RESET ROLE"});
}

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
    if (connection.broken()) return true;
    if (!error.sql() || !error.sql()->context.empty())
        return false;  // a trigger may raise the same
    return error.of_class(sqlstate::kConnectionExceptions) || error.of_class(sqlstate::kShutdowns);
}

bool may_try_again(const Error& error) {
    return error.is(sqlstate::kSerializationFailure) || error.is(sqlstate::kDeadlockDetected);
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
    if (!transaction.over()) transaction.commit();
}

}  // namespace

OutcomeUnknown::OutcomeUnknown() : Error(Code::kUnavailable, kUnknownOutcome) {}

Transaction::Transaction(Connection& connection, Mode mode, const Limits& limits)
    : connection_(connection) {
    connection_.unsettle();
    connection_.later({begin(mode)});
    connection_.later({for_transaction(mode, limits)});
}

Transaction::~Transaction() {
    if (open_) schema::roll_back(connection_);
}

void Transaction::roll_back() {
    open_ = false;
    schema::roll_back(connection_);
}

Result Transaction::exec(const std::string& sql, const std::vector<Param>& params) {
    return connection_.exec(sql, params);
}

void Transaction::commit() {
    try {
        std::vector<Statement> end = {{kEnd}, {"COMMIT"}};
        leave_nothing(connection_, end);
        const auto results = connection_.exec_pipeline(end);
        open_ = false;
        if (results[1].tag() != "COMMIT") {
            throw Error(Code::kInternal, "the transaction had failed and was rolled back");
        }
    } catch (const Error& error) {
        if (!lost(connection_, error)) throw;
        open_ = false;
        throw OutcomeUnknown();
    }
}

namespace {

struct Kept {
    std::string settings;
    bool for_session = false;  // the settings are meant to outlive the transaction
};

Result commit_with(Connection& connection, const Kept& kept, Mode mode,
                   const Statement& statement) {
    std::vector<Statement> all = {{begin(mode)}, {kept.settings}, statement, {kEnd}, {"COMMIT"}};
    if (!kept.for_session) leave_nothing(connection, all);
    const auto results = connection.exec_pipeline(all);
    if (results[4].tag() != "COMMIT")
        throw Error(Code::kInternal, "the transaction had failed and was rolled back");
    return results[2];
}

Result run_settled(Connection& connection, const Limits& limits, const Statement& statement) {
    if (connection.settled())
        return statement.kept ? connection.exec_prepared(statement.sql, statement.params)
                              : connection.exec(statement.sql, statement.params);
    const auto result =
        commit_with(connection, {for_session(limits), true}, Mode::kMove, statement);
    connection.settle();
    return result;
}

// Behind a pooler the settings cannot stay.
Result alone(Connection& connection, const Limits& limits, const Statement& statement) {
    if (connection.prepares()) return run_settled(connection, limits, statement);
    return commit_with(connection, {for_transaction(Mode::kMove, limits)}, Mode::kMove, statement);
}

template <typename Work>
Result in_one_trip(Pool& pool, Work work) {
    auto lease = pool.lease();
    auto& connection = lease.connection();
    try {
        return work(connection);
    } catch (const Error& error) {
        if (lost(connection, error)) throw OutcomeUnknown();
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

Result run_one(Pool& pool, Mode mode, const Statement& statement, int tries) {
    auto trip = [&](Connection& connection) {
        connection.unsettle();
        return commit_with(connection, {for_transaction(mode, pool.limits())}, mode, statement);
    };
    return again([&] { return in_one_trip(pool, trip); }, tries);
}

Result run_alone(Pool& pool, const Statement& statement, int tries) {
    auto trip = [&](Connection& connection) { return alone(connection, pool.limits(), statement); };
    return again([&] { return in_one_trip(pool, trip); }, tries);
}

Result read_alone(Pool& pool, const Statement& statement) {
    auto lease = pool.lease();
    try {
        return alone(lease.connection(), pool.limits(), statement);
    } catch (const Error&) {
        roll_back(lease.connection());
        throw;
    }
}

}  // namespace trashd::schema
