#include "schema/error.hpp"

#include <array>

namespace trashd {
namespace {

constexpr std::array<std::string_view, 22> kNames = {
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
    "conflict",
    "held",
    "too-large",
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

Code code_of(std::string_view state) {
    if (any_of(state, {"23505", "23P01", "23503", "23001", "42501", "P0001"})) {
        return Code::kConflict;
    }
    if (any_of(state, {"23502", "23514", "22"})) return Code::kInvalid;
    if (any_of(state, {"57014", "55P03", "53", "08", "57P0", "25006", "26000", "42P05", "40001",
                       "40P01"})) {
        return Code::kUnavailable;
    }
    return Code::kInternal;
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
    if (state == "23505") {
        return named("unique constraint", sql.constraint) + on_table(sql) +
               " already holds these values; change them, or the row that has them";
    }
    if (state == "23P01") {
        return named("exclusion constraint", sql.constraint) + on_table(sql) +
               " refuses a row that overlaps another; change one of the two";
    }
    if (state == "23502") {
        return named("column", sql.column) + on_table(sql) + " must have a value; give one";
    }
    if (state == "23514") {
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
    if (message.find("row-level security") != message.npos) {
        return "row-level security hides rows from the service's role; make it a member of the "
               "table's owner, or give it BYPASSRLS";
    }
    if (!message.starts_with(kDenied)) {
        return "the service's role lacks a privilege; GRANT it what `trashd doctor` names";
    }
    const std::string object(message.substr(kDenied.size()));
    const std::string what = object.starts_with("schema ")     ? "USAGE"
                             : object.starts_with("function ") ? "EXECUTE"
                             : object.starts_with("database ") ? "CREATE"
                             : object.starts_with("table ")    ? "SELECT, INSERT, UPDATE, DELETE"
                                                               : "the missing privilege";
    return "the service's role may not use " + object + "; GRANT " + what + " on it to the role";
}

std::string value_fault(const SqlError& sql) {
    const std::string where =
        sql.column.empty() ? " its column" : " " + named("column", sql.column);
    if (sql.sqlstate == "22001") return "a value is too long for" + where + "; shorten it";
    if (sql.sqlstate == "22003") return "a number is out of range for" + where;
    if (any_of(sql.sqlstate, {"22007", "22008"})) return "a date or time is not valid";
    if (sql.sqlstate == "22021") return "a text is not valid UTF-8, or holds U+0000";
    return "a value is not valid for the type of" + where;
}

std::string unavailable(const std::string& state) {
    if (state == "57014") return "the statement took too long and was cancelled; try again later";
    if (state == "55P03") return "others hold locks on these rows; try again later";
    if (state == "25006") return "the database is read-only now; try again when it takes writes";
    if (state == "26000" || state == "42P05") {
        return "the connection's prepared statements are not where they were made: is there a "
               "pooler between? set pooler = \"transaction\" in the configuration of the service";
    }
    if (state.starts_with("40")) return "the change met another at the same time; try again";
    if (state.starts_with("53")) return "the database has run out of resources; try again later";
    return "the database cannot be reached; try again later";
}

std::string detail_of(const SqlError& sql) {
    if (sql.sqlstate.starts_with("23")) return integrity(sql);
    if (sql.sqlstate == "P0001") {
        return "a trigger or function of the database refused; see the log of the service";
    }
    switch (code_of(sql.sqlstate)) {
        case Code::kConflict:
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

}  // namespace

std::string_view code_name(Code code) {
    return kNames.at(static_cast<std::size_t>(code));
}

Error::Error(SqlError sql)
    : std::runtime_error(detail_of(sql)), code_(code_of(sql.sqlstate)), sql_(std::move(sql)) {}

}  // namespace trashd
