// Operations: work that no client waits for, kept in the database so that it outlives the process.
// An operation's end is written in the transaction of its work, so it is never told wrongly.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "schema/session/result.hpp"

namespace trashd::schema {
class Connection;
class Pool;
class Transaction;
}  // namespace trashd::schema

namespace trashd::trash {

class OperationLock;

// state: queued, running, done, failed or cancelled. tries: how often it was begun; more than once
// where the process that ran it ended, or the database could not do it just then.
struct Operation {
    long long number = 0;  // in the order in which they were asked for
    std::string id, kind, state, by;
    std::string created_at;  // times are RFC 3339 UTC as text
    std::optional<std::string> started_at, ended_at;
    std::string request;  // JSON; whatever add() was given
    long long done = 0;   // rows
    std::optional<long long> total;
    std::optional<std::string> result, error;  // JSON
    int tries = 0;
    std::optional<std::string> tenant;
    std::optional<std::string> by_name;  // what who asked is called, where it is known
};

struct NewOperation {
    std::string kind;  // delete, bulk-delete, restore, bulk-restore, purge, bulk-purge, empty
    std::string by, request;
    std::optional<long long> total;
    std::optional<std::string> tenant;
    long long most = 0;  // that may wait or run of who asks, this one among them; 0: any
};

// What is absent does not matter. The newest first.
struct OperationFilter {
    std::optional<std::string> state = {}, by = {}, tenant = {};
    int limit = 50;
    std::optional<long long> before = {};  // those with a smaller number
};

// An operation that this process runs: nobody else does as long as this lives. What it writes
// throws Error kUnavailable when another process has taken the operation over meanwhile.
class Claim {
  public:
    Claim(schema::Pool& pool, const std::string& trash_schema, std::unique_ptr<OperationLock> lock,
          Operation operation);
    Claim(Claim&&) noexcept;
    ~Claim();
    const Operation& operation() const { return operation_; }
    bool ended() const { return ended_; }

    void set_total(long long rows);
    // In the transaction of a part of the work: so many more.
    void note(schema::Transaction& transaction, long long groups, long long items);
    // In the transaction of the work; without a result the one noted stays.
    void end(schema::Transaction& transaction, long long rows,
             const std::optional<std::string>& result);
    // Of work that changed nothing.
    void end(const std::optional<std::string>& result);
    void fail(const std::string& error);
    // To be run again, after a pause.
    void put_back(std::chrono::seconds pause);

  private:
    void update(schema::Connection& connection, const std::string& set,
                std::vector<schema::Param> params);
    void update(const std::string& set, std::vector<schema::Param> params);

    schema::Pool* pool_;
    std::string table_;
    std::unique_ptr<OperationLock> lock_;
    Operation operation_;
    bool ended_ = false;
};

// Removes those that ended longer than so many hours ago; how many.
long long forget_operations(schema::Pool& pool, const std::string& trash_schema, long long hours);

class Operations {
  public:
    Operations(schema::Pool& pool, std::string trash_schema)
        : pool_(pool), trash_schema_(std::move(trash_schema)) {}

    // Queues it and wakes wait(). Throws TooManyOperations.
    Operation add(const NewOperation& wanted);
    // Throws kNotFound.
    Operation get(const std::string& id);
    // One more than the limit where there are more.
    std::vector<Operation> list(const OperationFilter& filter);
    // One that waits is never run then. Throws kNotFound, and kConflict for one that runs or has
    // ended.
    Operation cancel(const std::string& id);

    // One that is due and that nobody runs: the oldest of whose turn it is, so that who queues many
    // does not keep others waiting. The claim keeps a connection of this pool, and
    // takes a second one when it writes.
    std::optional<Claim> claim(schema::Pool& pool);
    // Until add() is called, the time is over, or stop.
    void wait(std::stop_token stop, std::chrono::milliseconds longest);

  private:
    std::vector<Operation> read(schema::Connection& connection, const std::string& where,
                                const std::vector<schema::Param>& params);
    struct Due {
        std::string id, by;
    };
    std::vector<Due> due();
    void refuse_more(schema::Transaction& transaction, const NewOperation& wanted);
    std::string table() const;

    schema::Pool& pool_;
    std::string trash_schema_;
    std::mutex mutex_;
    std::condition_variable_any wake_;
    bool added_ = false;
    long long turn_ = 0;
    std::map<std::string, long long> turns_;  // the last one of each who waits
};

}  // namespace trashd::trash
