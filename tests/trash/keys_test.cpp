#include <doctest/doctest.h>

#include "schema/error.hpp"
#include "tests/support/database.hpp"
#include "trash/records/api_keys.hpp"
#include "trash/setup/migrate.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

struct Bench {
    TempDatabase database;
    schema::Pool pool{database.url(), 2};
    trash::Keys keys{pool, "trashd"};
    Bench() { trash::migrate(pool.lease().connection(), "trashd"); }

    std::string value(const std::string& sql) { return TestConnection(database.url()).value(sql); }
    std::string fault_of(const std::string& expires) {
        try {
            keys.create({"late", {"people"}, {}, expires});
        } catch (const Error& error) {
            return std::string(code_name(error.code())) + ": " + error.what();
        }
        return "";
    }
};

}  // namespace

TEST_CASE("a key is known by its text, of which the database holds only a hash") {
    Bench bench;
    const auto made = bench.keys.create({"ci", {"people", "a \"b\", c"}, "acme", {}});
    const auto secret = made.text.substr(made.text.rfind('_') + 1);
    CHECK(secret.size() == 64);
    const auto found = bench.keys.find(made.text);
    REQUIRE(found);
    CHECK(found->name == "ci");
    CHECK(found->roles == std::vector<std::string>{"people", "a \"b\", c"});
    CHECK(found->tenant == "acme");
    CHECK_FALSE(found->expires_at);
    CHECK(bench.value("SELECT count(*) FROM trashd.key k WHERE strpos(k::text, '" + secret +
                      "') > 0") == "0");
    CHECK(bench.value("SELECT encode(hash, 'hex') = encode(sha256('" + secret +
                      "'), 'hex') FROM trashd.key") == "t");
    CHECK(bench.value("SELECT used_on = CURRENT_DATE FROM trashd.key") == "t");
}

TEST_CASE("what is not a key to the last digit is none") {
    Bench bench;
    const auto text = bench.keys.create({"ci", {"people"}}).text;
    const auto other = bench.keys.create({"ci", {"people"}}).text;
    CHECK(text != other);
    std::vector<std::string> wrong = {"", "trashd_", text + "0", text.substr(1),
                                      "X" + text.substr(1)};
    for (std::size_t at = 0; at < text.size(); ++at) {
        wrong.push_back(text);
        wrong.back()[at] = text[at] == '0' ? '1' : '0';
    }
    wrong.push_back(text.substr(0, 24) + other.substr(24));
    for (const auto& one : wrong) {
        CAPTURE(one);
        CHECK_FALSE(bench.keys.find(one));
    }
    CHECK(bench.keys.find(text));
}

TEST_CASE("a key expires at a time or after an interval, which must be to come") {
    Bench bench;
    bench.keys.create({"soon", {"people"}, {}, "90 days"});
    bench.keys.create({"later", {"people"}, {}, "2999-01-31"});
    CHECK(bench.value("SELECT expires_at = created_at + interval '90 days' FROM trashd.key WHERE "
                      "name = 'soon'") == "t");
    CHECK(bench.value("SELECT expires_at = '2999-01-31 00:00Z' FROM trashd.key WHERE name = "
                      "'later'") == "t");
    for (const char* over : {"2001-01-31", "-1 day", "0 days"})
        CHECK(bench.fault_of(over) == "bad-request: that expiry is over already");
    for (const char* nothing : {"soon", "", "2030-13-01"})
        CHECK(bench.fault_of(nothing) ==
              "bad-request: the expiry must be a time as 2030-01-31, or as '90 days'");
    CHECK(bench.value("SELECT count(*) FROM trashd.key") == "2");
}

TEST_CASE("a key that is revoked or has expired is told as such") {
    Bench bench;
    const auto made = bench.keys.create({"ci", {"people"}, {}, "1 day"});
    CHECK_FALSE(bench.keys.find(made.text)->expired);
    bench.value("UPDATE trashd.key SET expires_at = now() RETURNING 1");
    CHECK(bench.keys.find(made.text)->expired);
    const auto revoked = bench.keys.revoke(made.key.id);
    CHECK(bench.keys.find(made.text)->revoked_at == revoked.revoked_at);
    CHECK(bench.keys.revoke(made.key.id).revoked_at == revoked.revoked_at);
    CHECK_THROWS_WITH(bench.keys.revoke("x"), "there is no key x; see trashd key list");
    CHECK(bench.keys.list().size() == 1);
}
