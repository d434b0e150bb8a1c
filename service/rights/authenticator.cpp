// A request has one credential or none: with two it could be one person's for the check and
// another's for the ledger. What is wrong with it is said in the body, and in WWW-Authenticate what
// is taken.
#include "service/rights/authenticator.hpp"

#include <strings.h>

#include "schema/catalog/catalog.hpp"
#include "service/api/caller.hpp"
#include "service/api/problem.hpp"
#include "service/api/request.hpp"
#include "service/auth/errors.hpp"
#include "service/auth/person_name.hpp"
#include "service/config/config.hpp"
#include "trash/trash.hpp"

namespace trashd::service {

namespace {

[[noreturn]] void refuse(const std::string& why) {
    throw Error(Code::kUnauthorized, why);
}

}  // namespace

Authenticator::Authenticator(const Config& config, trash::Trash& trash)
    : config_(config), keys_(trash.pool(), trash.schema_name()) {
    if (!config.credentials.jwt_keys.empty()) tokens_.emplace(config_.credentials);
}

void Authenticator::sign_in(const Request& request, Caller& caller) {
    if (!config_.credentials.configured()) return;
    try {
        auto principal = principal_of(request);
        if (!principal && config_.credentials.anonymous.empty())
            ask_for_credentials("credentials are needed");
        caller.principal =
            principal ? *principal : Principal{"anonymous", {config_.credentials.anonymous}};
    } catch (const Unauthorized&) {
        throw;
    } catch (const Error& error) {
        if (error.code() != Code::kUnauthorized) throw;
        throw Unauthorized(error.what(), challenge("invalid_token"));
    }
    caller.access = Access(config_.roles, caller.principal);
}

bool Authenticator::is_anonymous(const Caller& caller) const {
    return config_.credentials.configured() && caller.principal.id == "anonymous";
}

void Authenticator::ask_for_credentials(const std::string& why) const {
    const bool keys = config_.credentials.api_keys;
    const std::string token = tokens_ ? "a token in the header Authorization, as Bearer" : "",
                      key = keys ? "an API key in the header X-API-Key" : "";
    throw Unauthorized(why + "; send " + token + (tokens_ && keys ? ", or " : "") + key,
                       challenge(""));
}

// Nothing: there are none.
std::optional<Principal> Authenticator::principal_of(const Request& request) {
    const auto tokens = request.headers("Authorization"), keys = request.headers("X-API-Key");
    if (tokens.empty() && keys.empty()) return std::nullopt;
    if (tokens.size() + keys.size() > 1) refuse("credentials are given twice; send one");
    return keys.empty() ? by_token(tokens[0]) : by_key(keys[0]);
}

Principal Authenticator::by_key(const std::string& text) {
    if (!config_.credentials.api_keys) refuse("API keys are not taken here");
    const auto key = keys_.find(text);
    if (!key) refuse("the API key is not known");
    if (key->revoked_at) refuse("the API key was revoked");
    if (key->expired) refuse("the API key has expired");
    Principal principal{"key:" + key->name, key->roles, key->tenant};
    principal.kind = "key";
    principal.called = person_name(key->name);
    principal.expires_at = key->expires_at;
    return principal;
}

Principal Authenticator::by_token(const std::string& authorization) {
    if (!tokens_) refuse("tokens are not taken here; send an API key in the header X-API-Key");
    constexpr std::string_view kBearer = "Bearer ";
    if (strncasecmp(authorization.c_str(), kBearer.data(), kBearer.size()) != 0)
        refuse("the header Authorization must be Bearer and a token");
    const auto start = authorization.find_first_not_of(' ', kBearer.size());
    return tokens_->verify(start == std::string::npos ? "" : authorization.substr(start));
}

std::string Authenticator::challenge(const std::string& error) const {
    std::string text;
    if (tokens_) text = "Bearer realm=\"trashd\"";
    if (tokens_ && !error.empty()) text += ", error=\"" + error + "\"";
    if (config_.credentials.api_keys)
        text += std::string(text.empty() ? "" : ", ") + "X-API-Key realm=\"trashd\"";
    return text;
}

}  // namespace trashd::service
