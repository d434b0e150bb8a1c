// PostgreSQL says where an error comes from only in its context, a stack of calls. Calls that are
// not of the trash's own functions are the users' code; the trigger that runs it is found by the
// name of its function.
#include "trash/access/trigger_refusal.hpp"

#include <algorithm>

#include "schema/catalog/catalog.hpp"
#include "schema/catalog/stale_catalog.hpp"
#include "schema/context.hpp"
#include "schema/sqlstate.hpp"
#include "schema/trigger_words.hpp"

namespace trashd::trash {
namespace {

using schema::Frame;
using schema::QualifiedName;
using schema::Table;
using Tables = std::vector<const Table*>;

std::string plain(const QualifiedName& name) {
    return name.schema + "." + name.name;
}

// Names as the server quotes them against names that are not quoted.
bool runs(const schema::Trigger& trigger, const Frame& frame) {
    auto name = frame.function;
    std::erase(name, '"');
    return name == trigger.function.name || name == plain(trigger.function);
}

std::vector<std::string> triggers_of(const Tables& tables, const Frame& frame) {
    std::vector<std::string> found;
    for (const auto* table : tables)
        for (const auto& trigger : table->triggers)
            if (runs(trigger, frame)) found.push_back(trigger.name + " of " + plain(table->name));
    return found;
}

// Who raised it: the trigger where it can be told, else the function.
std::string subject(const std::vector<Frame>& frames, const Tables& tables) {
    for (const auto& frame : frames)
        if (const auto names = triggers_of(tables, frame); !names.empty())
            return schema::trigger_words(names);
    return "the function " + frames.front().function;
}

std::string sentence(const std::string& who, const Error& error) {
    const auto& sql = *error.sql();
    if (schema::written_for_users(sql)) return who + " refuses: " + sql.message;
    if (sql.sqlstate == sqlstate::kInsufficientPrivilege)
        return who + " lacks a privilege: " + error.what();
    if (error.of_class(sqlstate::kIntegrityViolations)) return who + " fails: " + error.what();
    if (schema::names_nothing(error))
        return who +
               " fails: it names what is not there, or not in the search_path of the service's "
               "role; see the log of the service";
    return who + " fails on these rows; see the log of the service";
}

}  // namespace

std::optional<Error> refusal_by_code(const Error& error, const std::string& trash_schema,
                                     const Tables& tables) {
    if (!error.sql() || error.code() == Code::kForbidden) return std::nullopt;
    const auto frames = schema::foreign_frames(*error.sql(), trash_schema);
    if (frames.empty()) return std::nullopt;
    if (error.code() == Code::kUnavailable && !frames.front().by_author) return std::nullopt;
    return Error(Code::kConflict, sentence(subject(frames, tables), error), *error.sql());
}

std::string delete_triggers(const Tables& tables) {
    std::string all;
    for (const auto* table : tables)
        for (const auto& trigger : table->triggers)
            if (trigger.on_delete)
                all += (all.empty() ? "" : ", ") + trigger.name + " of " + plain(table->name);
    return all;
}

}  // namespace trashd::trash
