// What who looks after the service asks: what stands in its way, its roles, and its ledger.
#include "schema/session/pool.hpp"
#include "service/api/context.hpp"
#include "service/api/findings_json.hpp"
#include "service/api/json.hpp"
#include "service/api/ledger_verdict.hpp"
#include "service/config/config.hpp"
#include "service/handlers/handlers.hpp"
#include "service/parsing/json_body.hpp"
#include "service/requests/async_requests.hpp"

namespace trashd::service {

namespace {

Response json_reply(std::string body) {
    Response reply;
    reply.body = std::move(body);
    return reply;
}

void write_role(JsonWriter& out, const Role& role) {
    out.key("rights").StartObject();
    for (const auto& [right, patterns] : role.grants) {
        out.key(std::string(right_name(right)).c_str()).StartArray();
        for (const auto& pattern : patterns) out.text(pattern.text());
        out.EndArray();
    }
    out.EndObject();
    out.key("owner").text_or_null(role.owner.empty() ? std::nullopt : std::optional(role.owner));
    out.key("ownDeletes").StartArray();
    for (const auto right : role.own_deletes) out.text(std::string(right_name(right)));
    out.EndArray();
}

std::optional<std::string> text_member(const Json& body, const char* name) {
    const auto* found = body.member(name);
    if (!found || found->kind == Json::Kind::kNull) return std::nullopt;
    if (found->kind != Json::Kind::kString)
        throw Error(Code::kBadRequest, "'" + std::string(name) + "' must be a text");
    return found->text;
}

// An operation has its body already.
LedgerProof parse_proof(const Request& request, const Context& context) {
    if (request.body.empty()) return {};
    const auto body = context.operation
                          ? parse_json(request.body, context.config->limits.json_depth)
                          : parse_body(request, context);
    if (body.kind != Json::Kind::kObject)
        throw Error(Code::kBadRequest, "the body must be an object with head and receipt, or none");
    for (const auto& member : body.members)
        if (member.name != "head" && member.name != "receipt")
            throw Error(Code::kBadRequest, "'" + member.name + "' is not known in this body");
    return {text_member(body, "head"), text_member(body, "receipt")};
}

}  // namespace

Response diagnose(const Request& request, const Caller&, const Context& context) {
    request.target.query.only({});
    auto lease = context.trash->pool().lease();
    return json_reply(findings_json(examine(lease.connection(), *context.config)));
}

Response list_roles(const Request& request, const Caller&, const Context& context) {
    request.target.query.only({});
    JsonWriter out;
    out.StartArray();
    for (const auto& [name, role] : context.config->roles) {
        out.StartObject();
        out.key("name").text(name);
        write_role(out, role);
        out.EndObject();
    }
    out.EndArray();
    return json_reply(out.take());
}

Response get_seal(const Request& request, const Caller&, const Context& context) {
    request.target.query.only({});
    auto lease = context.trash->pool().lease();
    const auto state = trash::seal_state(lease.connection(), context.trash->schema_name());
    JsonWriter out;
    out.StartObject();
    out.key("head").text_or_null(state.head.empty() ? std::nullopt : std::optional(state.head));
    out.key("seals").Int64(state.seals);
    out.key("upTo").text_or_null(state.seals == 0 ? std::nullopt
                                                  : std::optional(std::to_string(state.upto)));
    out.key("sealedAt").text_or_null(state.sealed_at);
    out.key("unsealed").Int64(state.unsealed);
    out.EndObject();
    return json_reply(out.take());
}

Response verify_history(const Request& request, const Caller& caller, const Context& context) {
    request.target.query.only({});
    const auto proof = parse_proof(request, context);
    if (wants_async(request, context))
        return accept(request, caller, context, "verify", std::nullopt);
    auto lease = context.trash->pool().lease();
    return json_reply(
        verdict_json(judge_ledger(lease.connection(), context.trash->schema_name(), proof)));
}

}  // namespace trashd::service
