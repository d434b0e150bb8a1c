#include "service/auth/token_keys.hpp"

#include <spdlog/spdlog.h>

#include <fstream>
#include <sstream>

#include "schema/error.hpp"
#include "service/auth/jose.hpp"

namespace trashd::service {

namespace {

constexpr std::string_view kPem = "-----BEGIN ";
constexpr std::size_t kLeastSecret = 32, kLeastModulus = 256;  // bytes

using Jwk = std::shared_ptr<json_t>;

Jwk owned(json_t* json) {
    return {json, [](json_t* one) { json_decref(one); }};
}

[[noreturn]] void fault(const std::string& what) {
    throw Error(Code::kBadRequest, what);
}

std::string member(const Jwk& jwk, const char* name) {
    const char* text = json_string_value(json_object_get(jwk.get(), name));
    return text ? text : "";
}

std::string bytes_of(const Jwk& jwk, const char* name) {
    json_t* encoded = json_object_get(jwk.get(), name);
    const auto size = jose_b64_dec(encoded, nullptr, 0);
    if (size == SIZE_MAX) return "";
    std::string bytes(size, '\0');
    jose_b64_dec(encoded, bytes.data(), bytes.size());
    return bytes;
}

// The one that the kind of the key fixes; empty: none that is taken here.
std::string algorithm_of(const Jwk& jwk) {
    const auto kind = member(jwk, "kty");
    if (kind == "oct") return "HS256";
    if (kind == "RSA") return "RS256";
    return kind == "EC" && member(jwk, "crv") == "P-256" ? "ES256" : "";
}

// A public key is known to all: as a secret it would let anyone sign.
void check_secret(const std::string& secret) {
    if (secret.find(kPem) != std::string::npos)
        fault("what looks like a PEM key is no secret for HS256");
    if (secret.size() < kLeastSecret) fault("a secret for HS256 must have at least 32 bytes");
}

void add(TokenKeys& keys, const Jwk& jwk) {
    const auto algorithm = algorithm_of(jwk), said = member(jwk, "alg");
    if (algorithm.empty() || (!said.empty() && said != algorithm)) return;
    if (!jose_jwk_prm(nullptr, jwk.get(), false, "verify")) return;
    if (algorithm == "HS256") check_secret(bytes_of(jwk, "k"));
    if (algorithm == "RS256" && bytes_of(jwk, "n").size() < kLeastModulus)
        fault("an RSA key must have at least 2048 bits");
    json_object_set_new(jwk.get(), "alg", json_string(algorithm.c_str()));
    keys.push_back({member(jwk, "kid"), algorithm, jwk});
}

TokenKeys parse_json(const std::string& text) {
    const auto root = owned(json_loadb(text.data(), text.size(), JSON_REJECT_DUPLICATES, nullptr));
    if (!root) fault("it is no JSON");
    TokenKeys keys;
    json_t* set = json_object_get(root.get(), "keys");
    if (!set) add(keys, root);
    for (std::size_t at = 0; at < json_array_size(set); ++at) {
        json_t* one = json_array_get(set, at);
        if (json_is_object(one)) add(keys, owned(json_deep_copy(one)));
    }
    return keys;
}

TokenKeys parse_pem(const std::string& text) {
    if (text.find("PRIVATE KEY-----") != std::string::npos)
        fault("it holds a private key; trashd needs the public one only");
    const std::unique_ptr<BIO, decltype(&BIO_free)> input(
        BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free);
    TokenKeys keys;
    while (auto* read = PEM_read_bio_PUBKEY(input.get(), nullptr, nullptr, nullptr)) {
        const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(read, EVP_PKEY_free);
        if (json_t* jwk = jose_openssl_jwk_from_EVP_PKEY(nullptr, key.get())) add(keys, owned(jwk));
    }
    return keys;
}

std::string text_of(const std::string& path) {
    std::ifstream file(path);
    std::ostringstream text;
    if (!file || !(text << file.rdbuf())) fault("it cannot be read, or is empty");
    return text.str();
}

bool same(const struct stat& one, const struct stat& other) {
    auto same_time = [](const timespec& a, const timespec& b) {
        return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
    };
    return one.st_dev == other.st_dev && one.st_ino == other.st_ino &&
           one.st_size == other.st_size && same_time(one.st_mtim, other.st_mtim) &&
           same_time(one.st_ctim, other.st_ctim);
}

}  // namespace

TokenKeys parse_token_keys(const std::string& text) {
    const auto first = text.find_first_not_of(" \t\r\n");
    const bool json = first != std::string::npos && text[first] == '{';
    const bool pem = !json && text.find(kPem) != std::string::npos;
    auto keys = json ? parse_json(text) : pem ? parse_pem(text) : TokenKeys();
    if (keys.empty()) fault("it has no key for HS256, RS256 or ES256");
    return keys;
}

TokenKeyFile::TokenKeyFile(std::string path) : path_(std::move(path)) {
    stat(path_.c_str(), &read_as_);
    keys_ = std::make_shared<TokenKeys>(parse_token_keys(text_of(path_)));
}

// Looked at before it is read: a change meanwhile is a change after.
std::shared_ptr<const TokenKeys> TokenKeyFile::get() {
    std::lock_guard lock(mutex_);
    struct stat now = {};
    if (stat(path_.c_str(), &now) != 0 || same(now, read_as_)) return keys_;
    read_as_ = now;
    try {
        keys_ = std::make_shared<TokenKeys>(parse_token_keys(text_of(path_)));
        spdlog::info("{}: read again, {} keys", path_, keys_->size());
    } catch (const Error& error) {
        spdlog::error("{}: {}; the keys stay as they were", path_, error.what());
    }
    return keys_;
}

}  // namespace trashd::service
