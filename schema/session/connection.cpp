// Statements and results, on libpq.
#include "schema/session/connection.hpp"

#include <fmt/format.h>
#include <libpq-events.h>
#include <libpq-fe.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <iterator>
#include <map>
#include <optional>
#include <random>
#include <utility>

#include "schema/error.hpp"
#include "schema/sqlstate.hpp"

namespace trashd::schema {
namespace {

// Kept on the connection itself, so it goes when that goes.
struct Statements {
    bool prepares = true, settled = false;
    std::map<std::string, std::string> names;  // by SQL text
};
constexpr std::size_t kMaxStatements = 1000;

int on_event(PGEventId event, void* info, void* /*unused*/) {
    if (event == PGEVT_CONNDESTROY) {
        const auto* destroyed = static_cast<PGEventConnDestroy*>(info);
        delete static_cast<Statements*>(PQinstanceData(destroyed->conn, on_event));
    } else if (event == PGEVT_CONNRESET) {
        const auto* reset = static_cast<PGEventConnReset*>(info);
        auto* kept = static_cast<Statements*>(PQinstanceData(reset->conn, on_event));
        kept->names.clear();
        kept->settled = false;
    }
    return 1;
}

Statements& statements(PGconn* connection) {
    if (auto* found = PQinstanceData(connection, on_event)) {
        return *static_cast<Statements*>(found);
    }
    auto made = std::make_unique<Statements>();
    if (PQregisterEventProc(connection, on_event, "trashd", nullptr) == 0 ||
        PQsetInstanceData(connection, on_event, made.get()) == 0) {
        throw Error(Code::kInternal, "out of memory for prepared statements");
    }
    return *made.release();
}

std::string field(const PGresult* result, int code) {
    const char* text = result == nullptr ? nullptr : PQresultErrorField(result, code);
    return text == nullptr ? "" : text;
}

// Also one whose pipeline has not come to its end: the server ended it there.
bool at_end(const PGconn* connection) {
    return PQstatus(connection) != CONNECTION_OK || PQpipelineStatus(connection) != PQ_PIPELINE_OFF;
}

SqlError sql_error(PGconn* connection, const PGresult* result) {
    SqlError sql{field(result, PG_DIAG_SQLSTATE),        field(result, PG_DIAG_MESSAGE_PRIMARY),
                 field(result, PG_DIAG_MESSAGE_DETAIL),  field(result, PG_DIAG_SCHEMA_NAME),
                 field(result, PG_DIAG_TABLE_NAME),      field(result, PG_DIAG_COLUMN_NAME),
                 field(result, PG_DIAG_CONSTRAINT_NAME), field(result, PG_DIAG_CONTEXT),
                 field(result, PG_DIAG_MESSAGE_HINT)};
    if (sql.sqlstate.empty()) {
        sql.message = PQerrorMessage(connection);
        // After a write that failed the connection looks well, until it is read from.
        PQconsumeInput(connection);
        sql.sqlstate = at_end(connection) ? sqlstate::kConnectionFailure : sqlstate::kInternalError;
    }
    return sql;
}

bool succeeded(const PGresult* result) {
    const auto status = PQresultStatus(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ||
           status == PGRES_SINGLE_TUPLE || status == PGRES_EMPTY_QUERY;
}

Result checked(PGconn* connection, PGresult* raw) {
    Result result(raw);
    if (!succeeded(raw)) throw Error(sql_error(connection, raw));
    return result;
}

// libpq takes parameters as C strings: what follows a zero byte would be lost without a word.
std::vector<const char*> pointers(const std::vector<Param>& params) {
    std::vector<const char*> out;
    out.reserve(params.size());
    for (const auto& param : params) {
        if (param && param->find('\0') != std::string::npos) {
            throw Error(Code::kInvalid, "a text holds U+0000, which PostgreSQL cannot store");
        }
        out.push_back(param ? param->c_str() : nullptr);
    }
    return out;
}

void make_room(PGconn* connection, std::size_t count) {
    auto& known = statements(connection);
    if (known.names.size() + count <= kMaxStatements) return;
    checked(connection, PQexec(connection, "DEALLOCATE ALL"));
    known.names.clear();
}

// Names of different texts differ, in all processes: behind a pooler a backend may know another's.
// A pooler may hand on what another process has prepared: no two processes use the same names.
std::string new_name(const std::string& sql) {
    static const std::string process =
        fmt::format("{:08x}{:08x}", std::random_device{}(), std::random_device{}());
    static std::atomic<unsigned long> counter = 0;
    return fmt::format("trashd_{}_{}_{:x}", process, ++counter, std::hash<std::string>{}(sql));
}

std::string prepare(PGconn* connection, const std::string& sql) {
    auto& known = statements(connection).names;
    if (const auto found = known.find(sql); found != known.end()) return found->second;
    make_room(connection, 1);
    const auto name = new_name(sql);
    checked(connection, PQprepare(connection, name.c_str(), sql.c_str(), 0, nullptr));
    known[sql] = name;
    return name;
}

void cancel(PGconn* connection) {
    PGcancel* handle = PQgetCancel(connection);
    if (handle == nullptr) return;
    char error[256];
    PQcancel(handle, error, sizeof error);
    PQfreeCancel(handle);
}

void drain(PGconn* connection) {
    while (PGresult* rest = PQgetResult(connection)) PQclear(rest);
}

// Leaves pipeline mode on every way out, as far as the connection still can.
class Pipeline {
  public:
    explicit Pipeline(PGconn* connection) : connection_(connection) {
        if (PQenterPipelineMode(connection) == 0) throw Error(sql_error(connection, nullptr));
    }
    Pipeline(const Pipeline&) = delete;
    ~Pipeline() { PQexitPipelineMode(connection_); }

    void prepare(const std::string& name, const std::string& sql) {
        check(PQsendPrepare(connection_, name.c_str(), sql.c_str(), 0, nullptr));
    }
    void send_prepared(const std::string& name, const std::vector<const char*>& values) {
        check(PQsendQueryPrepared(connection_, name.c_str(), static_cast<int>(values.size()),
                                  values.data(), nullptr, nullptr, 0));
    }
    void send_whole(const std::string& sql, const std::vector<const char*>& values) {
        check(PQsendQueryParams(connection_, sql.c_str(), static_cast<int>(values.size()), nullptr,
                                values.data(), nullptr, nullptr, 0));
    }
    // The result of each statement sent, and what ends them.
    std::vector<Result> receive(std::size_t count) {
        check(PQpipelineSync(connection_));
        std::vector<Result> results;
        for (std::size_t i = 0; i <= count; ++i) {
            PGresult* raw = PQgetResult(connection_);
            if (raw == nullptr) throw Error(sql_error(connection_, nullptr));
            results.emplace_back(raw);
            if (i < count) drain(connection_);
        }
        return results;
    }

  private:
    void check(int sent) {
        if (sent == 0) throw Error(sql_error(connection_, nullptr));
    }

    PGconn* connection_;
};

void forget_if_gone(PGconn* connection, const std::string& sql, const SqlError& error) {
    auto& names = statements(connection).names;
    if (error.sqlstate == sqlstate::kInvalidStatementName)
        names.clear();  // the others will hardly be there
    if (error.sqlstate == sqlstate::kFeatureNotSupported)
        names.erase(sql);  // its result type has changed
}

using Together = std::vector<const Statement*>;

constexpr const char* kStandby =
    "the database is a standby, which takes no writes; name the primary, or all servers with "
    "target_session_attrs=read-write in the connection string";

// Nothing else refuses to begin a transaction in these words.
Error error_of(const std::string& sql, const SqlError& error) {
    const bool standby =
        error.sqlstate == sqlstate::kFeatureNotSupported && sql.starts_with("BEGIN");
    return standby ? Error(Code::kUnavailable, kStandby, error) : Error(error);
}

// Throws for the first that failed; what was to be prepared behind it is not.
std::vector<Result> sort_out(PGconn* connection, const Together& all,
                             const std::vector<bool>& prepared,
                             const std::vector<Result>& results) {
    std::vector<Result> out;
    std::optional<Error> failed;
    auto at = results.begin();
    for (std::size_t i = 0; i < all.size(); ++i) {
        const bool made = !prepared[i] || succeeded(at->native());
        if (!made) statements(connection).names.erase(all[i]->sql);
        if (made && prepared[i]) ++at;
        if (!failed && !succeeded(at->native())) {
            const auto error = sql_error(connection, at->native());
            failed = error_of(all[i]->sql, error);
            forget_if_gone(connection, all[i]->sql, error);
        }
        if (!made) ++at;
        out.push_back(*at++);
    }
    if (failed) throw *failed;
    return out;
}

// True when the statement is prepared on the way.
bool send(Pipeline& pipeline, Statements& known, const Statement& one,
          const std::vector<const char*>& values) {
    if (!one.kept || !known.prepares) {
        pipeline.send_whole(one.sql, values);
        return false;
    }
    const auto [found, fresh] = known.names.try_emplace(one.sql);
    if (fresh) pipeline.prepare(found->second = new_name(one.sql), one.sql);
    pipeline.send_prepared(found->second, values);
    return fresh;
}

std::vector<Result> run_together(PGconn* connection, const Together& all,
                                 const std::vector<std::vector<const char*>>& values) {
    std::vector<bool> prepared;
    std::vector<Result> results;
    {
        Pipeline pipeline(connection);
        for (std::size_t i = 0; i < all.size(); ++i)
            prepared.push_back(send(pipeline, statements(connection), *all[i], values[i]));
        const auto more = std::count(prepared.begin(), prepared.end(), true);
        results = pipeline.receive(all.size() + static_cast<std::size_t>(more));
    }
    return sort_out(connection, all, prepared, results);
}

void each_row(PGconn* connection, const std::function<void(const Result&)>& row) {
    while (PGresult* raw = PQgetResult(connection)) {
        const auto result = checked(connection, raw);
        if (PQresultStatus(raw) != PGRES_SINGLE_TUPLE) continue;
        try {
            row(result);
        } catch (...) {
            cancel(connection);  // nobody wants the rest
            throw;
        }
    }
}

}  // namespace

Result::Result(pg_result* result) : result_(result, PQclear) {}
int Result::rows() const {
    return PQntuples(result_.get());
}
int Result::columns() const {
    return PQnfields(result_.get());
}

bool Result::null(int row, int column) const {
    return PQgetisnull(result_.get(), row, column) != 0;
}

std::string_view Result::text(int row, int column) const {
    const auto* value = PQgetvalue(result_.get(), row, column);
    if (value == nullptr) return {};
    return {value, static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
}

Param Result::value(int row, int column) const {
    if (null(row, column)) return {};
    return std::string(text(row, column));
}

long long Result::integer(int row, int column) const {
    long long out = 0;
    const auto digits = text(row, column);
    std::from_chars(digits.data(), digits.data() + digits.size(), out);
    return out;
}

bool Result::boolean(int row, int column) const {
    return text(row, column) == "t";
}

long long Result::affected() const {
    long long out = 0;
    const std::string_view digits = PQcmdTuples(result_.get());
    std::from_chars(digits.data(), digits.data() + digits.size(), out);
    return out;
}

std::string_view Result::tag() const {
    return PQcmdStatus(result_.get());
}

void Connection::send_waiting() {
    if (!waiting_.empty()) exec_pipeline({});
}

Result Connection::exec(const std::string& sql, const std::vector<Param>& params) {
    if (!waiting_.empty()) return exec_pipeline({{sql, params, false}}).front();
    const auto values = pointers(params);
    const auto count = static_cast<int>(values.size());
    return checked(connection_, PQexecParams(connection_, sql.c_str(), count, nullptr,
                                             values.data(), nullptr, nullptr, 0));
}

Result Connection::exec_prepared(const std::string& sql, const std::vector<Param>& params) {
    if (!statements(connection_).prepares) return exec(sql, params);
    if (!waiting_.empty()) return exec_pipeline({{sql, params}}).front();
    const auto values = pointers(params);
    const auto name = prepare(connection_, sql);
    try {
        return checked(connection_,
                       PQexecPrepared(connection_, name.c_str(), static_cast<int>(values.size()),
                                      values.data(), nullptr, nullptr, 0));
    } catch (const Error& error) {
        forget_if_gone(connection_, sql, *error.sql());
        throw;
    }
}

// One that is not prepared yet is prepared at its place, so that its error comes there: what waits
// may be the beginning of its transaction.
std::vector<Result> Connection::exec_pipeline(const std::vector<Statement>& asked) {
    std::vector<std::vector<const char*>> values;
    for (const auto& one : waiting_) values.push_back(pointers(one.params));
    for (const auto& one : asked) values.push_back(pointers(one.params));
    make_room(connection_, values.size());  // all at once, or the first would make way for the last
    const auto waited = std::exchange(waiting_, {});  // whose strings stay where they are
    Together all;
    for (const auto& one : waited) all.push_back(&one);
    for (const auto& one : asked) all.push_back(&one);
    const auto results = run_together(connection_, all, values);
    return {results.begin() + std::ssize(waited), results.end()};
}

Result Connection::script(const std::string& sql) {
    send_waiting();
    return checked(connection_, PQexec(connection_, sql.c_str()));
}

void Connection::stream(const std::string& sql, const std::vector<Param>& params,
                        const std::function<void(const Result&)>& row) {
    send_waiting();
    const auto values = pointers(params);
    if (PQsendQueryParams(connection_, sql.c_str(), static_cast<int>(values.size()), nullptr,
                          values.data(), nullptr, nullptr, 0) == 0) {
        throw Error(sql_error(connection_, nullptr));
    }
    PQsetSingleRowMode(connection_);
    try {
        each_row(connection_, row);
    } catch (...) {
        drain(connection_);
        throw;
    }
}

void Connection::do_not_prepare() {
    statements(connection_).prepares = false;
}

bool Connection::prepares() const {
    return statements(connection_).prepares;
}

bool Connection::settled() const {
    return statements(connection_).settled;
}

void Connection::settle() {
    statements(connection_).settled = true;
}

void Connection::unsettle() {
    statements(connection_).settled = false;
}

bool Connection::broken() const {
    return at_end(connection_);
}

}  // namespace trashd::schema
