#include <charconv>
#include <limits>
#include <regex>

#include "service/cursor.hpp"
#include "service/handlers.hpp"
#include "service/json.hpp"

namespace trashd::service {

namespace {

// The id of the entry before; all are older than the end of numbers.
long long start_of(const Call& call) {
    auto text = call.target.query.text("cursor");
    if (!text) return std::numeric_limits<long long>::max();
    const auto cursor = decode_cursor(*text);
    long long before = 0;
    const auto value = cursor.values.empty() ? "" : cursor.values.front();
    const auto* end = value.data() + value.size();
    auto [stop, fault] = std::from_chars(value.data(), end, before);
    if (cursor.trashed || cursor.values.size() != 1 || fault != std::errc() || stop != end)
        throw Error(Code::kBadRequest,
                    "the cursor is not one of this list; begin again without it");
    return before;
}

// PostgreSQL would take 'yesterday' as well.
std::optional<std::string> time_of(const Call& call, const std::string& name) {
    static const std::regex kTime(
        R"(\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d))?)");
    auto text = call.target.query.text(name);
    if (text && !std::regex_match(*text, kTime))
        throw Error(Code::kBadRequest,
                    "'" + name + "' must be a time as in 2025-01-31T12:00:00Z, or a date");
    return text;
}

std::optional<schema::QualifiedName> table_of(const Call& call) {
    auto path = call.target.query.text("resource");
    if (!path) return std::nullopt;
    for (const auto& resource : call.resources->all())
        if (encode_path(resource.path) == *path) return resource.table->name;
    throw Error(Code::kBadRequest, "'resource' is none; /v1/ lists what there is");
}

std::optional<std::string> action_of(const Call& call) {
    auto action = call.target.query.text("action");
    for (const char* known : {"trashed", "restored", "purged", "deleted"})
        if (!action || *action == known) return action;
    throw Error(Code::kBadRequest, "'action' must be trashed, restored, purged or deleted");
}

std::optional<std::string> group_of(const Call& call) {
    auto group = call.target.query.text("groupId");
    if (group && !is_uuid(*group)) throw Error(Code::kBadRequest, "'groupId' must be a UUID");
    return group;
}

Reply render(const Call& call, const trash::HistoryPage& page) {
    JsonWriter out;
    out.StartArray();
    for (const auto& entry : page.entries) write_entry(out, entry, *call.resources);
    out.EndArray();
    Reply reply;
    reply.body = out.take();
    if (page.more) link_next(reply, call, encode_cursor({false, {page.entries.back().id}}));
    return reply;
}

}  // namespace

Reply list_history(const Call& call) {
    const auto& query = call.target.query;
    query.only(
        {"limit", "cursor", "resource", "objectId", "action", "by", "groupId", "from", "to"});
    trash::HistoryFilter filter;
    filter.table = table_of(call);
    filter.object_id = query.text("objectId");
    filter.action = action_of(call);
    filter.by = query.text("by");
    filter.group_id = group_of(call);
    filter.from = time_of(call, "from");
    filter.to = time_of(call, "to");
    try {
        return render(call, call.trash->history(filter, limit_of(call), start_of(call)));
    } catch (const Error& error) {
        if (!is_bad_key(error)) throw;
        throw Error(Code::kBadRequest, "'from' and 'to' must be times that exist");
    }
}

Reply object_history(const Call& call) {
    call.target.query.only({"limit", "cursor"});
    const auto id = object_id(call);
    const auto limit = limit_of(call);
    return render(call,
                  call.trash->history_of(call.resource->table->name, id, limit, start_of(call)));
}

}  // namespace trashd::service
