// A delete is tried inside a transaction that is taken back, instead of being counted, where code
// of the database's users or a check of rows has a say: only the try shows what they refuse.
#include "service/requests/delete_request.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "schema/catalog/catalog.hpp"
#include "service/api/caller.hpp"
#include "service/api/context.hpp"
#include "service/api/request.hpp"
#include "service/config/config.hpp"
#include "service/parsing/parameters.hpp"
#include "service/parsing/preconditions.hpp"
#include "service/rights/actor.hpp"
#include "service/rights/row_rights.hpp"

namespace trashd::service {

DeleteRequest parse_delete(const Request& request, const std::set<std::string>& others) {
    const auto& query = request.target.query;
    std::set<std::string> known = {"hard", "permanent", "cascade", "dryRun", "confirm", "reason"};
    known.insert(others.begin(), others.end());
    for (const char* name : {"trash", "deleted"})
        if (query.text(name))
            throw Error(Code::kBadRequest,
                        fmt::format("a DELETE does not take '{}'; hard=true deletes for good, also "
                                    "what is in the trash",
                                    name));
    query.only(known);
    DeleteRequest asked;
    asked.hard = query.flag("hard", query.flag("permanent"));
    if (query.flag("permanent", asked.hard) != asked.hard)
        throw Error(Code::kBadRequest, "'hard' and 'permanent' mean the same; give one of them");
    asked.cascade = query.flag("cascade");
    asked.dry_run = query.flag("dryRun");
    asked.confirmed = query.flag("confirm");
    asked.descendants = known.contains("with") && with_descendants(request);
    if (asked.descendants && !asked.hard)
        throw Error(Code::kBadRequest,
                    "'with=descendants' is of hard=true: what goes into the "
                    "trash takes nothing there along");
    asked.represent = prefers(request, "return=representation");
    asked.if_match = if_match(request);
    auto reason = query.text("reason").value_or("");
    auto characters = std::count_if(reason.begin(), reason.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    });
    if (characters > 500) throw Error(Code::kBadRequest, "'reason' may have up to 500 characters");
    return asked;
}

bool is_for_good(const Request& request, const DeleteRequest& asked) {
    return asked.hard || !request.resource->table->kept;
}

bool must_rehearse(const Request& request, const Context& context, const DeleteRequest& asked) {
    if (asked.dry_run && (!asked.if_match.empty() || asked.descendants)) return true;
    // what triggers refuse shows only when it is tried
    if (asked.dry_run && context.trash->meets_code(request.resource->table->name, asked.cascade))
        return true;
    const bool checked = asked.check.rows || !context.config->access.roles.empty();
    return checked && (asked.dry_run || lacks_confirm(request, asked));
}

bool lacks_confirm(const Request& request, const DeleteRequest& asked) {
    return request.resource->confirm && !asked.confirmed;
}

bool lacks_reason(const Request& request) {
    return request.resource->require_reason && !reason_of(request);
}

// Asked again when the plan is carried out, which may be another one by then.
void need_on_taken(const Request& request, const Caller& caller, const Context& context,
                   DeleteRequest& asked) {
    std::vector<Right> rights = {Right::kTrash};
    const bool for_good = is_for_good(request, asked);
    if (for_good) rights.push_back(Right::kPurge);
    asked.check = check_of(caller, context, rights);
    if (asked.descendants) asked.check_descendants = check_of(caller, context, {Right::kPurge});
    if (asked.check.tables)
        asked.check.tables(context.trash->taken_by(request.resource->table->name, asked.cascade));
    if (for_good) caller.access.need(Right::kPurge, *request.resource);
}

Error reason_required() {
    return Error(Code::kReasonRequired, "this resource asks for ?reason=");
}

}  // namespace trashd::service
