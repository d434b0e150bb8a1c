#include "service/rights/actor.hpp"

#include "service/api/caller.hpp"
#include "service/api/request.hpp"

namespace trashd::service {

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

}  // namespace trashd::service
