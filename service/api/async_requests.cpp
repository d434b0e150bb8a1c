#include "service/api/async_requests.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "service/api/json.hpp"
#include "service/api/json_body.hpp"
#include "service/api/preconditions.hpp"
#include "service/api/problem.hpp"
#include "service/auth/principal_limits.hpp"
#include "trash/store/operations.hpp"

namespace trashd::service {

namespace {

constexpr std::size_t kDepth = 4;  // of what accept() writes

std::string target_of(const Call& call) {
    std::string path;
    for (const auto& segment : call.target.raw) path += "/" + segment;
    return path + call.target.query.encoded();
}

void write_principal(JsonWriter& out, const Principal& principal) {
    out.key("roles").StartArray();
    for (const auto& role : principal.roles) out.text(role);
    out.EndArray();
    out.key("tenant").text_or_null(principal.tenant);
    out.key("claims").text(principal.claims);
    out.key("role").text_or_null(principal.role);
}

std::string request_of(const Call& call) {
    JsonWriter out;
    out.StartObject();
    out.key("verb").text(call.verb);
    out.key("target").text(target_of(call));
    out.key("body").text(call.body);
    out.key("requestId").text(call.request_id);
    out.key("address").text(call.peer);
    out.key("ifMatch").text(fmt::format("{}", fmt::join(call.headers("If-Match"), ", ")));
    write_principal(out, call.principal);
    out.EndObject();
    return out.take();
}

const Json& member(const Json& request, const char* name) {
    const auto* found = request.member(name);
    if (!found) throw Error(Code::kInternal, "the operation's request cannot be read");
    return *found;
}

std::optional<long long> delete_limit(const Call& call) {
    const auto rows = limits_of(*call.config, call.principal).delete_rows;
    return rows == 0 ? std::nullopt : std::optional(rows);
}

}  // namespace

bool wants_async(const Call& call) {
    return !call.operation && prefers(call, "respond-async");
}

std::optional<long long> most_rows(const Call& call) {
    const auto most = call.config->limits.async_rows;
    if (call.operation || most == 0 || prefers(call, "wait")) return std::nullopt;
    return most;
}

Response accept(const Call& call, const std::string& kind, std::optional<long long> total) {
    const auto operation =
        call.trash->operations().add({kind, call.principal.id, request_of(call), total,
                                      call.trash->tenant(), call.config->limits.operations});
    Response reply;
    reply.status = 202;
    reply.body = operation_json(operation);
    reply.headers = {{"Location", "/v1/operations/" + operation.id}, {"Retry-After", "1"}};
    if (wants_async(call)) reply.headers.emplace_back("Preference-Applied", "respond-async");
    return reply;
}

std::optional<long long> most_deleted(const Call& call) {
    const auto limit = delete_limit(call), waited = most_rows(call);
    return limit && waited ? std::min(limit, waited) : limit ? limit : waited;
}

Response accept_delete(const Call& call, const std::string& kind, const FindImpact& impact) {
    if (const auto limit = delete_limit(call)) {
        const auto found = impact();
        if (found && found->total > *limit) throw TooManyRows(*limit, found);
    }
    return accept(call, kind, std::nullopt);
}

Response delete_too_large(const Call& call, const std::string& kind, const FindImpact& impact) {
    const auto limit = delete_limit(call), waited = most_rows(call);
    if (limit && (!waited || *limit <= *waited)) throw TooManyRows(*limit, impact());
    return accept_delete(call, kind, impact);
}

Call accepted_call(const trash::Operation& operation) {
    const auto request = parse_json(operation.request, kDepth);
    auto text = [&](const char* name) { return member(request, name).text; };
    Call call;
    call.verb = text("verb");
    call.target = parse_target(text("target"));
    call.body = text("body");
    call.request_id = text("requestId");
    call.peer = text("address");
    call.principal.id = operation.by;
    for (const auto& role : member(request, "roles").elements)
        call.principal.roles.push_back(role.text);
    const auto& tenant = member(request, "tenant");
    if (tenant.kind == Json::Kind::kString) call.principal.tenant = tenant.text;
    call.principal.claims = text("claims");
    const auto& role = member(request, "role");
    if (role.kind == Json::Kind::kString) call.principal.role = role.text;
    call.headers = [tags = text("ifMatch")](const std::string& name) {
        return name == "If-Match" && !tags.empty() ? HeaderValues{tags} : HeaderValues();
    };
    return call;
}

std::optional<std::string> result_of(const Response& reply) {
    if (!reply.body.empty()) return reply.body;
    static const std::map<std::string, std::string> kMembers = {{"Location", "location"},
                                                                {"X-Trash-Group", "groupId"}};
    JsonWriter out;
    out.StartObject();
    bool some = false;
    for (const auto& [name, value] : reply.headers) {
        const auto member = kMembers.find(name);
        if (member == kMembers.end()) continue;
        out.key(member->second.c_str()).text(value);
        some = true;
    }
    out.EndObject();
    return some ? std::optional(out.take()) : std::nullopt;
}

}  // namespace trashd::service
