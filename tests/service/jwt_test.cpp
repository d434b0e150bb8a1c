#include <doctest/doctest.h>
#include <fmt/format.h>

#include "schema/error.hpp"
#include "service/auth/token_verifier.hpp"
#include "service/config/config.hpp"
#include "tests/support/tokens.hpp"

using namespace trashd;
using namespace trashd::service;
using namespace trashd::test;

namespace {

const std::string kSecret = "0123456789abcdef0123456789abcdef";

struct Bench {
    TempFile file;
    Credentials credentials;
    explicit Bench(const std::string& keys) : file(keys) { credentials.jwt_keys = file.path(); }

    // Why the token is refused; else whose it is.
    std::string operator()(const std::string& token) {
        TokenVerifier verifier(credentials);
        return ask(verifier, token);
    }
    static std::string ask(TokenVerifier& verifier, const std::string& token) {
        try {
            return verifier.verify(token).id;
        } catch (const Error& error) {
            CHECK(error.code() == Code::kUnauthorized);
            return error.what();
        }
    }
};

std::string fault_of(const std::string& keys) {
    try {
        parse_token_keys(keys);
    } catch (const Error& error) {
        return error.what();
    }
    return "";
}

std::string token_of(const std::string& header, const std::string& payload,
                     const std::string& signature = "") {
    return encoded(header) + "." + encoded(payload) + "." + signature;
}

const std::string kWrongKey = "the token is signed with a key that is not known here",
                  kWrongAlgorithm =
                      "the token is signed by an algorithm that is not that of the key",
                  kWrongSignature = "the signature of the token is wrong",
                  kNoToken = "that is no JSON Web Token";

}  // namespace

TEST_CASE("nodb: a token of each algorithm says who asks, with roles, tenant and all its claims") {
    for (const char* algorithm : {"HS256", "RS256", "ES256"}) {
        const SigningKey key(algorithm, "one");
        Bench bench(jwks({key}));
        const auto text = claims("ada", "people", R"(,"tenant":"acme","team":{"n":7})");
        const auto principal = TokenVerifier(bench.credentials).verify(key.sign(text));
        CHECK(principal.id == "ada");
        CHECK(principal.roles == std::vector<std::string>{"people"});
        CHECK(principal.tenant == "acme");
        CHECK(principal.claims == text);
        CHECK(bench(SigningKey(algorithm, "one").sign(text)) == kWrongSignature);
        CHECK(bench(SigningKey(algorithm, "two").sign(text)) == kWrongKey);
    }
}

TEST_CASE("nodb: public keys as PEM and a secret as a single JWK verify too") {
    for (const char* algorithm : {"RS256", "ES256"}) {
        const SigningKey key(algorithm), old(algorithm);
        Bench bench(key.public_pem() + old.public_pem());
        CHECK(bench(key.sign(claims("ada", "people"))) == "ada");
        CHECK(bench(old.sign(claims("ada", "people"), R"({"kid":"any"})")) == "ada");
    }
    const auto key = SigningKey::of_bytes(kSecret);
    Bench bench(key.public_jwk());
    CHECK(bench(key.sign(claims("ada", "people"))) == "ada");
    CHECK(bench(SigningKey::of_bytes(kSecret + "!").sign(claims("ada", "people"))) ==
          kWrongSignature);
}

TEST_CASE("nodb: a token cannot choose its algorithm") {
    const SigningKey key("RS256", "one"), other("ES256", "two");
    const auto text = claims("eve", "admins");
    Bench bench(jwks({key, other}));
    for (const char* none : {"none", "None", "NONE", "", "HS256", "RS512", "PS256"})
        CHECK(bench(token_of(fmt::format(R"({{"alg":"{}"}})", none), text)) == kWrongAlgorithm);
    CHECK(bench(token_of(R"({"typ":"JWT"})", text)) == kWrongAlgorithm);
    CHECK(bench(token_of(R"({"alg":"RS256"})", text)) == kWrongSignature);
    CHECK(bench(token_of(R"({"alg":["RS256"]})", text)) == kWrongAlgorithm);
    const auto forger = SigningKey::of_bytes(key.public_pem());
    CHECK(Bench(key.public_pem())(forger.sign(text)) == kWrongAlgorithm);
    CHECK(bench(forger.sign(text)) == kWrongAlgorithm);
    CHECK(bench(forger.sign(text, R"({"kid":"one"})")) == kWrongAlgorithm);
    CHECK(bench(key.sign(text, R"({"kid":"two"})")) == kWrongAlgorithm);
}

