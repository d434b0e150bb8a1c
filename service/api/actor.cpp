#include "service/api/actor.hpp"

namespace trashd::service {

std::optional<std::string> reason_of(const Call& call) {
    auto reason = call.target.query.text("reason");
    if (reason && is_blank(*reason)) reason.reset();
    return reason;
}

trash::Actor actor_of(const Call& call) {
    trash::Actor actor;
    actor.reason = reason_of(call);
    actor.by = call.principal.id;
    if (!call.request_id.empty()) actor.request_id = call.request_id;
    if (!call.peer.empty()) actor.address = call.peer;
    return actor;
}

}  // namespace trashd::service
