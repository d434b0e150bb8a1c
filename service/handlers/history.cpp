#include <limits>

#include "service/api/cursor.hpp"
#include "service/api/json.hpp"
#include "service/api/object_id.hpp"
#include "service/api/parameters.hpp"
#include "service/api/redaction.hpp"
#include "service/api/row_rights.hpp"
#include "service/handlers/handlers.hpp"

namespace trashd::service {

namespace {

// The id of the entry before; all are older than the end of numbers.
long long start_of(const Call& call) {
    auto text = call.target.query.text("cursor");
    if (!text) return std::numeric_limits<long long>::max();
    return cursor_number(decode_cursor(*text, list_mark(call.target), 1)[0]);
}

std::optional<std::string> action_of(const Call& call) {
    auto action = call.target.query.text("action");
    for (const char* known : {"trashed", "restored", "purged", "deleted"})
        if (!action || *action == known) return action;
    throw Error(Code::kBadRequest, "'action' must be trashed, restored, purged or deleted");
}

// Who may see own rows only has to have that one: trashed, or live.
void need_on_own(const Call& call, const std::vector<std::string>& id) {
    if (call.access.allows(Right::kViewTrash, *call.resource)) return;
    const auto item = call.trash->find(call.resource->table->name, id, false);
    if (item) return need_on_item(call, Right::kViewTrash, item->id);
    if (!has_row(call, Right::kViewTrash, id)) throw not_found(call);
}

Response render(const Call& call, const trash::HistoryPage& page) {
    JsonWriter out;
    out.StartArray();
    for (const auto& entry : page.entries) write_entry(out, redact(call, entry), *call.resources);
    out.EndArray();
    Response reply;
    reply.body = out.take();
    if (page.more)
        link(reply, call, "next", "cursor",
             encode_cursor(list_mark(call.target), {page.entries.back().id}));
    return reply;
}

}  // namespace

Response list_history(const Call& call) {
    const auto& query = call.target.query;
    query.only(
        {"limit", "cursor", "resource", "objectId", "action", "by", "groupId", "from", "to"});
    trash::HistoryFilter filter;
    filter.table = table_of(call);
    if (filter.table) need_on_table(call, Right::kViewTrash, *filter.table);
    filter.among = tables_with(call, Right::kViewTrash);
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

Response object_history(const Call& call) {
    call.target.query.only({"limit", "cursor"});
    const auto id = object_id(call);
    need_on_own(call, id);
    trash::HistoryQuery asked{limit_of(call), start_of(call), tables_with(call, Right::kViewTrash)};
    // a key may have been another's before
    if (!call.access.allows(Right::kViewTrash, *call.resource)) asked.by = call.access.id();
    return render(call, call.trash->history_of(call.resource->table->name, id, asked));
}

}  // namespace trashd::service
