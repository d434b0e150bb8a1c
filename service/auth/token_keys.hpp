// The keys that tokens are signed with, from a file that is read again when it changes.
#pragma once

#include <sys/stat.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

struct json_t;

namespace trashd::service {

// A key verifies by one algorithm, which its kind fixes and no token chooses.
struct TokenKey {
    std::string id;         // kid; empty: none
    std::string algorithm;  // HS256, RS256 or ES256
    std::shared_ptr<json_t> jwk;
};

using TokenKeys = std::vector<TokenKey>;

// A JWKS or a JWK (JSON), or public keys (PEM); never plain bytes, which any page of an error would
// be. Keys of a JWKS for other purposes or algorithms are left out. Throws Error kBadRequest that
// says what is wrong.
TokenKeys parse_token_keys(const std::string& text);

class TokenKeyFile {
  public:
    // Throws Error kBadRequest when the file cannot be used.
    explicit TokenKeyFile(std::string path);
    // As the file is now; when it cannot be used any more, as it was.
    std::shared_ptr<const TokenKeys> get();

  private:
    std::string path_;
    std::mutex mutex_;
    struct stat read_as_ = {};
    std::shared_ptr<const TokenKeys> keys_;
};

}  // namespace trashd::service
