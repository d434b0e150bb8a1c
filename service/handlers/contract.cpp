// The contract as OpenAPI: the general document, the same for everybody, and that of the database,
// which tells each caller of what that one may read.
#include "generated/kOpenapi.hpp"
#include "service/api/caller.hpp"
#include "service/api/context.hpp"
#include "service/api/request.hpp"
#include "service/config/config.hpp"
#include "service/handlers/handlers.hpp"
#include "service/handlers/pages.hpp"
#include "service/openapi/database_document.hpp"
#include "service/openapi/general_document.hpp"

namespace trashd::service {

namespace {

bool is_of_database(const Request& request) {
    request.target.query.only({"for"});
    const auto meant = request.target.query.text("for");
    if (meant && *meant != "database")
        throw Error(Code::kBadRequest,
                    "'for' must be database; leave it out for the general document");
    return meant.has_value();
}

rapidjson::Document document_for(const Caller& caller, const Context& context) {
    return openapi::database_document(
        {*context.resources, caller.access, context.config->tenant.column});
}

// Caches shared by several callers must not keep it; one's own asks whether it still holds.
Response own_reply(const Request& request, std::string body, const char* type) {
    auto reply = fixed_reply(request, std::move(body), type);
    for (auto& [name, value] : reply.headers)
        if (name == "Cache-Control") value = "private, no-cache";
    reply.headers.emplace_back("Vary", "Authorization, X-API-Key");
    return reply;
}

constexpr const char *kYaml = "application/yaml", *kJson = "application/json";

}  // namespace

Response get_contract(const Request& request, const Caller& caller, const Context& context) {
    if (!is_of_database(request)) return fixed_reply(request, kOpenapi, kYaml);
    return own_reply(request, openapi::yaml_text(document_for(caller, context)), kYaml);
}

Response get_contract_as_json(const Request& request, const Caller& caller,
                              const Context& context) {
    if (is_of_database(request))
        return own_reply(request, openapi::json_text(document_for(caller, context)), kJson);
    static const std::string general = openapi::json_text(openapi::contract());
    return fixed_reply(request, general, kJson);
}

}  // namespace trashd::service
