// Transactions, the settings that stand in them, and work that is tried again.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "schema/error.hpp"
#include "schema/session/result.hpp"
#include "schema/session/session_limits.hpp"

namespace trashd::schema {

class Connection;
class Pool;

// move: READ COMMITTED, row_security off (an error instead of rows that hide).
// write: READ COMMITTED, row-level security as the role has it.
// read: REPEATABLE READ READ ONLY. All fix the settings that values are written and read under and
// that statements are understood by (fixed_settings.hpp), plan_cache_mode
// force_generic_plan (move only), lock and statement timeouts; pg_catalog is searched first.
enum class Mode { kMove, kWrite, kRead };

// The connection was lost when the change may have been committed: kUnavailable. Whoever gets it
// must not try again as if nothing had happened.
class OutcomeUnknown : public Error {
  public:
    OutcomeUnknown();
};

// Begins with its first statement, in the same round trip; leaving scope without commit() rolls
// back.
class Transaction {
  public:
    Transaction(Connection& connection, Mode mode, const Limits& limits = {});
    Transaction(const Transaction&) = delete;
    ~Transaction();
    Connection& connection() { return connection_; }
    Result exec(const std::string& sql, const std::vector<Param>& params = {});
    // SET CONSTRAINTS ALL IMMEDIATE, then COMMIT; what code of the database's users has set for the
    // session, its role too, is undone. A connection lost in COMMIT is OutcomeUnknown.
    void commit();
    // Ends it, and nothing of it is kept: what a rehearsal, or a dry run, does last. No statement
    // may follow.
    void roll_back();
    bool over() const { return !open_; }

  private:
    Connection& connection_;
    bool open_ = true;
};

// Runs work(transaction) and commits, unless work has rolled it back; on 40001 and 40P01, raised
// before COMMIT or by it, tries again with a fresh transaction, at most `tries` times. Nothing else
// is tried again.
void run(Pool& pool, Mode mode, const std::function<void(Transaction&)>& work, int tries = 5);
// The same for work that is one statement, with its COMMIT, in one round trip. A connection lost at
// any moment is OutcomeUnknown.
Result run_one(Pool& pool, Mode mode, const Statement& statement, int tries = 5);
// The same in kMove for a statement that runs no code of the database's users, such as triggers:
// the settings are left to the session, so the next one needs no more than itself.
Result run_alone(Pool& pool, const Statement& statement, int tries = 5);
// A statement that only reads and runs no such code either: a snapshot of its own, under the same
// settings. Row-level security is an error here, as in kMove. prepared: by Statement::kept.
Result read_alone(Pool& pool, const Statement& statement);

}  // namespace trashd::schema
