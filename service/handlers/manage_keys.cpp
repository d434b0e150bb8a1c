// API keys: made, listed and revoked over HTTP.
#include "schema/error.hpp"
#include "service/api/context.hpp"
#include "service/api/request.hpp"
#include "service/handlers/handlers.hpp"
#include "service/http/url.hpp"
#include "service/parsing/json_body.hpp"
#include "service/requests/key_request.hpp"
#include "service/rights/actor.hpp"
#include "service/rights/cross_site.hpp"

namespace trashd::service {

namespace {

trash::Keys keys_of(const Context& context) {
    return {context.trash->pool(), context.trash->schema_name()};
}

[[noreturn]] void bad(const std::string& why) {
    throw Error(Code::kBadRequest, why);
}

std::string text_of(const Json::Member& member) {
    if (member.value.kind != Json::Kind::kString) bad("'" + member.name + "' must be a text");
    return member.value.text;
}

std::vector<std::string> texts_of(const Json::Member& member) {
    std::vector<std::string> texts;
    if (member.value.kind != Json::Kind::kArray) bad("'" + member.name + "' must be an array");
    for (const auto& element : member.value.elements)
        texts.push_back(text_of({member.name, element}));
    return texts;
}

void take(trash::NewKey& wanted, const Json::Member& member) {
    const bool absent = member.value.kind == Json::Kind::kNull;
    if (member.name == "name")
        wanted.name = text_of(member);
    else if (member.name == "roles")
        wanted.roles = texts_of(member);
    else if (member.name == "expiresAt")
        wanted.expires = absent ? std::nullopt : std::optional(text_of(member));
    else if (member.name == "tenant")
        wanted.tenant = absent ? std::nullopt : std::optional(text_of(member));
    else
        bad("'" + member.name +
            "' is not known in this body: it has name, roles, expiresAt, tenant");
}

trash::NewKey parse_key(const Request& request, const Caller& caller, const Context& context) {
    const auto body = parse_body(request, context);
    if (body.kind != Json::Kind::kObject || !body.member("name") || !body.member("roles"))
        bad("the body must be an object with name and roles, and maybe expiresAt and tenant");
    trash::NewKey wanted;
    for (const auto& member : body.members) take(wanted, member);
    wanted.by = actor_of(request, caller);
    check_name(wanted);
    check_roles(*context.config, wanted);
    return wanted;
}

}  // namespace

Response list_keys(const Request& request, const Caller&, const Context& context) {
    request.target.query.only({});
    JsonWriter out;
    out.StartArray();
    for (const auto& key : keys_of(context).list()) {
        out.StartObject();
        write_key(out, key);
        out.EndObject();
    }
    out.EndArray();
    Response reply;
    reply.body = out.take();
    return reply;
}

// The key is told once, so its answer is not kept to be given again.
Response create_key(const Request& request, const Caller& caller, const Context& context) {
    refuse_foreign(request, context);
    request.target.query.only({});
    if (context.key_claim)
        bad("keys are told once: send it without Idempotency-Key, and revoke what was made twice");
    const auto made = keys_of(context).create(parse_key(request, caller, context));
    JsonWriter out;
    out.StartObject();
    out.key("id").text(made.key.id);
    out.key("key").text(made.text);
    out.EndObject();
    return {201, out.take(), "application/json", {{"Location", "/v1/@keys/" + made.key.id}}};
}

Response revoke_key(const Request& request, const Caller& caller, const Context& context) {
    refuse_foreign(request, context);
    request.target.query.only({});
    keys_of(context).revoke(percent_decode(request.raw_id), actor_of(request, caller));
    return {204, "", "", {}};
}

}  // namespace trashd::service
