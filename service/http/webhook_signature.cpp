#include "service/http/webhook_signature.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>

#include "schema/error.hpp"

namespace trashd::service {

namespace {

constexpr std::string_view kPrefix = "whsec_";
constexpr std::size_t kLeastKey = 24, kLongestKey = 64;  // bytes; what the specification demands

std::string base64(std::string_view bytes) {
    std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
    const auto length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                        reinterpret_cast<const unsigned char*>(bytes.data()),
                                        static_cast<int>(bytes.size()));
    text.resize(static_cast<std::size_t>(length));
    return text;
}

// The library counts the padding as bytes.
std::optional<std::string> from_base64(std::string_view text) {
    if (text.empty() || text.size() % 4 != 0) return std::nullopt;
    std::string bytes(text.size() / 4 * 3, '\0');
    const auto length = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                        reinterpret_cast<const unsigned char*>(text.data()),
                                        static_cast<int>(text.size()));
    if (length < 0) return std::nullopt;
    const auto padding = text.size() - text.find_last_not_of('=') - 1;
    if (padding > 2) return std::nullopt;
    bytes.resize(static_cast<std::size_t>(length) - padding);
    return bytes;
}

}  // namespace

std::optional<std::string> webhook_key(std::string_view secret) {
    if (!secret.starts_with(kPrefix)) return std::nullopt;
    auto key = from_base64(secret.substr(kPrefix.size()));
    if (!key || key->size() < kLeastKey || key->size() > kLongestKey) return std::nullopt;
    return key;
}

std::string webhook_signature(const std::string& key, const std::string& id, long long seconds,
                              std::string_view body) {
    const auto text = id + "." + std::to_string(seconds) + "." + std::string(body);
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned length = 0;
    if (!HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
              reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(),
              &length))
        throw Error(Code::kInternal, "a web hook's message cannot be signed");
    return "v1," + base64({reinterpret_cast<const char*>(digest.data()), length});
}

}  // namespace trashd::service
