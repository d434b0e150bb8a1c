// Who asks and what that one may do, so that a client need not try and be refused.
#include "service/api/caller.hpp"
#include "service/api/context.hpp"
#include "service/api/json.hpp"
#include "service/api/request.hpp"
#include "service/auth/permissions.hpp"
#include "service/auth/principal.hpp"
#include "service/auth/principal_limits.hpp"
#include "service/config/config.hpp"
#include "service/config/resources.hpp"
#include "service/config/roles.hpp"
#include "service/handlers/handlers.hpp"

namespace trashd::service {

namespace {

void write_limit(JsonWriter& out, const char* name, long long limit) {
    out.key(name);
    if (limit == 0)
        out.Null();
    else
        out.Int64(limit);
}

// "all": for all rows; "own": for those that the roles call one's own; "own-deletes": of these only
// for what one has deleted oneself; nothing where there is none.
const char* extent_of(const Access& access, Right right, const Resource& resource) {
    if (access.everywhere(right)) return nullptr;  // said under *
    if (access.allows(right, resource)) return "all";
    if (!access.owners(right, resource, GroupsOf::kAnyone).empty()) return "own";
    return access.reaches(right, resource) ? kOwnDeletes : nullptr;
}

void write_everywhere(JsonWriter& out, const Access& access) {
    out.key("*").StartObject();
    for (const auto right : kRights)
        if (access.everywhere(right)) out.key(std::string(right_name(right)).c_str()).text("all");
    out.EndObject();
}

void write_on_resource(JsonWriter& out, const Access& access, const Resource& resource) {
    bool open = false;
    for (const auto right : kRights) {
        const char* extent = extent_of(access, right, resource);
        if (!extent) continue;
        if (!open) out.key(encode_path(resource.path).c_str()).StartObject();
        open = true;
        out.key(std::string(right_name(right)).c_str()).text(extent);
    }
    if (open) out.EndObject();
}

void write_rights(JsonWriter& out, const Access& access, const Resources& resources) {
    out.key("rights").StartObject();
    write_everywhere(out, access);
    for (const auto& resource : resources.all()) write_on_resource(out, access, resource);
    out.EndObject();
}

void write_limits(JsonWriter& out, const Config& config, const Principal& principal) {
    const auto limits = limits_of(config, principal);
    out.key("limits").StartObject();
    write_limit(out, "deleteRows", limits.delete_rows);
    write_limit(out, "requestsPerSecond", limits.requests_per_second);
    write_limit(out, "burst", limits.burst);
    write_limit(out, "operations", config.limits.operations);
    out.key("bodyBytes").Uint64(config.limits.body_bytes);
    out.EndObject();
}

void write_settings(JsonWriter& out, const Config& config) {
    out.key("settings").StartObject();
    write_limit(out, "asyncRows", config.limits.async_rows);
    out.key("restoreByGet").Bool(config.restore_by_get);
    out.key("idempotencyHours").Int64(config.idempotency_hours);
    out.EndObject();
}

void write_principal(JsonWriter& out, const Principal& principal) {
    out.key("principal").text(principal.id);
    out.key("kind").text(principal.kind);
    out.key("name").text(principal.called.value_or(principal.id));
    out.key("tenant").text_or_null(principal.tenant);
    out.key("roles").StartArray();
    for (const auto& role : principal.roles) out.text(role);
    out.EndArray();
    out.key("expiresAt").text_or_null(principal.expires_at);
}

}  // namespace

Response get_current_principal(const Request& request, const Caller& caller,
                               const Context& context) {
    request.target.query.only({});
    JsonWriter out;
    out.StartObject();
    write_principal(out, caller.principal);
    write_rights(out, caller.access, *context.resources);
    write_limits(out, *context.config, caller.principal);
    write_settings(out, *context.config);
    out.EndObject();
    Response reply;
    reply.body = out.take();
    return reply;
}

}  // namespace trashd::service
