// Two requests are the same when address, parameters, body and who asks are; headers do not count.
// The reply is kept in the transaction of the change where the handler can do so, so that neither
// is ever there without the other.
#include "service/requests/idempotency.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "schema/catalog/catalog.hpp"
#include "schema/session/transaction.hpp"
#include "service/api/caller.hpp"
#include "service/api/context.hpp"
#include "service/api/problem.hpp"
#include "service/api/request.hpp"
#include "service/api/row_stream.hpp"
#include "service/config/config.hpp"
#include "service/http/client_address.hpp"
#include "service/parsing/json_body.hpp"
#include "service/rights/actor.hpp"
#include "service/rights/redaction.hpp"
#include "trash/model/errors.hpp"
#include "trash/records/kept_answers.hpp"
#include "trash/records/operations.hpp"

namespace trashd::service {

namespace {

std::optional<std::string> key_of(const Request& request) {
    const auto values = request.headers("Idempotency-Key");
    if (values.empty() || request.safe) return std::nullopt;
    const auto visible = [](char c) { return c > ' ' && c <= '~'; };
    const auto& key = values.front();
    if (values.size() > 1 || key.empty() || key.size() > 255 ||
        !std::all_of(key.begin(), key.end(), visible))
        throw Error(
            Code::kBadRequest,
            "Idempotency-Key must be given once and have 1 to 255 visible ASCII characters");
    return key;
}

// What policies and the access function may read of a token, whose times change with each one.
std::string lasting_claims(const Caller& caller, const Context& context) {
    if (context.config->access.roles.empty() && context.config->access.function.empty()) return "";
    auto claims = parse_json(caller.principal.claims, context.config->limits.json_depth);
    std::erase_if(claims.members, [](const auto& member) {
        const auto& name = member.name;
        return name == "exp" || name == "iat" || name == "nbf" || name == "jti";
    });
    return to_json(claims);
}

std::string fingerprint_of(const Request& request, const Caller& caller, const Context& context) {
    std::string said;
    for (const auto& segment : request.target.raw) said += "/" + segment;
    said += request.target.query.with("method", request.verb) + "\n";
    for (const auto& role : caller.principal.roles) said += role + "\n";
    said += caller.principal.role.value_or("") + "\n" + lasting_claims(caller, context) + "\n";
    said += request.body;
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
    unsigned size = 0;
    if (EVP_Digest(said.data(), said.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1)
        throw Error(Code::kInternal, "no digest of the request can be made");
    std::string text;
    for (unsigned i = 0; i < size; ++i) text += fmt::format("{:02x}", digest[i]);
    return text;
}

trash::KeptAnswer kept_form(const Response& reply) {
    return {reply.status, reply.type, reply.spool ? text_of(*reply.spool) : reply.body,
            reply.headers};
}

Response replayed(const trash::KeptAnswer& kept) {
    Response reply{kept.status, kept.body, kept.media_type, kept.headers};
    reply.headers.emplace_back("Idempotency-Replayed", "true");
    return reply;
}

// What could not be understood, was not allowed, or failed for reasons of the moment may be sent
// again under the same key.
bool is_final(int status) {
    return status < 500 && status != 400 && status != 401 && status != 403 && status != 415 &&
           status != 429;
}

// An error that is final is the answer.
Response reply_of(const Request& request, const Caller& caller, const Context& context,
                  Handler handler) {
    try {
        return redacted(request, caller, context, handler);
    } catch (const trash::StillRunning&) {
        throw;
    } catch (const Error& error) {
        if (!is_final(status_of(error.code(), false))) throw;
        return problem_of_current_exception(context.resources.get(), request.request_id, false);
    }
}

// Where there are tenants every request has one, so that no name is like another tenant's.
std::string who_asks(const Request& request, const Caller& caller, const Context& context) {
    const auto by = actor_of(request, caller).by;
    return context.trash->tenant() ? schema::array_literal({context.trash->tenant(), by}) : by;
}

}  // namespace

Response run_idempotently(const Request& request, const Caller& caller, const Context& context,
                          Handler handler) {
    const auto key = key_of(request);
    if (!key) return redacted(request, caller, context, handler);
    trash::KeyClaim claim(
        context.trash->pool(), context.trash->schema_name(),
        {who_asks(request, caller, context), *key, fingerprint_of(request, caller, context)});
    if (claim.kept()) return replayed(*claim.kept());
    Context claimed = context;
    claimed.key_claim = &claim;
    auto reply = reply_of(request, caller, claimed, handler);
    claim.keep(kept_form(reply));
    return reply;
}

void keep_reply(const Context& context, schema::Transaction& transaction, const Response& reply) {
    if (context.key_claim) context.key_claim->keep(transaction, kept_form(reply));
}

}  // namespace trashd::service
