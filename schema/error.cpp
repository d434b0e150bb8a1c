#include "schema/error.hpp"

#include <algorithm>
#include <array>

#include "schema/sqlstate.hpp"

namespace trashd {
namespace {

using namespace sqlstate;

constexpr std::array<std::string_view, 25> kNames = {
    "bad-request",
    "confirmation-required",
    "reason-required",
    "unauthorized",
    "forbidden",
    "not-found",
    "method-not-allowed",
    "has-dependents",
    "in-trash",
    "not-group-root",
    "restore-conflict",
    "missing-grant",
    "conflict",
    "changed",
    "held",
    "too-large",
    "row-too-large",
    "gone",
    "stale",
    "payload-too-large",
    "unsupported-media-type",
    "invalid",
    "too-many-requests",
    "internal",
    "unavailable",
};
static_assert(kNames.size() == static_cast<std::size_t>(Code::kUnavailable) + 1);

bool any_of(std::string_view state, std::initializer_list<std::string_view> states) {
    for (const auto s : states) {
        if (state.starts_with(s)) return true;
    }
    return false;
}

// No value, and no text of a row, has more than 1 GB. That an index takes less is another fault.
bool is_too_long(const SqlError& sql) {
    const std::string_view message = sql.message;
    if (sql.sqlstate == kInternalError)
        return message.starts_with("invalid memory alloc request size");
    return sql.sqlstate == kProgramLimitExceeded &&
           (message == "out of memory" || message.starts_with("array size exceeds"));
}

Code code_of(std::string_view state) {
    if (any_of(state, {kUniqueViolation, kExclusionViolation, kForeignKeyViolation,
                       kRestrictViolation, kRaiseException, kNotInPrerequisiteState})) {
        return Code::kConflict;
    }
    if (state == kInsufficientPrivilege) return Code::kMissingGrant;
    if (any_of(state, {kNotNullViolation, kCheckViolation, kDataExceptions})) return Code::kInvalid;
    if (any_of(state,
               {kQueryCanceled, kLockNotAvailable, kInsufficientResources, kConnectionExceptions,
                kShutdowns, kReadOnlyTransaction, kInvalidStatementName, kDuplicateStatement,
                kSerializationFailure, kDeadlockDetected})) {
        return Code::kUnavailable;
    }
    return Code::kInternal;
}

// What a policy refuses or hides is no matter of grants.
bool is_of_policy(const SqlError& sql) {
    return sql.sqlstate == kInsufficientPrivilege &&
           sql.message.find("row-level security") != std::string::npos;
}

Code code_of(const SqlError& sql) {
    if (is_too_long(sql)) return Code::kRowTooLarge;
    return is_of_policy(sql) ? Code::kConflict : code_of(sql.sqlstate);
}

std::string named(const std::string& kind, const std::string& name) {
    return name.empty() ? "a " + kind : kind + " \"" + name + "\"";
}

std::string on_table(const SqlError& sql) {
    if (sql.table.empty()) return "";
    return " of table \"" + (sql.schema.empty() ? "" : sql.schema + ".") + sql.table + "\"";
}

std::string integrity(const SqlError& sql) {
    const auto& state = sql.sqlstate;
    if (state == kUniqueViolation) {
        return named("unique constraint", sql.constraint) + on_table(sql) +
               " already holds these values; change them, or the row that has them";
    }
    if (state == kExclusionViolation) {
        return named("exclusion constraint", sql.constraint) + on_table(sql) +
               " refuses a row that overlaps another; change one of the two";
    }
    if (state == kNotNullViolation) {
        return named("column", sql.column) + on_table(sql) + " must have a value; give one";
    }
    if (state == kCheckViolation) {
        return named("check constraint", sql.constraint) + on_table(sql) +
               " refuses the values; change them to what it allows";
    }
    return named("foreign key", sql.constraint) + on_table(sql) +
           " refuses: the row it refers to is missing, or rows still refer to this one";
}

// The server says "permission denied for table x": the kind and the name are all that is used.
std::string permission(const SqlError& sql) {
    constexpr std::string_view kDenied = "permission denied for ";
    const std::string_view message = sql.message;
    if (is_of_policy(sql)) {
        return "row-level security hides rows from the service's role; make it a member of the "
               "table's owner, or give it BYPASSRLS";
    }
    if (!message.starts_with(kDenied)) {
        return "the service's role lacks a privilege; GRANT it what `trashd doctor` names";
    }
    const std::string object(message.substr(kDenied.size()));
    const std::string what = object.starts_with("schema ")     ? "USAGE, or CREATE,"
                             : object.starts_with("sequence ") ? "USAGE"
                             : object.starts_with("function ") ? "EXECUTE"
                             : object.starts_with("database ") ? "CREATE"
                             : object.starts_with("table ")    ? "SELECT, INSERT, UPDATE, DELETE"
                                                               : "the missing privilege";
    return "the service's role may not use " + object + "; GRANT " + what + " on it to the role";
}

std::string value_fault(const SqlError& sql) {
    const std::string where =
        sql.column.empty() ? " its column" : " " + named("column", sql.column);
    if (sql.sqlstate == kStringTruncated) return "a value is too long for" + where + "; shorten it";
    if (sql.sqlstate == kNumberOutOfRange) return "a number is out of range for" + where;
    if (any_of(sql.sqlstate, {kInvalidDatetime, kDatetimeOverflow}))
        return "a date or time is not valid";
    if (sql.sqlstate == kUntranslatable) {
        return "a text has a character that the encoding of the database cannot write; leave it "
               "out";
    }
    if (sql.sqlstate == kNotInRepertoire) return "a text is not valid UTF-8, or holds U+0000";
    return "a value is not valid for the type of" + where;
}

std::string unavailable(const std::string& state) {
    if (state == kQueryCanceled)
        return "the statement took too long and was cancelled; try again later";
    if (state == kLockNotAvailable) return "others hold locks on these rows; try again later";
    if (state == kReadOnlyTransaction)
        return "the database is read-only now; try again when it takes writes";
    if (state == kInvalidStatementName || state == kDuplicateStatement) {
        return "the connection's prepared statements are not where they were made: is there a "
               "pooler between? set pooler = \"transaction\" in the configuration of the service";
    }
    if (state.starts_with(kTransactionRollbacks))
        return "the change met another at the same time; try again";
    if (state.starts_with(kInsufficientResources))
        return "the database has run out of resources; try again later";
    return "the database cannot be reached; try again later";
}

// Where a table is in a publication, PostgreSQL refuses to delete or update what it could not name
// to subscribers: "cannot delete from table "k" because it does not have a replica identity ...".
std::string not_in_state(const SqlError& sql) {
    const auto& said = sql.message;
    if (said.find("replica identity") == said.npos)
        return "the database refuses in its present state; see the log of the service";
    const auto begin = said.find('"'), end = said.find('"', begin + 1);
    const auto table = end == said.npos ? "TABLE" : said.substr(begin, end - begin + 1);
    return "the table " + table + " is in a publication and has no replica identity; ALTER TABLE " +
           table + " REPLICA IDENTITY FULL, or give it a primary key";
}

std::string detail_of(const SqlError& sql) {
    if (is_too_long(sql)) {
        return "a row has more in it than PostgreSQL writes as one text (1 GB), so it can neither "
               "be shown whole nor go into the trash; ask for some of its columns with select=, or "
               "make its values smaller first";
    }
    if (sql.sqlstate.starts_with(kIntegrityViolations)) return integrity(sql);
    if (sql.sqlstate == kRaiseException) {
        return "a trigger or function of the database refused; see the log of the service";
    }
    if (sql.sqlstate == kNotInPrerequisiteState) return not_in_state(sql);
    switch (code_of(sql.sqlstate)) {
        case Code::kMissingGrant:
            return permission(sql);
        case Code::kInvalid:
            return value_fault(sql);
        case Code::kUnavailable:
            return unavailable(sql.sqlstate);
        default:
            break;
    }
    return "the database refused (SQLSTATE " + sql.sqlstate + "); see the log of the service";
}

// libpq tells each address that it tried on a line of its own.
std::string one_line(const std::string& text) {
    std::string line;
    for (const char c : text) {
        const bool space = c == ' ' || c == '\t' || c == '\n';
        if (space && (line.empty() || line.back() == ' ')) continue;
        line += c == '\n' ? "; " : space ? " " : std::string(1, c);
    }
    line.erase(line.find_last_not_of("; ") + 1);
    return line;
}

std::string said(const SqlError& sql) {
    constexpr std::size_t kMostContext = 2000;  // the outer part is SQL of trashd's own
    std::string text = "[" + sql.sqlstate + ": " + sql.message;
    if (!sql.detail.empty()) text += "; detail: " + sql.detail;
    if (!sql.hint.empty()) text += "; hint: " + sql.hint;
    if (!sql.context.empty()) text += "; context: " + sql.context.substr(0, kMostContext);
    std::ranges::replace(text, '\n', ' ');
    return text + "]";
}

}  // namespace

std::string_view code_name(Code code) {
    return kNames.at(static_cast<std::size_t>(code));
}

std::string in_log(const std::exception& error) {
    const auto* own = dynamic_cast<const Error*>(&error);
    if (!own || !own->sql()) return error.what();
    const auto& sql = *own->sql();
    if (own->of_class(kConnectionExceptions))
        return "the database cannot be reached: " + one_line(sql.message);
    return std::string(own->what()) + " " + said(sql);
}

bool Error::of_foreign_key() const {
    return is(kForeignKeyViolation) || is(kRestrictViolation);
}

Error::Error(SqlError sql)
    : std::runtime_error(detail_of(sql)), code_(code_of(sql)), sql_(std::move(sql)) {}

}  // namespace trashd
