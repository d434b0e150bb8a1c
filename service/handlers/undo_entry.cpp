// Undoing an entry of the ledger: what went into the trash comes back, what came back goes there
// again, with all that its transaction did.
#include <algorithm>
#include <limits>

#include "schema/session/transaction.hpp"
#include "service/api/caller.hpp"
#include "service/api/context.hpp"
#include "service/api/json.hpp"
#include "service/api/problem.hpp"
#include "service/handlers/handlers.hpp"
#include "service/handlers/undo_link.hpp"
#include "service/parsing/object_id.hpp"
#include "service/requests/async_requests.hpp"
#include "service/requests/idempotency.hpp"
#include "service/rights/actor.hpp"
#include "service/rights/cross_site.hpp"
#include "service/rights/redaction.hpp"
#include "service/rights/row_rights.hpp"
#include "trash/model/errors.hpp"
#include "trash/records/operations.hpp"

namespace trashd::service {
namespace {

constexpr std::size_t kMostDigits = 18;

bool is_there(const Context& context, const trash::HistoryFilter& filter) {
    return !context.trash->history(filter, 1, std::numeric_limits<long long>::max())
                .entries.empty();
}

// One's own entries, and those of what one may see in the trash; of others not even that they are.
std::string visible_entry(const Request& request, const Caller& caller, const Context& context) {
    const auto& id = request.raw_id;
    const bool number = !id.empty() && id.size() <= kMostDigits &&
                        std::ranges::all_of(id, [](char c) { return c >= '0' && c <= '9'; });
    if (!number) throw not_found(request);
    trash::HistoryFilter filter;
    filter.id = id;
    filter.by = caller.access.id();
    if (is_there(context, filter)) return id;
    filter.by.reset();
    filter.among = tables_with(caller, context, Right::kViewTrash);
    if (!is_there(context, filter)) throw not_found(request);
    return id;
}

std::string render(const Caller& caller, const Context& context, trash::Undone undone) {
    if (undone.back) undone.back = redact(caller, context, *undone.back);
    return undone_json(undone, *context.resources);
}

trash::UndoOptions options_of(const Request& request, const Caller& caller,
                              const Context& context) {
    trash::UndoOptions options;
    options.dry_run = request.target.query.flag("dryRun");
    if (!options.dry_run) options.most = most_rows(request, context);
    options.check_trash = check_of(caller, context, {Right::kTrash});
    options.check_restore = check_of(caller, context, {Right::kRestore});
    options.at_end = [&](schema::Transaction& transaction, const trash::Undone& undone) {
        Response reply;
        reply.body = render(caller, context, undone);
        const auto rows = undone.trashed + (undone.back ? undone.back->restored : 0);
        if (context.operation) context.operation->end(transaction, rows, reply.body);
        keep_reply(context, transaction, reply);
    };
    return options;
}

}  // namespace

void add_undo(Response& reply, const std::string& entry) {
    if (!entry.empty())
        reply.headers.emplace_back("Link", "<" + undo_href(entry) + ">; rel=\"undo\"");
}

Response undo_entry(const Request& request, const Caller& caller, const Context& context) {
    refuse_foreign(request, context);
    request.target.query.only({"reason", "dryRun"});
    const auto entry = visible_entry(request, caller, context);
    const auto options = options_of(request, caller, context);
    const auto later = [&] { return accept(request, caller, context, "undo", std::nullopt); };
    if (wants_async(request, context) && !options.dry_run) return later();
    Response reply;
    try {
        reply.body =
            render(caller, context, context.trash->undo(entry, options, actor_of(request, caller)));
    } catch (const trash::TooLarge&) {
        return later();
    }
    return reply;
}

}  // namespace trashd::service
