#include "tests/support/tokens.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <stdexcept>

#include "service/auth/jose.hpp"

namespace trashd::test {

namespace {

using Json = std::shared_ptr<json_t>;

Json owned(json_t* json) {
    if (!json) throw std::runtime_error("no JSON");
    return {json, [](json_t* one) { json_decref(one); }};
}

Json parsed(const std::string& text) {
    return owned(json_loads(text.c_str(), 0, nullptr));
}

std::string text_of(const Json& json) {
    const std::unique_ptr<char, decltype(&std::free)> text(json_dumps(json.get(), JSON_COMPACT),
                                                           std::free);
    return text.get();
}

std::string member(const Json& json, const char* name) {
    return json_string_value(json_object_get(json.get(), name));
}

}  // namespace

SigningKey::SigningKey(const std::string& algorithm, const std::string& id)
    : jwk_(owned(json_pack("{s:s}", "alg", algorithm.c_str()))) {
    if (!jose_jwk_gen(nullptr, jwk_.get())) throw std::runtime_error("no key of " + algorithm);
    if (!id.empty()) json_object_set_new(jwk_.get(), "kid", json_string(id.c_str()));
}

SigningKey SigningKey::of_bytes(const std::string& bytes) {
    SigningKey key;
    key.jwk_ = owned(
        json_pack("{s:s,s:s,s:s}", "kty", "oct", "alg", "HS256", "k", encoded(bytes).c_str()));
    return key;
}

std::string SigningKey::sign(const std::string& claims, const std::string& header) const {
    const auto jws = owned(json_pack("{s:s}", "payload", encoded(claims).c_str()));
    const auto head = parsed(header);
    if (json_t* id = json_object_get(jwk_.get(), "kid"))
        if (!json_object_get(head.get(), "kid")) json_object_set(head.get(), "kid", id);
    json_object_set_new(head.get(), "alg", json_string(member(jwk_, "alg").c_str()));
    const auto wanted = owned(json_pack("{s:O}", "protected", head.get()));
    if (!jose_jws_sig(nullptr, jws.get(), wanted.get(), jwk_.get()))
        throw std::runtime_error("no signature");
    return member(jws, "protected") + "." + member(jws, "payload") + "." + member(jws, "signature");
}

std::string SigningKey::public_jwk() const {
    const auto copy = owned(json_deep_copy(jwk_.get()));
    if (member(copy, "kty") != "oct") jose_jwk_pub(nullptr, copy.get());
    json_object_del(copy.get(), "key_ops");
    return text_of(copy);
}

std::string SigningKey::public_pem() const {
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
        jose_openssl_jwk_to_EVP_PKEY(nullptr, jwk_.get()), EVP_PKEY_free);
    const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), BIO_free);
    PEM_write_bio_PUBKEY(out.get(), key.get());
    char* text = nullptr;
    const auto size = BIO_get_mem_data(out.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

std::string jwks(const std::vector<SigningKey>& keys) {
    std::string text;
    for (const auto& key : keys) text += (text.empty() ? "" : ",") + key.public_jwk();
    return "{\"keys\":[" + text + "]}";
}

std::string encoded(const std::string& bytes) {
    const auto text = owned(jose_b64_enc(bytes.data(), bytes.size()));
    return json_string_value(text.get());
}

std::string seconds_from_now(long long seconds) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(now).count() + seconds);
}

std::string claims(const std::string& sub, const std::string& role, const std::string& more) {
    return fmt::format(R"({{"sub":"{}","roles":["{}"],"exp":{}{}}})", sub, role,
                       seconds_from_now(3600), more);
}

TempFile::TempFile(const std::string& text) : path_("/tmp/trashd-test-XXXXXX") {
    close(mkstemp(path_.data()));
    write(text);
}

TempFile::~TempFile() {
    unlink(path_.c_str());
}

void TempFile::write(const std::string& text) const {
    std::ofstream(path_) << text;
}

}  // namespace trashd::test
