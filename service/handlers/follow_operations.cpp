// Requests that are worked on apart from them: what has become of them, and calling them off.
#include <array>

#include "schema/error.hpp"
#include "service/api/caller.hpp"
#include "service/api/context.hpp"
#include "service/api/json.hpp"
#include "service/api/request.hpp"
#include "service/config/roles.hpp"
#include "service/handlers/handlers.hpp"
#include "service/http/url.hpp"
#include "service/parsing/cursor.hpp"
#include "service/parsing/parameters.hpp"
#include "service/rights/cross_site.hpp"
#include "trash/records/operations.hpp"

namespace trashd::service {

namespace {

constexpr std::array kStates = {"queued", "running", "done", "failed", "cancelled"};

// Another's operation is not there, unless for who looks after the service.
bool may_see(const Caller& caller, const Context& context, const trash::Operation& operation) {
    if (context.trash->tenant() && operation.tenant != context.trash->tenant()) return false;
    return operation.by == caller.principal.id || caller.access.everywhere(Right::kAdmin);
}

trash::Operation operation_of(const Request& request, const Caller& caller,
                              const Context& context) {
    const auto id = percent_decode(request.raw_id);
    if (!is_uuid(id)) throw Error(Code::kNotFound, "there is no such operation");
    const auto operation = context.trash->operations().get(id);
    if (!may_see(caller, context, operation))
        throw Error(Code::kNotFound, "there is no such operation");
    return operation;
}

std::optional<std::string> state_of(const Request& request) {
    auto state = request.target.query.text("state");
    for (const char* known : kStates)
        if (!state || *state == known) return state;
    throw Error(Code::kBadRequest, "'state' must be queued, running, done, failed or cancelled");
}

Response render(const trash::Operation& operation) {
    Response reply;
    reply.body = operation_json(operation);
    if (!operation.ended_at) reply.headers.emplace_back("Retry-After", "1");
    return reply;
}

}  // namespace

Response list_operations(const Request& request, const Caller& caller, const Context& context) {
    const auto& query = request.target.query;
    query.only({"limit", "cursor", "state", "by"});
    trash::OperationFilter filter{state_of(request), query.text("by"), context.trash->tenant(),
                                  limit_of(request)};
    if (const auto cursor = query.text("cursor"))
        filter.before = cursor_number(decode_cursor(*cursor, list_mark(request.target), 1)[0]);
    const bool all = caller.access.everywhere(Right::kAdmin);
    const bool others = !all && filter.by && *filter.by != caller.principal.id;
    if (!all) filter.by = caller.principal.id;
    auto found =
        others ? std::vector<trash::Operation>() : context.trash->operations().list(filter);
    const bool more = found.size() > static_cast<std::size_t>(filter.limit);
    if (more) found.pop_back();
    JsonArray elements;
    for (const auto& operation : found) elements.add({operation_json(operation)});
    Response reply;
    if (more)
        link(reply, request, "next", "cursor",
             encode_cursor(list_mark(request.target), {std::to_string(found.back().number)}));
    reply.spool = elements.finish();
    return reply;
}

Response get_operation(const Request& request, const Caller& caller, const Context& context) {
    request.target.query.only({});
    return render(operation_of(request, caller, context));
}

Response cancel_operation(const Request& request, const Caller& caller, const Context& context) {
    refuse_foreign(request, context);
    request.target.query.only({});
    return render(context.trash->operations().cancel(operation_of(request, caller, context).id));
}

}  // namespace trashd::service
