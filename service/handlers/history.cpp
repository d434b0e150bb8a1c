// Reads of the ledger. Who may see own rows alone gets the entries of these, and of the others not
// even how many there are.
#include <limits>

#include "schema/catalog/catalog.hpp"
#include "service/api/caller.hpp"
#include "service/api/context.hpp"
#include "service/api/json.hpp"
#include "service/api/request.hpp"
#include "service/config/actions.hpp"
#include "service/handlers/handlers.hpp"
#include "service/parsing/cursor.hpp"
#include "service/parsing/object_id.hpp"
#include "service/parsing/parameters.hpp"
#include "service/rights/redaction.hpp"
#include "service/rights/row_rights.hpp"
#include "trash/store/groups.hpp"

namespace trashd::service {

namespace {

// The id of the entry before; all are older than the end of numbers.
long long start_of(const Request& request) {
    auto text = request.target.query.text("cursor");
    if (!text) return std::numeric_limits<long long>::max();
    return cursor_number(decode_cursor(*text, list_mark(request.target), 1)[0]);
}

std::optional<std::string> action_of(const Request& request) {
    auto action = request.target.query.text("action");
    for (const char* known : kActions)
        if (!action || *action == known) return action;
    throw Error(Code::kBadRequest,
                "'action' must be trashed, restored, copied, purged, deleted, expiry-set, held, "
                "released, pruned, erased, key-created or key-revoked");
}

// Who may see own rows only has to have that one: trashed, or live.
void need_on_own(const Request& request, const Caller& caller, const Context& context,
                 const std::vector<std::string>& id) {
    if (caller.access.allows(Right::kViewTrash, *request.resource)) return;
    const auto item = context.trash->find(request.resource->table->name, id, false);
    if (item) return need_on_item(caller, context, Right::kViewTrash, item->id);
    if (!has_row(request, caller, context, Right::kViewTrash, id)) throw not_found(request);
}

Response render(const Request& request, const Caller& caller, const Context& context,
                const trash::HistoryPage& page) {
    JsonWriter out;
    out.StartArray();
    for (const auto& entry : page.entries)
        write_entry(out, redact(caller, context, entry), *context.resources);
    out.EndArray();
    Response reply;
    reply.body = out.take();
    if (page.more)
        link(reply, request, "next", "cursor",
             encode_cursor(list_mark(request.target), {page.entries.back().id}));
    return reply;
}

}  // namespace

Response list_history(const Request& request, const Caller& caller, const Context& context) {
    const auto& query = request.target.query;
    query.only(
        {"limit", "cursor", "resource", "objectId", "action", "by", "groupId", "from", "to"});
    trash::HistoryFilter filter;
    filter.table = table_of(request, context);
    if (filter.table) need_on_table(caller, context, Right::kViewTrash, *filter.table);
    filter.among = tables_with(caller, context, Right::kViewTrash);
    filter.object_id = query.text("objectId");
    filter.action = action_of(request);
    filter.by = query.text("by");
    filter.group_id = group_of(request);
    filter.from = time_of(request, "from");
    filter.to = time_of(request, "to");
    try {
        return render(request, caller, context,
                      context.trash->history(filter, limit_of(request), start_of(request)));
    } catch (const Error& error) {
        if (!is_bad_key(error)) throw;
        throw Error(Code::kBadRequest, "'from' and 'to' must be times that exist");
    }
}

Response object_history(const Request& request, const Caller& caller, const Context& context) {
    request.target.query.only({"limit", "cursor"});
    const auto id = object_id(request);
    need_on_own(request, caller, context, id);
    trash::HistoryQuery asked{limit_of(request), start_of(request),
                              tables_with(caller, context, Right::kViewTrash)};
    // a key may have been another's before
    if (!caller.access.allows(Right::kViewTrash, *request.resource)) asked.by = caller.access.id();
    return render(request, caller, context,
                  context.trash->history_of(request.resource->table->name, id, asked));
}

}  // namespace trashd::service