TEST_CASE("nodb: what was changed after signing, or is no token, is refused") {
    const SigningKey key("ES256");
    Bench bench(jwks({key}));
    const auto token = key.sign(claims("ada", "people"));
    const auto one = token.find('.'), two = token.rfind('.');
    const auto payload = encoded(claims("ada", "admins"));
    CHECK(bench(token.substr(0, one + 1) + payload + token.substr(two)) == kWrongSignature);
    CHECK(bench(token.substr(0, two + 1)) == kWrongSignature);
    CHECK(bench(token.substr(0, token.size() - 2)) == kWrongSignature);
    for (const std::string& text : {std::string(), std::string("a"), std::string("a.b"),
                                    token + ".x", "!" + token, "." + token.substr(one)})
        CHECK(bench(text) == kNoToken);
    CHECK(bench(token_of(R"([1])", "{}")) == kNoToken);
    CHECK(bench(token_of(R"({"alg":"none","alg":"ES256"})", "{}")) == kNoToken);
    CHECK(bench(key.sign(R"({"sub":"ada","sub":"eve"})")) == kNoToken);
    CHECK(bench(key.sign(claims("ada", "people"), R"({"crit":["b64"],"b64":false})")) ==
          "the token asks for extensions that are not known here");
}

TEST_CASE("nodb: times hold within the skew of clocks, and there must be an expiry") {
    const SigningKey key("ES256");
    Bench bench(jwks({key}));
    const auto with = [&](const std::string& times) {
        return bench(key.sign(R"({"sub":"ada")" + times + "}"));
    };
    const auto at = [](const char* name, long long seconds) {
        return fmt::format(R"(,"{}":{})", name, seconds_from_now(seconds));
    };
    CHECK(with(at("exp", -30)) == "ada");
    CHECK(with(at("exp", -90)) == "the token has expired; get a new one");
    CHECK(with(at("exp", 60) + at("nbf", 30)) == "ada");
    CHECK(with(at("exp", 600) + at("nbf", 90)) == "the token is not valid yet");
    CHECK(with("") == "the token has no number 'exp'");
    CHECK(with(R"(,"exp":"2999")") == "the token has no number 'exp'");
    CHECK(with(at("exp", 60) + R"(,"nbf":"never")") == "the token has no number 'nbf'");
    bench.credentials.clock_skew_seconds = 0;
    CHECK(with(at("exp", -1)) == "the token has expired; get a new one");
    CHECK(with(R"(,"exp":1e300)") == "ada");
}

