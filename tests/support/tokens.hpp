// Keys and tokens as an identity provider makes them, and as forgers do.
#pragma once

#include <memory>
#include <string>
#include <vector>

struct json_t;

namespace trashd::test {

class SigningKey {
  public:
    // algorithm: HS256, RS256, ES256. id: kid; empty: none.
    explicit SigningKey(const std::string& algorithm, const std::string& id = "");
    // An HS256 key of these bytes.
    static SigningKey of_bytes(const std::string& bytes);

    // The token over claims (JSON); header: JSON members of the header beside alg and kid.
    std::string sign(const std::string& claims, const std::string& header = "{}") const;
    std::string public_jwk() const;  // of HS256 the whole
    std::string public_pem() const;

  private:
    SigningKey() = default;
    std::shared_ptr<json_t> jwk_;
};

// {"keys":[...]}
std::string jwks(const std::vector<SigningKey>& keys);
// base64url
std::string encoded(const std::string& bytes);
// Claims that pass: sub, roles and an expiry in an hour; more: members after a comma.
std::string claims(const std::string& sub, const std::string& role, const std::string& more = "");
// Seconds since 1970, so many from now.
std::string seconds_from_now(long long seconds);

// A file that is removed at the end of the scope.
class TempFile {
  public:
    explicit TempFile(const std::string& text);
    TempFile(const TempFile&) = delete;
    ~TempFile();
    const std::string& path() const { return path_; }
    void write(const std::string& text) const;

  private:
    std::string path_;
};

}  // namespace trashd::test
