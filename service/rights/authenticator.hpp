// From what a request carries to who asks and what that one may do.
#pragma once

#include <optional>
#include <string>

#include "service/auth/principal.hpp"
#include "service/auth/token_verifier.hpp"
#include "trash/records/api_keys.hpp"

namespace trashd::trash {
class Trash;
}

namespace trashd::service {

struct Config;
struct Caller;
struct Request;

// Shared by all requests. API keys are looked up in the database each time, so that a revoked one
// is refused at once; tokens are verified without it.
class Authenticator {
  public:
    // config must outlive it. Throws ConfigError when the keys for tokens cannot be used.
    Authenticator(const Config& config, trash::Trash& trash);
    // Fills principal and access of the caller. Throws Unauthorized for bad credentials, and for
    // none where the configuration gives such requests no role.
    void sign_in(const Request& request, Caller& caller);
    // True when what is missing could be had with credentials.
    bool is_anonymous(const Caller& caller) const;
    [[noreturn]] void ask_for_credentials(const std::string& why) const;

  private:
    std::optional<Principal> principal_of(const Request& request);
    Principal by_key(const std::string& text);
    Principal by_token(const std::string& authorization);
    std::string challenge(const std::string& error) const;

    const Config& config_;
    trash::Keys keys_;
    std::optional<TokenVerifier> tokens_;
};

}  // namespace trashd::service