TEST_CASE("nodb: issuer and audience must be those that are configured") {
    const SigningKey key("ES256");
    Bench bench(jwks({key}));
    bench.credentials.issuer = "https://id.example";
    bench.credentials.audience = "trashd";
    const auto with = [&](const std::string& more) {
        return bench(key.sign(claims("ada", "people", more)));
    };
    const std::string issuer = R"(,"iss":"https://id.example")",
                      other = "the token is from another issuer",
                      elsewhere = "the token is for another audience";
    CHECK(with(issuer + R"(,"aud":"trashd")") == "ada");
    CHECK(with(issuer + R"(,"aud":["shop","trashd"])") == "ada");
    CHECK(with(issuer) == elsewhere);
    CHECK(with(issuer + R"(,"aud":["shop"])") == elsewhere);
    CHECK(with(issuer + R"(,"aud":"trashd2")") == elsewhere);
    CHECK(with(R"(,"aud":"trashd")") == other);
    CHECK(with(R"(,"iss":"https://id.example/","aud":"trashd")") == other);
    CHECK(with(R"(,"iss":["https://id.example"],"aud":"trashd")") == other);
}

TEST_CASE("nodb: the claims that say who and which roles can be named, step by step") {
    const SigningKey key("ES256");
    Bench bench(jwks({key}));
    bench.credentials.id_claim = "email";
    bench.credentials.roles_claim = "realm_access.roles";
    const auto verify = [&](const std::string& more) {
        return TokenVerifier(bench.credentials).verify(key.sign(claims("x", "ignored", more)));
    };
    const std::string email = R"(,"email":"ada@example.org")";
    CHECK(verify(email).id == "ada@example.org");
    CHECK(verify(email).roles.empty());
    CHECK(verify(email + R"(,"realm_access":{"roles":["a","b"]})").roles.size() == 2);
    CHECK(verify(email + R"(,"realm_access.roles":"a  b c")").roles.size() == 3);
    for (const char* id :
         {"\"\"", "7", "null", "\"anonymous\"", "\"key:ci\"", "\"cli:root\"", R"("a\nb")"})
        CHECK(bench(key.sign(claims("x", "y", fmt::format(R"(,"email":{})", id)))) ==
              "the token has no claim 'email' that can say whose it is");
}

// A tenant that was a number ended the process.
TEST_CASE("nodb: a tenant is a text or a number, and never lost") {
    const SigningKey key("ES256");
    Bench bench(jwks({key}));
    const auto token = [&](const std::string& tenant) {
        return key.sign(claims("ada", "people", ",\"tenant\":" + tenant));
    };
    CHECK(TokenVerifier(bench.credentials).verify(token("7")).tenant == "7");
    CHECK_FALSE(TokenVerifier(bench.credentials).verify(token("null")).tenant);
    for (const char* tenant : {"\"\"", "1.5", "[\"acme\"]", "{}", "true"})
        CHECK(bench(token(tenant)) == "the token's tenant is neither a text nor a number");
}

TEST_CASE("nodb: keys that are rewritten hold at once, and stay when the file is broken") {
    const SigningKey old("RS256", "old"), young("ES256", "young");
    Bench bench(jwks({old}));
    TokenVerifier verifier(bench.credentials);
    const auto before = old.sign(claims("ada", "people")), after = young.sign(claims("ada", "x"));
    CHECK(bench.ask(verifier, before) == "ada");
    CHECK(bench.ask(verifier, after) == kWrongKey);
    bench.file.write(jwks({young}));
    CHECK(bench.ask(verifier, before) == kWrongKey);
    CHECK(bench.ask(verifier, after) == "ada");
    // Whatever was neither JSON nor PEM counted as a secret, an error's page that anyone can get
    // too.
    const std::string page(600, '<'), set = jwks({young});
    for (const std::string& broken :
         {std::string("{"), std::string(), std::string("{\"keys\":[]}"), page,
          std::string(512, '\0'), "\xEF\xBB\xBF" + set, "[" + set + "]", set.substr(1)}) {
        bench.file.write(broken);
        if (broken.size() >= 32)
            CHECK(bench.ask(verifier, SigningKey::of_bytes(broken).sign(claims("eve", "a"))) !=
                  "eve");
        CHECK(bench.ask(verifier, after) == "ada");
    }
    bench.file.write(jwks({young, old}));
    CHECK(bench.ask(verifier, before) == "ada");
}

TEST_CASE("nodb: a file without usable keys says what is wrong with it") {
    const std::string none = "it has no key for HS256, RS256 or ES256";
    CHECK(fault_of("short") == none);
    CHECK(fault_of(kSecret) == none);
    CHECK(fault_of("{\"keys\":") == "it is no JSON");
    CHECK(fault_of("{\"keys\":[]}") == none);
    CHECK(fault_of(R"({"keys":[{"kty":"OKP","crv":"Ed25519","x":"AA"}]})") == none);
    CHECK(fault_of(R"({"kty":"oct","k":"AAAA"})") ==
          "a secret for HS256 must have at least 32 bytes");
    CHECK(fault_of(R"({"kty":"RSA","n":"AQAB","e":"AQAB"})") ==
          "an RSA key must have at least 2048 bits");
    const SigningKey rsa("RS256");
    CHECK(fault_of(SigningKey::of_bytes(rsa.public_pem()).public_jwk()) ==
          "what looks like a PEM key is no secret for HS256");
    CHECK(fault_of("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n") == none);
    CHECK(fault_of("-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n") ==
          "it holds a private key; trashd needs the public one only");
    auto signing = rsa.public_jwk();
    CHECK(fault_of(signing.insert(1, R"("use":"enc",)")) == none);
    Credentials missing;
    missing.jwt_keys = "/none";
    CHECK_THROWS_WITH_AS(TokenVerifier{missing},
                         "the configuration cannot be used:\n  credentials.jwt_keys: /none: it "
                         "cannot be read, or is empty",
                         ConfigError);
}
