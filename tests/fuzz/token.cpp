// A token that nobody signed is refused, whatever it holds; a file of keys is read or refused.
#include <fstream>

#include "service/auth/token_verifier.hpp"
#include "service/config/config.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace trashd;
using namespace trashd::service;

namespace {

const Credentials& credentials() {
    static const Credentials made = [] {
        Credentials credentials;
        credentials.jwt_keys = "token.secret";
        std::ofstream(credentials.jwt_keys)
            << R"({"kty":"oct","k":"YSBzZWNyZXQgdGhhdCB0aGUgZnV6emVyIGRvZXMgbm90IGtub3c"})";
        return credentials;
    }();
    return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    static TokenVerifier verifier(credentials());
    try {
        verifier.verify(text);
        must(false);
    } catch (const Error& error) {
        must(error.code() == Code::kUnauthorized);
    }
    try {
        must(!parse_token_keys(text).empty());
    } catch (const Error& error) {
        must(error.code() == Code::kBadRequest);
    }
    return 0;
}
