// What is queued is the request as it came, with who sent it: it is parsed and authorized anew when
// it is run, under the rights of that moment. Of the headers only If-Match is kept, since the
// others say how to answer a client that does not wait.
#include "service/requests/async_requests.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "service/api/context.hpp"
#include "service/api/json.hpp"
#include "service/api/problem.hpp"
#include "service/auth/principal_limits.hpp"
#include "service/config/config.hpp"
#include "service/parsing/json_body.hpp"
#include "service/parsing/preconditions.hpp"
#include "trash/records/operations.hpp"

namespace trashd::service {

namespace {

constexpr std::size_t kDepth = 4;  // of what accept() writes

std::string target_of(const Request& request) {
    std::string path;
    for (const auto& segment : request.target.raw) path += "/" + segment;
    return path + request.target.query.encoded();
}

void write_principal(JsonWriter& out, const Principal& principal) {
    out.key("roles").StartArray();
    for (const auto& role : principal.roles) out.text(role);
    out.EndArray();
    out.key("tenant").text_or_null(principal.tenant);
    out.key("claims").text(principal.claims);
    out.key("role").text_or_null(principal.role);
}

std::string request_of(const Request& request, const Caller& caller) {
    JsonWriter out;
    out.StartObject();
    out.key("verb").text(request.verb);
    out.key("target").text(target_of(request));
    out.key("body").text(request.body);
    out.key("requestId").text(request.request_id);
    out.key("address").text(request.peer);
    out.key("ifMatch").text(fmt::format("{}", fmt::join(request.headers("If-Match"), ", ")));
    write_principal(out, caller.principal);
    out.EndObject();
    return out.take();
}

const Json& member(const Json& request, const char* name) {
    const auto* found = request.member(name);
    if (!found) throw Error(Code::kInternal, "the operation's request cannot be read");
    return *found;
}

std::optional<long long> delete_limit(const Caller& caller, const Context& context) {
    const auto rows = limits_of(*context.config, caller.principal).delete_rows;
    return rows == 0 ? std::nullopt : std::optional(rows);
}

}  // namespace

bool wants_async(const Request& request, const Context& context) {
    return !context.operation && prefers(request, "respond-async");
}

std::optional<long long> most_rows(const Request& request, const Context& context) {
    const auto most = context.config->limits.async_rows;
    if (context.operation || most == 0 || prefers(request, "wait")) return std::nullopt;
    return most;
}

Response accept(const Request& request, const Caller& caller, const Context& context,
                const std::string& kind, std::optional<long long> total) {
    const auto operation = context.trash->operations().add(
        {kind, caller.principal.id, request_of(request, caller), total, context.trash->tenant(),
         context.config->limits.operations});
    Response reply;
    reply.status = 202;
    reply.body = operation_json(operation);
    reply.headers = {{"Location", "/v1/operations/" + operation.id}, {"Retry-After", "1"}};
    if (wants_async(request, context))
        reply.headers.emplace_back("Preference-Applied", "respond-async");
    return reply;
}

std::optional<long long> most_deleted(const Request& request, const Caller& caller,
                                      const Context& context) {
    const auto limit = delete_limit(caller, context), waited = most_rows(request, context);
    return limit && waited ? std::min(limit, waited) : limit ? limit : waited;
}

Response accept_delete(const Request& request, const Caller& caller, const Context& context,
                       const std::string& kind, const FindImpact& impact) {
    if (const auto limit = delete_limit(caller, context)) {
        const auto found = impact();
        if (found && found->total > *limit) throw TooManyRows(*limit, found);
    }
    return accept(request, caller, context, kind, std::nullopt);
}

Response delete_too_large(const Request& request, const Caller& caller, const Context& context,
                          const std::string& kind, const FindImpact& impact) {
    const auto limit = delete_limit(caller, context), waited = most_rows(request, context);
    if (limit && (!waited || *limit <= *waited)) throw TooManyRows(*limit, impact());
    return accept_delete(request, caller, context, kind, impact);
}

Accepted accepted_request(const trash::Operation& operation) {
    const auto kept = parse_json(operation.request, kDepth);
    auto text = [&](const char* name) { return member(kept, name).text; };
    Accepted accepted;
    auto& [request, caller] = accepted;
    request.verb = text("verb");
    request.target = parse_target(text("target"));
    request.body = text("body");
    request.request_id = text("requestId");
    request.peer = text("address");
    caller.principal.id = operation.by;
    for (const auto& role : member(kept, "roles").elements)
        caller.principal.roles.push_back(role.text);
    const auto& tenant = member(kept, "tenant");
    if (tenant.kind == Json::Kind::kString) caller.principal.tenant = tenant.text;
    caller.principal.claims = text("claims");
    const auto& role = member(kept, "role");
    if (role.kind == Json::Kind::kString) caller.principal.role = role.text;
    request.headers = [tags = text("ifMatch")](const std::string& name) {
        return name == "If-Match" && !tags.empty() ? HeaderValues{tags} : HeaderValues();
    };
    return accepted;
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
