#include "service/api/idempotency.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "service/api/actor.hpp"
#include "service/api/json_body.hpp"
#include "service/api/problem.hpp"
#include "service/api/redaction.hpp"
#include "service/api/row_stream.hpp"
#include "trash/store/kept_answers.hpp"

namespace trashd::service {

namespace {

std::optional<std::string> key_of(const Call& call) {
    const auto values = call.headers("Idempotency-Key");
    if (values.empty() || call.safe) return std::nullopt;
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
std::string lasting_claims(const Call& call) {
    if (call.config->access.roles.empty() && call.config->access.function.empty()) return "";
    auto claims = parse_json(call.principal.claims, call.config->limits.json_depth);
    std::erase_if(claims.members, [](const auto& member) {
        const auto& name = member.name;
        return name == "exp" || name == "iat" || name == "nbf" || name == "jti";
    });
    return to_json(claims);
}

std::string fingerprint_of(const Call& call) {
    std::string request;
    for (const auto& segment : call.target.raw) request += "/" + segment;
    request += call.target.query.with("method", call.verb) + "\n";
    for (const auto& role : call.principal.roles) request += role + "\n";
    request += call.principal.role.value_or("") + "\n" + lasting_claims(call) + "\n";
    request += call.body;
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
    unsigned size = 0;
    if (EVP_Digest(request.data(), request.size(), digest.data(), &size, EVP_sha256(), nullptr) !=
        1)
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
Response reply_of(const Call& call, Response (*handler)(const Call&)) {
    try {
        return redacted(call, handler);
    } catch (const trash::StillRunning&) {
        throw;
    } catch (const Error& error) {
        if (!is_final(status_of(error.code(), false))) throw;
        return problem_of_current_exception(call.resources.get(), call.request_id, false);
    }
}

// Where there are tenants every call has one, so that no name is like another tenant's.
std::string who_asks(const Call& call) {
    const auto by = actor_of(call).by;
    return call.trash->tenant() ? schema::array_literal({call.trash->tenant(), by}) : by;
}

}  // namespace

Response run_idempotently(Call& call, Response (*handler)(const Call&)) {
    const auto key = key_of(call);
    if (!key) return redacted(call, handler);
    trash::KeyClaim claim(call.trash->pool(), call.trash->schema_name(),
                          {who_asks(call), *key, fingerprint_of(call)});
    if (claim.kept()) return replayed(*claim.kept());
    call.key_claim = &claim;
    auto reply = reply_of(call, handler);
    call.key_claim = nullptr;
    claim.keep(kept_form(reply));
    return reply;
}

void keep_reply(const Call& call, schema::Transaction& transaction, const Response& reply) {
    if (call.key_claim) call.key_claim->keep(transaction, kept_form(reply));
}

}  // namespace trashd::service
