// Signatures of the Standard Webhooks specification (version 1): HMAC-SHA-256 over id, time and
// body, so that whoever gets a message knows who sent it, and when.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace trashd::service {

// The bytes of "whsec_" and base64; nothing: it is none, or they are not 24 to 64.
std::optional<std::string> webhook_key(std::string_view secret);
// The header webhook-signature. seconds: since 1970, the header webhook-timestamp.
std::string webhook_signature(const std::string& key, const std::string& id, long long seconds,
                              std::string_view body);

}  // namespace trashd::service
