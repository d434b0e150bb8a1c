#include "service/rights/actor.hpp"

#include "schema/error.hpp"
#include "service/api/caller.hpp"
#include "service/api/request.hpp"
#include "service/http/url.hpp"

namespace trashd::service {

namespace {

constexpr std::size_t kMostReason = 500;  // bytes

}  // namespace

std::optional<std::string> reason_of(const Request& request) {
    auto reason = request.target.query.text("reason");
    if (reason && is_blank(*reason)) reason.reset();
    return reason;
}

trash::Actor actor_of(const Request& request, const Caller& caller) {
    trash::Actor actor;
    actor.reason = reason_of(request);
    actor.by = caller.principal.id;
    if (!request.request_id.empty()) actor.request_id = request.request_id;
    if (!request.peer.empty()) actor.address = request.peer;
    return actor;
}

trash::Actor actor_with_reason(const Request& request, const Caller& caller,
                               std::optional<std::string> reason, const char* where) {
    auto actor = actor_of(request, caller);
    if (!reason || is_blank(*reason))
        throw Error(Code::kReasonRequired, std::string("a reason is needed; give it in ") + where);
    if (reason->size() > kMostReason)
        throw Error(Code::kBadRequest, "a reason has at most 500 bytes");
    actor.reason = std::move(reason);
    return actor;
}

}  // namespace trashd::service
