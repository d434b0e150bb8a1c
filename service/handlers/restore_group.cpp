#include "service/handlers/restore_group.hpp"

#include <map>
#include <utility>

#include "schema/session/transaction.hpp"
#include "service/api/context.hpp"
#include "service/api/json.hpp"
#include "service/api/problem.hpp"
#include "service/api/row_stream.hpp"
#include "service/config/config.hpp"
#include "service/handlers/handlers.hpp"
#include "service/parsing/cursor.hpp"
#include "service/parsing/json_body.hpp"
#include "service/parsing/object_id.hpp"
#include "service/parsing/parameters.hpp"
#include "service/parsing/preconditions.hpp"
#include "service/requests/async_requests.hpp"
#include "service/requests/idempotency.hpp"
#include "service/requests/restore_request.hpp"
#include "service/rights/actor.hpp"
#include "service/rights/cross_site.hpp"
#include "service/rights/redaction.hpp"
#include "service/rights/row_rights.hpp"
#include "trash/model/errors.hpp"
#include "trash/records/operations.hpp"

namespace trashd::service {

trash::RestoreOptions restore_options(const Request& request, const Caller& caller,
                                      const Context& context) {
    const auto& query = request.target.query;
    auto with = query.text("with");
    if (with && *with != "ancestors") throw Error(Code::kBadRequest, "'with' must be ancestors");
    trash::RestoreOptions options{with.has_value(), query.flag("lossy"), query.flag("dryRun")};
    if (!options.dry_run) options.most = most_rows(request, context);
    options.check = check_of(caller, context, {Right::kRestore});
    if (context.operation || context.key_claim)
        options.at_end = [&caller, &context](schema::Transaction& transaction,
                                             const trash::Restored& done) {
            Response reply;
            reply.body = restored_json(redact(caller, context, done), *context.resources);
            if (context.operation) context.operation->end(transaction, done.restored, reply.body);
            keep_reply(context, transaction, reply);
        };
    return options;
}

namespace {

// A copy makes rows, as a POST does.
void need_for_copy(const Caller& caller, const Context& context, const std::string& item,
                   trash::RestoreOptions& options) {
    need_on_group(caller, context, Right::kWrite, item);
    options.check = check_of(caller, context, {Right::kRestore, Right::kWrite});
}

}  // namespace

// GET restores because primaERP documents it so; HEAD asks what GET would answer and must not.
Response restore_item(const Request& request, const Caller& caller, const Context& context) {
    if (request.safe && !context.config->restore_by_get) throw WrongVerb("POST, OPTIONS");
    if (request.head) throw WrongVerb("GET, POST, OPTIONS");
    refuse_foreign(request, context);
    request.target.query.only({"with", "dryRun", "lossy"});
    auto options = restore_options(request, caller, context);
    options.if_match = if_match(request);
    const auto item = trash_item_id(request);
    if (says_something(request)) {
        need_on_group(caller, context, Right::kRestore, item);
        options.choices = parse_choices(request, caller, context, item);
        options.check_swapped = check_of(caller, context, {Right::kTrash});
        if (options.choices.copy) need_for_copy(caller, context, item, options);
    }
    return restore_group(request, caller, context, item, options);
}

Response restore_group(const Request& request, const Caller& caller, const Context& context,
                       const std::string& item_id, const trash::RestoreOptions& options) {
    need_on_group(caller, context, Right::kRestore, item_id);
    auto later = [&] {
        return accept(request, caller, context, "restore",
                      context.trash->item(item_id, false).group_size);
    };
    if (wants_async(request, context) && !options.dry_run) return later();
    Response reply;
    try {
        reply.body = restored_json(
            redact(caller, context,
                   context.trash->restore(item_id, options, actor_of(request, caller))),
            *context.resources);
    } catch (const trash::TooLarge&) {
        return later();
    }
    return reply;
}

}  // namespace trashd::service
