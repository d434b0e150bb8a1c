// Statements on one connection. They go through libpq on SOCI's own connection, because the engine
// needs arrays, NULLs and error fields.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "schema/session/result.hpp"

struct pg_conn;

namespace trashd::schema {

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
    std::vector<Result> exec_pipeline(const std::vector<Statement>& asked);
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

}  // namespace trashd::schema
