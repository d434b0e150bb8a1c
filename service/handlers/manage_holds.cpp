// Holds: made, listed and released over HTTP. Who may hold all of every resource sees all of them,
// others those that they have made.
#include "schema/error.hpp"
#include "schema/session/transaction.hpp"
#include "service/api/caller.hpp"
#include "service/api/context.hpp"
#include "service/api/hold_json.hpp"
#include "service/api/json.hpp"
#include "service/api/request.hpp"
#include "service/handlers/handlers.hpp"
#include "service/http/url.hpp"
#include "service/parsing/body_members.hpp"
#include "service/parsing/cursor.hpp"
#include "service/parsing/json_body.hpp"
#include "service/parsing/object_id.hpp"
#include "service/parsing/parameters.hpp"
#include "service/requests/hold_request.hpp"
#include "service/requests/idempotency.hpp"
#include "service/rights/actor.hpp"
#include "service/rights/cross_site.hpp"
#include "trash/records/holds.hpp"

namespace trashd::service {

namespace {

std::optional<std::string> maker_seen(const Caller& caller) {
    if (caller.access.everywhere(Right::kHold)) return std::nullopt;
    return caller.principal.id;
}

std::string hold_id(const Request& request) {
    auto id = percent_decode(request.raw_id);
    if (!is_uuid(id)) throw Error(Code::kNotFound, "there is no such hold");
    return id;
}

std::string json_of(const trash::Hold& hold, const Context& context) {
    JsonWriter out;
    write_hold(out, hold, *context.resources);
    return out.take();
}

}  // namespace

Response list_holds(const Request& request, const Caller& caller, const Context& context) {
    const auto& query = request.target.query;
    query.only({"limit", "cursor", "all"});
    trash::HoldQuery asked{limit_of(request), 0, query.flag("all"), maker_seen(caller)};
    if (const auto cursor = query.text("cursor"))
        asked.before = cursor_number(decode_cursor(*cursor, list_mark(request.target), 1)[0]);
    trash::HoldPage page;
    context.trash->run(schema::Mode::kRead, [&](schema::Transaction& transaction) {
        page = trash::list_holds(transaction, context.trash->schema_name(), asked);
    });
    JsonWriter out;
    write_holds(out, page.holds, *context.resources);
    Response reply;
    reply.body = out.take();
    if (page.more)
        link(reply, request, "next", "cursor",
             encode_cursor(list_mark(request.target), {std::to_string(page.last)}));
    return reply;
}

Response get_hold(const Request& request, const Caller& caller, const Context& context) {
    request.target.query.only({});
    Response reply;
    context.trash->run(schema::Mode::kRead, [&](schema::Transaction& transaction) {
        reply.body = json_of(trash::get_hold(transaction, context.trash->schema_name(),
                                             hold_id(request), maker_seen(caller)),
                             context);
    });
    return reply;
}

Response create_hold(const Request& request, const Caller& caller, const Context& context) {
    refuse_foreign(request, context);
    request.target.query.only({});
    const auto body = parse_body(request, context);
    const auto wanted = parse_hold(request, caller, context);
    const auto actor = actor_with_reason(
        request, caller,
        body.member("reason") ? std::optional(text_member(body, "reason", true)) : std::nullopt,
        "'reason'");
    Response reply;
    try {
        context.trash->run(schema::Mode::kMove, [&](schema::Transaction& transaction) {
            const auto hold =
                trash::create_hold(transaction, context.trash->schema_name(), wanted, actor);
            reply = {201,
                     json_of(hold, context),
                     "application/json",
                     {{"Location", "/v1/@holds/" + hold.id}}};
            keep_reply(context, transaction, reply);
        });
    } catch (const Error& error) {
        if (!is_bad_key(error)) throw;
        throw Error(Code::kInvalid, "'until' must be a time that exists");
    }
    return reply;
}

Response release_hold(const Request& request, const Caller& caller, const Context& context) {
    refuse_foreign(request, context);
    request.target.query.only({"reason"});
    const auto id = hold_id(request);
    const auto actor =
        actor_with_reason(request, caller, request.target.query.text("reason"), "?reason=");
    context.trash->run(schema::Mode::kMove, [&](schema::Transaction& transaction) {
        trash::release_hold(transaction, context.trash->schema_name(), id, maker_seen(caller),
                            actor);
        keep_reply(context, transaction, {204, "", "", {}});
    });
    return {204, "", "", {}};
}

}  // namespace trashd::service
