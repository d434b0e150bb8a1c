// Who runs an operation holds an advisory lock for as long as it runs: when the process dies, so
// does its connection, and the operation can be claimed again. Every write names the number of the
// try, so that one who lost the lock without noticing changes nothing.
#include "trash/records/operations.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "schema/catalog/value.hpp"
#include "schema/error.hpp"
#include "schema/identifier.hpp"
#include "schema/session/connection.hpp"
#include "schema/session/pool.hpp"
#include "schema/session/transaction.hpp"
#include "trash/model/errors.hpp"
#include "trash/store/lock_keys.hpp"
#include "trash/store/principal_names.hpp"
#include "trash/store/sql.hpp"

namespace trashd::trash {
namespace {

using schema::Connection;
using schema::Param;
using schema::quoted;
using schema::Result;

constexpr const char* kDue =
    "state OPERATOR(pg_catalog.=) ANY ('{queued,running}') AND run_after OPERATOR(pg_catalog.<=) "
    "pg_catalog.clock_timestamp()";

std::string columns(const std::string& trash_schema) {
    return "id, kind, state, by, " + utc("created_at") + ", " + utc("started_at") + ", " +
           utc("ended_at") + ", request, done, total, result, error, tries, tenant, number, " +
           name_of_principal(trash_schema, "operation.by", "operation.tenant");
}

Operation operation_from(const Result& result, int row) {
    Operation operation;
    operation.id = result.text(row, 0);
    operation.kind = result.text(row, 1);
    operation.state = result.text(row, 2);
    operation.by = result.text(row, 3);
    operation.created_at = result.text(row, 4);
    operation.started_at = result.value(row, 5);
    operation.ended_at = result.value(row, 6);
    operation.request = result.text(row, 7);
    operation.done = result.integer(row, 8);
    if (!result.null(row, 9)) operation.total = result.integer(row, 9);
    operation.result = result.value(row, 10);
    operation.error = result.value(row, 11);
    operation.tries = static_cast<int>(result.integer(row, 12));
    operation.tenant = result.value(row, 13);
    operation.number = result.integer(row, 14);
    operation.by_name = result.value(row, 15);
    return operation;
}

Param text_of(const std::optional<long long>& number) {
    return number ? Param(std::to_string(*number)) : std::nullopt;
}

}  // namespace

// The lock of an operation, held by a transaction that does nothing else: one of a session would
// stay behind where a pooler gives the next transaction another backend.
class OperationLock {
  public:
    OperationLock(schema::Pool& pool, const std::string& id);
    bool held() const { return held_; }

