// The contract as OpenAPI: the general document, the same for everybody, and that of the database,
// which tells each caller of what that one may read.
#include "generated/kOpenapi.hpp"
#include "service/api/caller.hpp"
#include "service/api/context.hpp"
#include "service/api/request.hpp"
#include "service/config/config.hpp"
#include "service/openapi/document_cache.hpp"
#include "service/openapi/general_document.hpp"
#include "service/pages/pages.hpp"

namespace trashd::service {

namespace {

constexpr const char *kYaml = "application/yaml", *kJson = "application/json";

bool is_of_database(const Request& request) {
    request.target.query.only({"for"});
    const auto meant = request.target.query.text("for");
    if (meant && *meant != "database")
        throw Error(Code::kBadRequest,
                    "'for' must be database; leave it out for the general document");
    return meant.has_value();
}

constexpr std::size_t kKept = 6;  // texts of up to 10 MB each

// Caches shared by several callers must not keep it; one's own asks whether it still holds.
Response own_reply(const Request& request, const Caller& caller, const Context& context,
                   openapi::Form form) {
    static openapi::DocumentCache documents(kKept);
    const auto document =
        documents.get({context.resources, openapi::Reach(*context.resources, caller.access),
                       context.config->tenant.column},
                      form);
    auto reply = tagged_reply(request, document->etag, document->text,
                              form == openapi::Form::kYaml ? kYaml : kJson);
    for (auto& [name, value] : reply.headers)
        if (name == "Cache-Control") value = "private, no-cache";
    reply.headers.emplace_back("Vary", "Authorization, X-API-Key");
    return reply;
}

}  // namespace

Response get_contract(const Request& request, const Caller& caller, const Context& context) {
    if (!is_of_database(request)) return fixed_reply(request, kOpenapi, kYaml);
    return own_reply(request, caller, context, openapi::Form::kYaml);
}

Response get_contract_as_json(const Request& request, const Caller& caller,
                              const Context& context) {
    if (is_of_database(request)) return own_reply(request, caller, context, openapi::Form::kJson);
    static const std::string general = openapi::json_text(openapi::contract());
    return fixed_reply(request, general, kJson);
}

}  // namespace trashd::service
