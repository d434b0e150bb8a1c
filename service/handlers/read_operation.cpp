// What has become of a request that is worked on apart from it.
#include "schema/error.hpp"
#include "service/api/caller.hpp"
#include "service/api/context.hpp"
#include "service/api/json.hpp"
#include "service/api/request.hpp"
#include "service/handlers/handlers.hpp"
#include "service/parsing/cursor.hpp"
#include "trash/records/operations.hpp"

namespace trashd::service {

namespace {

// Another's operation is not there, unless for who looks after the service.
bool may_see(const Caller& caller, const Context& context, const trash::Operation& operation) {
    if (context.trash->tenant() && operation.tenant != context.trash->tenant()) return false;
    return operation.by == caller.principal.id || caller.access.everywhere(Right::kAdmin);
}

}  // namespace

Response get_operation(const Request& request, const Caller& caller, const Context& context) {
    request.target.query.only({});
    const auto id = percent_decode(request.raw_id);
    if (!is_uuid(id)) throw Error(Code::kNotFound, "there is no such operation");
    const auto operation = context.trash->operations().get(id);
    if (!may_see(caller, context, operation))
        throw Error(Code::kNotFound, "there is no such operation");
    Response reply;
    reply.body = operation_json(operation);
    if (!operation.ended_at) reply.headers.emplace_back("Retry-After", "1");
    return reply;
}

}  // namespace trashd::service
