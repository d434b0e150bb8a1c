// Erasure of a person over HTTP: what hangs on an object in the trash loses its personal values.
#include "schema/catalog/catalog.hpp"
#include "schema/error.hpp"
#include "service/api/caller.hpp"
#include "service/api/context.hpp"
#include "service/api/json.hpp"
#include "service/api/request.hpp"
#include "service/config/config.hpp"
#include "service/handlers/handlers.hpp"
#include "service/http/url.hpp"
#include "service/parsing/body_members.hpp"
#include "service/parsing/json_body.hpp"
#include "service/parsing/object_id.hpp"
#include "service/requests/erased_answer.hpp"
#include "service/requests/idempotency.hpp"
#include "service/rights/actor.hpp"
#include "service/rights/cross_site.hpp"
#include "service/rights/row_rights.hpp"
#include "trash/erase/erase.hpp"

namespace trashd::service {

namespace {

// As for an address of the object.
Request asked_of(const Request& request, const Json& body, const Context& context) {
    auto asked = request;
    asked.resource = &resource_called(context, text_member(body, "resource", true));
    asked.raw_id = percent_encode(text_member(body, "id", true));
    return asked;
}

void need_personal(const trash::PersonalColumns& personal) {
    if (personal.empty())
        throw Error(Code::kConflict,
                    "no column is called personal, so nothing can be erased; name some in the "
                    "configuration, as in personal = [\"name\"] of a [[resource]]");
}

std::string json_of(const Request& asked, const std::string& id, const trash::Erased& erased,
                    const Context& context) {
    JsonWriter out;
    out.StartObject();
    out.key("resource").text(encode_path(asked.resource->path));
    out.key("id").text(id);
    out.key("groups").Int64(erased.groups);
    out.key("counts").StartArray();
    for (const auto& [table, count] : erased.counts) {
        out.StartObject();
        out.key("resource").text(context.resources->path_of(table));
        out.key("count").Int64(count);
        out.EndObject();
    }
    out.EndArray();
    if (!erased.receipt.empty()) out.key("receipt").text(erased.receipt);
    out.EndObject();
    return out.take();
}

trash::Actor actor_for(const Request& request, const Caller& caller, const Json& body) {
    std::optional<std::string> reason;
    if (body.member("reason")) reason = text_member(body, "reason", true);
    return actor_with_reason(request, caller, std::move(reason), "'reason'");
}

trash::Erased erase_now(const Request& asked, const Context& context,
                        const trash::EraseOptions& options, const trash::Actor& actor) {
    try {
        return trash::erase(*context.trash, asked.resource->table->name, object_id(asked), options,
                            actor);
    } catch (const Error& error) {
        if (!refuses_id(asked, context, error)) throw;
        throw not_found(asked);
    }
}

}  // namespace

Response create_erasure(const Request& request, const Caller& caller, const Context& context) {
    refuse_foreign(request, context);
    request.target.query.only({});
    const auto body = parse_body(request, context);
    only_members(body, "an erasure", {"resource", "id", "reason", "dryRun"});
    const auto asked = asked_of(request, body, context);
    caller.access.need(Right::kErase, *asked.resource);
    const bool dry_run = flag_member(body, "dryRun");
    const auto actor = dry_run ? actor_of(request, caller) : actor_for(request, caller, body);
    const auto personal = personal_columns(*context.config);
    need_personal(personal);
    need_on_row(asked, caller, context, Right::kErase, object_id(asked));
    const auto id = text_member(body, "id", true);
    trash::EraseOptions options{personal, dry_run, check_of(caller, context, {Right::kErase})};
    options.answer = [&](const std::string& text, const trash::ErasedObjects& objects) {
        return erased_answer(text, objects, personal, *context.resources);
    };
    options.at_end = [&](schema::Transaction& transaction, const trash::Erased& erased) {
        keep_reply(context, transaction,
                   {200, json_of(asked, id, erased, context), "application/json", {}});
    };
    Response reply;
    reply.body = json_of(asked, id, erase_now(asked, context, options, actor), context);
    return reply;
}

}  // namespace trashd::service
