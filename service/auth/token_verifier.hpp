// Who a JSON Web Token says asks, once its signature and its claims are checked.
#pragma once

#include <string>

#include "service/auth/principal.hpp"
#include "service/auth/token_keys.hpp"

namespace trashd::service {

struct Credentials;

class TokenVerifier {
  public:
    // credentials must outlive it. Throws ConfigError when the file of keys cannot be used.
    explicit TokenVerifier(const Credentials& credentials);
    // Throws Error kUnauthorized that says what is wrong with the token.
    Principal verify(const std::string& token);

  private:
    const Credentials& credentials_;
    TokenKeyFile keys_;
};

}  // namespace trashd::service
