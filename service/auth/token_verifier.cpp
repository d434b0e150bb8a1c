// The signature is checked before anything that the token says is believed, under the algorithm of
// the key, never one that the token chooses.
#include "service/auth/token_verifier.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "schema/error.hpp"
#include "service/auth/jose.hpp"
#include "service/auth/person_name.hpp"
#include "service/config/config.hpp"

namespace trashd::service {

namespace {

constexpr std::size_t kLongestId = 200;

using Object = std::shared_ptr<json_t>;

Object owned(json_t* json) {
    return {json, [](json_t* one) { json_decref(one); }};
}

[[noreturn]] void refuse(const std::string& why) {
    throw Error(Code::kUnauthorized, why);
}

struct Parts {
    std::string header, payload, signature;  // base64url
};

Parts parts_of(const std::string& token) {
    const auto one = token.find('.'), two = token.find('.', one + 1);
    if (one == std::string::npos || two == std::string::npos ||
        token.find('.', two + 1) != std::string::npos)
        refuse("that is no JSON Web Token");
    return {token.substr(0, one), token.substr(one + 1, two - one - 1), token.substr(two + 1)};
}

// A member given twice could mean one thing here and another to whoever signed.
Object object_of(const std::string& encoded) {
    const auto size = jose_b64_dec_buf(encoded.data(), encoded.size(), nullptr, 0);
    std::string text(size == SIZE_MAX ? 0 : size, '\0');
    jose_b64_dec_buf(encoded.data(), encoded.size(), text.data(), text.size());
    auto object = owned(json_loadb(text.data(), text.size(), JSON_REJECT_DUPLICATES, nullptr));
    if (!json_is_object(object.get())) refuse("that is no JSON Web Token");
    return object;
}

std::string text_of(const json_t* value) {
    const char* text = json_string_value(value);
    return text ? std::string(text, json_string_length(value)) : "";
}

bool is_signed_by(const Parts& parts, const TokenKey& key) {
    const auto jws = owned(json_pack("{s:s,s:s,s:s}", "protected", parts.header.c_str(), "payload",
                                     parts.payload.c_str(), "signature", parts.signature.c_str()));
    const auto jwk = owned(json_deep_copy(key.jwk.get()));
    return jws && jwk && jose_jws_ver(nullptr, jws.get(), nullptr, jwk.get(), false);
}

// The algorithm is the key's; a token that names another one is refused, whatever its signature.
void check_signature(const Parts& parts, const TokenKeys& keys) {
    const auto header = object_of(parts.header);
    const auto algorithm = text_of(json_object_get(header.get(), "alg")),
               id = text_of(json_object_get(header.get(), "kid"));
    if (json_object_get(header.get(), "crit"))
        refuse("the token asks for extensions that are not known here");
    bool known = false, fits = false;
    for (const auto& key : keys) {
        if (!id.empty() && !key.id.empty() && id != key.id) continue;
        known = true;
        if (key.algorithm != algorithm) continue;
        fits = true;
        if (is_signed_by(parts, key)) return;
    }
    if (!known) refuse("the token is signed with a key that is not known here");
    refuse(fits ? "the signature of the token is wrong"
                : "the token is signed by an algorithm that is not that of the key");
}

double seconds_of(const json_t* claims, const char* name) {
    const json_t* value = json_object_get(claims, name);
    if (!json_is_number(value)) refuse(std::string("the token has no number '") + name + "'");
    return json_number_value(value);
}

void check_times(const json_t* claims, int skew) {
    using Seconds = std::chrono::duration<double>;
    const double now = Seconds(std::chrono::system_clock::now().time_since_epoch()).count();
    if (now >= seconds_of(claims, "exp") + skew) refuse("the token has expired; get a new one");
    if (json_object_get(claims, "nbf") && now + skew < seconds_of(claims, "nbf"))
        refuse("the token is not valid yet");
}

std::vector<std::string> texts_of(const json_t* value) {
    if (json_is_string(value)) return {text_of(value)};
    std::vector<std::string> texts;
    for (std::size_t at = 0; at < json_array_size(value); ++at)
        texts.push_back(text_of(json_array_get(value, at)));
    return texts;
}

void check_parties(const json_t* claims, const Credentials& wanted) {
    if (!wanted.issuer.empty() && text_of(json_object_get(claims, "iss")) != wanted.issuer)
        refuse("the token is from another issuer");
    const auto audiences = texts_of(json_object_get(claims, "aud"));
    if (!wanted.audience.empty() && std::ranges::count(audiences, wanted.audience) == 0)
        refuse("the token is for another audience");
}

// A claim by its name, or where there is none of it step by step: realm_access.roles.
const json_t* claim(const json_t* claims, const std::string& name) {
    if (const json_t* found = json_object_get(claims, name.c_str())) return found;
    const auto dot = name.find('.');
    if (dot == std::string::npos) return nullptr;
    return claim(json_object_get(claims, name.substr(0, dot).c_str()), name.substr(dot + 1));
}

// A list, or words between spaces, as scopes are written.
std::vector<std::string> roles_of(const json_t* value) {
    if (!json_is_string(value)) return texts_of(value);
    std::vector<std::string> roles;
    const auto text = text_of(value);
    for (std::size_t at = 0; at < text.size();) {
        const auto end = std::min(text.find(' ', at), text.size());
        if (end > at) roles.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return roles;
}

bool has_control(const std::string& text) {
    return std::ranges::any_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

// Names that mean others are nobody's, whoever may choose that claim.
std::string id_of(const json_t* claims, const std::string& name) {
    auto id = text_of(claim(claims, name));
    if (id.empty() || id.size() > kLongestId || has_control(id) || id == "anonymous" ||
        id.starts_with("key:") || id.starts_with("cli:"))
        refuse("the token has no claim '" + name + "' that can say whose it is");
    return id;
}

std::string json_text(const json_t* json) {
    const std::unique_ptr<char, decltype(&std::free)> text(json_dumps(json, JSON_COMPACT),
                                                           std::free);
    return text.get();
}

// What cannot be read must not mean that there is none.
std::optional<std::string> tenant_of(const json_t* value) {
    if (!value || json_is_null(value)) return std::nullopt;
    if (json_is_integer(value)) return std::to_string(json_integer_value(value));
    if (text_of(value).empty()) refuse("the token's tenant is neither a text nor a number");
    return text_of(value);
}

std::optional<std::string> role_of(const json_t* value) {
    const auto role = text_of(value);
    return role.empty() ? std::nullopt : std::optional(role);
}

std::string expiry_of(const json_t* claims) {
    const auto at = static_cast<std::time_t>(json_number_value(json_object_get(claims, "exp")));
    std::tm utc{};
    gmtime_r(&at, &utc);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.000000Z", utc.tm_year + 1900,
                       utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

}  // namespace

TokenVerifier::TokenVerifier(const Credentials& credentials) try
    : credentials_(credentials), keys_(credentials.jwt_keys) {
} catch (const Error& error) {
    throw ConfigError({"credentials.jwt_keys: " + credentials.jwt_keys + ": " + error.what()});
}

Principal TokenVerifier::verify(const std::string& token) {
    const auto parts = parts_of(token);
    check_signature(parts, *keys_.get());
    const auto payload = object_of(parts.payload);
    const json_t* claims = payload.get();
    check_times(claims, credentials_.clock_skew_seconds);
    check_parties(claims, credentials_);
    Principal principal{id_of(claims, credentials_.id_claim),
                        roles_of(claim(claims, credentials_.roles_claim)),
                        tenant_of(claim(claims, credentials_.tenant_claim)), json_text(claims),
                        role_of(claim(claims, credentials_.role_claim))};
    principal.kind = "token";
    principal.called = person_name(text_of(claim(claims, credentials_.name_claim)));
    principal.expires_at = expiry_of(claims);
    return principal;
}

}  // namespace trashd::service
