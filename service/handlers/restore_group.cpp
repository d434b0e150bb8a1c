#include "service/handlers/restore_group.hpp"

#include <map>
#include <utility>

#include "service/api/actor.hpp"
#include "service/api/async_requests.hpp"
#include "service/api/cross_site.hpp"
#include "service/api/cursor.hpp"
#include "service/api/idempotency.hpp"
#include "service/api/object_id.hpp"
#include "service/api/parameters.hpp"
#include "service/api/problem.hpp"
#include "service/api/redaction.hpp"
#include "service/api/row_rights.hpp"
#include "service/api/row_stream.hpp"
#include "service/handlers/handlers.hpp"

namespace trashd::service {

trash::RestoreOptions restore_options(const Call& call) {
    const auto& query = call.target.query;
    auto with = query.text("with");
    if (with && *with != "ancestors") throw Error(Code::kBadRequest, "'with' must be ancestors");
    trash::RestoreOptions options{with.has_value(), query.flag("lossy"), query.flag("dryRun")};
    if (!options.dry_run) options.most = most_rows(call);
    options.check = check_of(call, {Right::kRestore});
    options.at_end = [&call](schema::Transaction& transaction, const trash::Restored& done) {
        Response reply;
        reply.body = restored_json(redact(call, done), *call.resources);
        if (call.operation) call.operation->end(transaction, done.restored, reply.body);
        keep_reply(call, transaction, reply);
    };
    return options;
}

// GET restores because primaERP documents it so; HEAD asks what GET would answer and must not.
Response restore_item(const Call& call) {
    if (call.safe && !call.config->restore_by_get) throw WrongVerb("POST, OPTIONS");
    if (call.head) throw WrongVerb("GET, POST, OPTIONS");
    refuse_foreign(call);
    call.target.query.only({"with", "dryRun", "lossy"});
    const auto options = restore_options(call);
    return restore_group(call, trash_item_id(call), options);
}

Response restore_group(const Call& call, const std::string& item_id,
                       const trash::RestoreOptions& options) {
    need_on_group(call, Right::kRestore, item_id);
    auto later = [&] {
        return accept(call, "restore", call.trash->item(item_id, false).group_size);
    };
    if (wants_async(call) && !options.dry_run) return later();
    Response reply;
    try {
        reply.body = restored_json(
            redact(call, call.trash->restore(item_id, options, actor_of(call))), *call.resources);
    } catch (const trash::TooLarge&) {
        return later();
    }
    return reply;
}

}  // namespace trashd::service
