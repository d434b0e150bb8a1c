#include "service/api/delete_request.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "service/api/actor.hpp"
#include "service/api/preconditions.hpp"
#include "service/api/row_rights.hpp"

namespace trashd::service {

DeleteRequest parse_delete(const Call& call, const std::set<std::string>& others) {
    const auto& query = call.target.query;
    std::set<std::string> known = {"hard", "permanent", "cascade", "dryRun", "confirm", "reason"};
    known.insert(others.begin(), others.end());
    for (const char* name : {"trash", "deleted"})
        if (query.text(name))
            throw Error(Code::kBadRequest,
                        fmt::format("a DELETE does not take '{}'; hard=true deletes for good, also "
                                    "what is in the trash",
                                    name));
    query.only(known);
    DeleteRequest wish;
    wish.hard = query.flag("hard", query.flag("permanent"));
    if (query.flag("permanent", wish.hard) != wish.hard)
        throw Error(Code::kBadRequest, "'hard' and 'permanent' mean the same; give one of them");
    wish.cascade = query.flag("cascade");
    wish.dry_run = query.flag("dryRun");
    wish.confirmed = query.flag("confirm");
    wish.represent = prefers(call, "return=representation");
    wish.if_match = if_match(call);
    auto reason = query.text("reason").value_or("");
    auto characters = std::count_if(reason.begin(), reason.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    });
    if (characters > 500) throw Error(Code::kBadRequest, "'reason' may have up to 500 characters");
    return wish;
}

bool must_rehearse(const Call& call, const DeleteRequest& wish) {
    if (wish.dry_run && !wish.if_match.empty()) return true;
    // what triggers refuse shows only when it is tried
    if (wish.dry_run && call.trash->meets_code(call.resource->table->name, wish.cascade))
        return true;
    const bool asked = wish.check.rows || !call.config->access.roles.empty();
    return asked && (wish.dry_run || lacks_confirm(call, wish));
}

bool lacks_confirm(const Call& call, const DeleteRequest& wish) {
    return call.resource->confirm && !wish.confirmed;
}

bool lacks_reason(const Call& call) {
    return call.resource->require_reason && !reason_of(call);
}

// Asked again when the plan is carried out, which may be another one by then.
void need_on_taken(const Call& call, DeleteRequest& wish) {
    std::vector<Right> rights = {Right::kTrash};
    if (wish.hard) rights.push_back(Right::kPurge);
    wish.check = check_of(call, rights);
    if (wish.check.tables)
        wish.check.tables(call.trash->taken_by(call.resource->table->name, wish.cascade));
    if (wish.hard) call.access.need(Right::kPurge, *call.resource);
}

Error reason_required() {
    return Error(Code::kReasonRequired, "this resource asks for ?reason=");
}

}  // namespace trashd::service
