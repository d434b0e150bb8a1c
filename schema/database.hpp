// Connections, transactions, results. The pool and the sessions are SOCI's; statements go through
// libpq on SOCI's own connection, because the engine needs arrays, NULLs and error fields.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "schema/error.hpp"

struct pg_conn;
struct pg_result;

namespace trashd::schema {

// A parameter as text; nullopt is NULL.
using Param = std::optional<std::string>;

// A text[] literal ('{"a",NULL}') of the values, for a parameter cast to text[].
std::string array_literal(const std::vector<Param>& values);
// The elements of the text form of a one-dimensional array ('{1,2,NULL,"a b"}').
std::vector<Param> parse_array(std::string_view text);

class Result {
  public:
    explicit Result(pg_result* result);
    int rows() const;
    int columns() const;
    bool null(int row, int column) const;
    // Empty for NULL. Valid as long as the Result lives.
    std::string_view text(int row, int column) const;
    Param value(int row, int column) const;
    long long integer(int row, int column) const;  // 0 for NULL
    bool boolean(int row, int column) const;       // false for NULL
    long long affected() const;                    // rows touched by INSERT, UPDATE, DELETE
    std::string_view tag() const;                  // what the server says it did, as "COMMIT"
    const pg_result* native() const { return result_.get(); }

  private:
    std::shared_ptr<pg_result> result_;
};

// A borrowed connection; the Lease or the Session it came from owns it. Not thread-safe.
class Connection {
  public:
    explicit Connection(pg_conn* connection) : connection_(connection) {}
    // One statement, parameters as $1...; throws Error.
    Result exec(const std::string& sql, const std::vector<Param>& params = {});
    // Like exec, but prepared once per connection under the SQL text.
    Result exec_prepared(const std::string& sql, const std::vector<Param>& params = {});
    // Several statements in one round trip; the result of the last.
    Result script(const std::string& sql);
    // Statements with parameters in one round trip; those behind one that fails are not run.
    struct Statement {
        std::string sql;
        std::vector<Param> params = {};
        bool kept = true;  // prepared like those of exec_prepared
    };
    std::vector<Result> exec_pipeline(const std::vector<Statement>& statements);
    // Waits for the next statement, whatever it is, and goes in the same round trip before it,
    // which throws for it.
    void later(Statement statement) { waiting_.push_back(std::move(statement)); }
    // Those that wait are not sent any more.
    void drop_waiting() { waiting_.clear(); }
    // Each row in turn as it arrives, memory constant in the number of rows (single-row mode).
    void stream(const std::string& sql, const std::vector<Param>& params,
                const std::function<void(const Result&)>& row);
    bool broken() const;
    // From now on exec_prepared and exec_pipeline send their statements whole: a pooler may run
    // the next transaction where they were not prepared.
    void do_not_prepare();
    bool prepares() const;
    // The settings of moves stand for the whole session, and nobody's code has run since.
    bool settled() const;
    void settle();
    void unsettle();
    pg_conn* native() const { return connection_; }

  private:
    void send_waiting();

    pg_conn* connection_;
    std::vector<Statement> waiting_;
};

// What is between a pool and the database. Of its own accord a pool asks each new connection
// whether the backend it talks to is the one that the connection was opened to. kTransaction: it is
// not, whatever it says. kSession: it stays the same all the time.
enum class Pooler { kAuto, kSession, kTransaction };

struct Limits {
    std::chrono::milliseconds lock_timeout{5000};
    std::chrono::milliseconds statement_timeout{30000};  // 0: none
    // Of work that no client waits for: its application_name; the server then looks whether the
    // process is still there.
    std::string name = {};
    Pooler pooler = Pooler::kAuto;
    // "$user" in the search path means nothing: the schema of that name is no schema of the user's.
    bool no_user_schema = false;
};

class Lease;

// Opens connections when first needed and again when they broke.
class Pool {
  public:
    // url: a libpq connection string or URI. wait: how long lease() waits before kUnavailable.
    Pool(std::string url, int size, std::chrono::milliseconds wait = std::chrono::seconds(5),
         Limits limits = {});
    ~Pool();
    // Throws Error kUnavailable when none is free in time or the database cannot be reached.
    Lease lease();
    const std::string& url() const;
    const Limits& limits() const;
    // For all transactions to come; to be said before other threads use the pool.
    void hide_user_schema();

  private:
    friend class Lease;
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

// Holds one connection of the pool until it goes out of scope.
class Lease {
  public:
    Lease(Pool& pool, std::size_t position);
    Lease(Lease&&) noexcept;
    Lease& operator=(Lease&&) = delete;
    ~Lease();
    Connection& connection();

  private:
    Pool* pool_;
    std::size_t position_;
    std::optional<Connection> connection_;
};

// move: READ COMMITTED, row_security off (engine rule: an error instead of rows that hide).
// write: READ COMMITTED, row-level security as the role has it.
// read: REPEATABLE READ READ ONLY. All fix the settings that values are written and read under and
// that statements are understood by (kFixed in transaction.cpp), plan_cache_mode
// force_generic_plan (move only), lock and statement timeouts; pg_catalog is searched first.
enum class Mode { kMove, kWrite, kRead };

// Begins with its first statement, in the same round trip; leaving scope without commit() rolls
// back.
class Transaction {
  public:
    Transaction(Connection& connection, Mode mode, const Limits& limits = {});
    Transaction(const Transaction&) = delete;
    ~Transaction();
    Connection& connection() { return connection_; }
    Result exec(const std::string& sql, const std::vector<Param>& params = {}) {
        return connection_.exec(sql, params);
    }
    // SET CONSTRAINTS ALL IMMEDIATE, then COMMIT; what code of the database's users has set for the
    // session, its role too, is undone. A connection lost in COMMIT is Error kUnavailable
    // that says the outcome is unknown; it is never tried again.
    void commit();

  private:
    Connection& connection_;
    Mode mode_;
    bool open_ = true;
};

// Runs work(transaction) and commits; on 40001 and 40P01, raised before COMMIT or by it, tries
// again with a fresh transaction, at most `tries` times. Nothing else is tried again.
void run(Pool& pool, Mode mode, const std::function<void(Transaction&)>& work, int tries = 5);
// The same for work that is one statement, with its COMMIT, in one round trip. A connection lost at
// any moment leaves the outcome unknown.
Result run_one(Pool& pool, Mode mode, const Connection::Statement& statement, int tries = 5);
// The same in kMove for a statement that runs no code of the database's users, such as triggers:
// the settings are left to the session, so the next one needs no more than itself.
Result run_alone(Pool& pool, const Connection::Statement& statement, int tries = 5);

}  // namespace trashd::schema