  private:
    schema::Lease lease_;
    schema::Transaction transaction_;
    bool held_ = false;
};

// By the operation's id, which no other trash schema of the database has.
OperationLock::OperationLock(schema::Pool& pool, const std::string& id)
    : lease_(pool.lease()), transaction_(lease_.connection(), schema::Mode::kWrite, pool.limits()) {
    transaction_.exec("SET LOCAL idle_in_transaction_session_timeout = 0");  // the work takes long
    held_ = transaction_.exec("SELECT " + try_lock_call(LockSeed::kOperation, "$1"), {id})
                .boolean(0, 0);
}

Claim::Claim(schema::Pool& pool, const std::string& trash_schema,
             std::unique_ptr<OperationLock> lock, Operation operation)
    : pool_(&pool),
      table_(quoted({trash_schema, "operation"})),
      lock_(std::move(lock)),
      operation_(std::move(operation)) {}

Claim::Claim(Claim&&) noexcept = default;

Claim::~Claim() = default;

void Claim::update(Connection& connection, const std::string& set, std::vector<Param> params) {
    params.insert(params.begin(), {operation_.id, std::to_string(operation_.tries)});
    const Result done = connection.exec("UPDATE " + table_ + " SET " + set +
                                            " WHERE id OPERATOR(pg_catalog.=) $1::pg_catalog.uuid "
                                            "AND state OPERATOR(pg_catalog.=) 'running' AND tries "
                                            "OPERATOR(pg_catalog.=) $2::int",
                                        params);
    if (done.affected() != 1)
        throw Error(Code::kUnavailable, "another process has taken the operation over");
}

void Claim::update(const std::string& set, std::vector<Param> params) {
    schema::Lease lease = pool_->lease();
    update(lease.connection(), set, std::move(params));
}

void Claim::set_total(long long rows) {
    update("total = $3::bigint", {std::to_string(rows)});
}

void Claim::note(schema::Transaction& transaction, long long groups, long long items) {
    update(transaction.connection(),
           "done = done OPERATOR(pg_catalog.+) $4::bigint, result = "
           "pg_catalog.json_build_object('groups', "
           "COALESCE((result OPERATOR(pg_catalog.->>) 'groups')::bigint, 0) OPERATOR(pg_catalog.+) "
           "$3::bigint, 'items', done OPERATOR(pg_catalog.+) $4::bigint)",
           {std::to_string(groups), std::to_string(items)});
}

void Claim::end(schema::Transaction& transaction, long long rows,
                const std::optional<std::string>& result) {
    update(transaction.connection(),
           "state = 'done', ended_at = pg_catalog.clock_timestamp(), done = done "
           "OPERATOR(pg_catalog.+) $3::bigint, "
           "total = done OPERATOR(pg_catalog.+) $3::bigint, result = $4::pg_catalog.json",
           {std::to_string(rows), result});
    ended_ = true;
}

void Claim::end(const std::optional<std::string>& result) {
    update(
        "state = 'done', ended_at = pg_catalog.clock_timestamp(), total = done, result = "
        "COALESCE($3::pg_catalog.json, result)",
        {result});
    ended_ = true;
}

void Claim::fail(const std::string& error) {
    update("state = 'failed', ended_at = pg_catalog.clock_timestamp(), error = $3::pg_catalog.json",
           {error});
    ended_ = true;
}

void Claim::put_back(std::chrono::seconds pause) {
    update(
        "state = 'queued', run_after = pg_catalog.clock_timestamp() OPERATOR(pg_catalog.+) "
        "$3::interval",
        {std::to_string(pause.count()) + " seconds"});
}

std::string Operations::table() const {
    return quoted({trash_schema_, "operation"});
}

std::vector<Operation> Operations::read(Connection& connection, const std::string& where,
                                        const std::vector<Param>& params) {
    const Result found = connection.exec(
        "SELECT " + columns(trash_schema_) + " FROM " + table() + " WHERE " + where, params);
    std::vector<Operation> all;
    for (int row = 0; row < found.rows(); ++row) all.push_back(operation_from(found, row));
    return all;
}

Operation Operations::add(const NewOperation& wanted) {
    Operation added;
    schema::run(pool_, schema::Mode::kWrite, [&](schema::Transaction& transaction) {
        if (wanted.most > 0) refuse_more(transaction, wanted);
        const Result made = transaction.exec(
            "INSERT INTO " + table() +
                " (id, kind, by, request, total, tenant) VALUES (pg_catalog.gen_random_uuid(), $1, "
                "$2, $3::pg_catalog.json, $4::bigint, $5) RETURNING " +
                columns(trash_schema_),
            {wanted.kind, wanted.by, wanted.request, text_of(wanted.total), wanted.tenant});
        added = operation_from(made, 0);
    });
    std::lock_guard<std::mutex> guard(mutex_);
    added_ = true;
    wake_.notify_all();
    return added;
}

// Those that ask at the same time are counted one after the other.
void Operations::refuse_more(schema::Transaction& transaction, const NewOperation& wanted) {
    transaction.exec("SELECT " + lock_call(LockSeed::kAsker, "$1"), {wanted.by});
    const Result open =
        transaction.exec("SELECT pg_catalog.count(*) FROM " + table() +
                             " WHERE state OPERATOR(pg_catalog.=) ANY ('{queued,running}') AND by "
                             "OPERATOR(pg_catalog.=) $1 AND " +
                             schema::same("tenant", "$2"),
                         {wanted.by, wanted.tenant});
    if (open.integer(0, 0) >= wanted.most) throw TooManyOperations(wanted.most);
}

Operation Operations::get(const std::string& id) {
    schema::Lease lease = pool_.lease();
    auto found = read(lease.connection(), "id OPERATOR(pg_catalog.=) $1::pg_catalog.uuid", {id});
    if (found.empty()) throw Error(Code::kNotFound, "there is no such operation");
    return found.front();
}

std::vector<Operation> Operations::list(const OperationFilter& filter) {
    std::string where = "true";
    std::vector<Param> params;
    const auto add = [&](const char* compared, const std::string& value) {
        params.emplace_back(value);
        where += " AND " + std::string(compared) + " $" + std::to_string(params.size());
    };
    if (filter.state) add("state OPERATOR(pg_catalog.=)", *filter.state);
    if (filter.by) add("by OPERATOR(pg_catalog.=)", *filter.by);
    if (filter.tenant) add("tenant OPERATOR(pg_catalog.=)", *filter.tenant);
    if (filter.before) {
        add("number OPERATOR(pg_catalog.<)", std::to_string(*filter.before));
        where += "::bigint";
    }
    schema::Lease lease = pool_.lease();
    return read(lease.connection(),
                where + " ORDER BY number DESC LIMIT " + std::to_string(filter.limit + 1), params);
}

// Whoever is about to run it waits for the row, and finds that it is not queued any more.
Operation Operations::cancel(const std::string& id) {
    schema::Lease lease = pool_.lease();
    const Result done = lease.connection().exec(
        "UPDATE " + table() +
            " SET state = 'cancelled', ended_at = pg_catalog.clock_timestamp() WHERE id "
            "OPERATOR(pg_catalog.=) $1::pg_catalog.uuid AND state OPERATOR(pg_catalog.=) 'queued' "
            "RETURNING " +
            columns(trash_schema_),
        {id});
    if (done.rows() == 1) return operation_from(done, 0);
    const auto operation = get(id);
    throw Error(Code::kConflict, operation.state == "running"
                                     ? "the operation runs already; wait for its end"
                                     : "the operation has ended: it is " + operation.state);
}

// In the order in which they are to be tried: the first of each, those who waited longest for a
// turn before the others; then their second ones.
std::vector<Operations::Due> Operations::due() {
    schema::Lease lease = pool_.lease();
    const Result found = lease.connection().exec(
        "SELECT id, by OPERATOR(pg_catalog.||) COALESCE(' ' OPERATOR(pg_catalog.||) tenant, ''), "
        "place FROM (SELECT id, by, tenant, number, "
        "pg_catalog.row_number() OVER (PARTITION BY by, tenant ORDER BY number) AS place FROM " +
        table() + " WHERE " + kDue + ") d ORDER BY place, number LIMIT 100");
    std::vector<std::pair<std::pair<long long, long long>, Due>> all;
    std::map<std::string, long long> turns;
    for (int row = 0; row < found.rows(); ++row) {
        const Due one{std::string(found.text(row, 0)), std::string(found.text(row, 1))};
        const auto had = turns_.find(one.by);
        if (had != turns_.end()) turns.insert(*had);
        all.push_back({{found.integer(row, 2), had == turns_.end() ? 0 : had->second}, one});
    }
    turns_ = std::move(turns);
    std::ranges::stable_sort(all, {}, [](const auto& one) { return one.first; });
    std::vector<Due> sorted;
    for (auto& [key, one] : all) sorted.push_back(std::move(one));
    return sorted;
}

std::optional<Claim> Operations::claim(schema::Pool& pool) {
    for (const auto& [id, by] : due()) {
        auto lock = std::make_unique<OperationLock>(pool, id);
        if (!lock->held()) continue;
        schema::Lease lease = pool.lease();
        const Result begun = lease.connection().exec(
            "UPDATE " + table() +
                " SET state = 'running', tries = tries OPERATOR(pg_catalog.+) 1, started_at = "
                "COALESCE(started_at, "
                "pg_catalog.clock_timestamp()) WHERE id OPERATOR(pg_catalog.=) $1::pg_catalog.uuid "
                "AND " +
                kDue + " RETURNING " + columns(trash_schema_),
            {id});
        if (begun.rows() != 1) continue;
        turns_[by] = ++turn_;
        return Claim(pool, trash_schema_, std::move(lock), operation_from(begun, 0));
    }
    return std::nullopt;
}

void Operations::wait(std::stop_token stop, std::chrono::milliseconds longest) {
    std::unique_lock<std::mutex> guard(mutex_);
    wake_.wait_for(guard, std::move(stop), longest, [&] { return added_; });
    added_ = false;
}

long long forget_operations(schema::Pool& pool, const std::string& trash_schema, long long hours) {
    long long forgotten = 0;
    schema::run(pool, schema::Mode::kWrite, [&](schema::Transaction& transaction) {
        forgotten = transaction
                        .exec("DELETE FROM " + quoted({trash_schema, "operation"}) +
                                  " WHERE ended_at OPERATOR(pg_catalog.<) (pg_catalog.now() "
                                  "OPERATOR(pg_catalog.-) "
                                  "pg_catalog.make_interval(hours => $1::int))",
                              {std::to_string(hours)})
                        .affected();
    });
    return forgotten;
}

}  // namespace trashd::trash
