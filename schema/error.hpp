// The one error type of trashd: a stable code and a sentence that says what to do next.
// SQLSTATE becomes a code in error.cpp only; a code becomes an HTTP status in
// service/api/problem.cpp only.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace trashd {

enum class Code {
    kBadRequest,
    kConfirmationRequired,
    kReasonRequired,
    kUnauthorized,
    kForbidden,
    kNotFound,
    kMethodNotAllowed,
    kHasDependents,
    kInTrash,
    kNotGroupRoot,
    kRestoreConflict,
    kMissingGrant,  // of the service's role
    kConflict,
    kChanged,
    kHeld,
    kTooLarge,
    kRowTooLarge,
    kGone,
    kStale,
    kPayloadTooLarge,
    kUnsupportedMediaType,
    kInvalid,
    kTooManyRequests,
    kInternal,
    kUnavailable,
};

// The code as clients see it: "bad-request", "has-dependents", ...
std::string_view code_name(Code code);

// What the server said, where an error came from it. Empty strings where it said nothing.
// context: the functions and statements that ran, innermost first, a line each or more.
struct SqlError {
    std::string sqlstate, message, detail, schema, table, column, constraint;
    std::string context = {}, hint = {};
};

class Error : public std::runtime_error {
  public:
    Error(Code code, const std::string& detail) : std::runtime_error(detail), code_(code) {}
    // The same with what the server said, for the log.
    Error(Code code, const std::string& detail, SqlError sql)
        : std::runtime_error(detail), code_(code), sql_(std::move(sql)) {}
    // Translates the server's error; detail never shows SQL text or values.
    explicit Error(SqlError sql);

    Code code() const { return code_; }
    const std::optional<SqlError>& sql() const { return sql_; }
    // True for the given five-letter SQLSTATE.
    bool is(std::string_view sqlstate) const { return sql_ && sql_->sqlstate == sqlstate; }
    // True where the SQLSTATE is one of the class that schema/sqlstate.hpp names.
    bool of_class(std::string_view kind) const {
        return sql_ && std::string_view(sql_->sqlstate).starts_with(kind);
    }
    // A foreign key was in the way; of one ON DELETE RESTRICT PostgreSQL 18 has another word.
    bool of_foreign_key() const;

  private:
    Code code_;
    std::optional<SqlError> sql_;
};

// The sentence for the log; where the server said something also its SQLSTATE, message, detail,
// hint and context, in one line.
std::string in_log(const std::exception& error);

}  // namespace trashd
