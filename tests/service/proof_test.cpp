// What the service finds by itself about whether groups could come back, and where it tells so.
#include <doctest/doctest.h>

#include <chrono>
#include <thread>

#include "service/config/config.hpp"
#include "service/doctor/doctor.hpp"
#include "tests/support/served_database.hpp"
#include "tests/support/tokens.hpp"
#include "trash/records/api_keys.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

constexpr const char* kSchema = R"(
CREATE TABLE usr (id int PRIMARY KEY, name text UNIQUE);
CREATE TABLE topic (id int PRIMARY KEY, author int NOT NULL REFERENCES usr ON DELETE CASCADE);
INSERT INTO usr VALUES (1, 'ann'), (2, 'bob'), (3, 'cid');
INSERT INTO topic VALUES (1, 1), (2, 1), (3, 2);
)";

constexpr const char* kAtOnce = "[proof]\nafter_minutes = 0\nshare = 100\n";

template <class Condition>
bool within_a_minute(Condition condition) {
    for (int i = 0; i < 600; ++i) {
        if (condition()) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return false;
}

bool tried(ServedDatabase& served, int groups) {
    return within_a_minute([&] {
        return served.value("SELECT count(*) FROM trashd.rehearsal") == std::to_string(groups);
    });
}

}  // namespace

TEST_CASE("items say whether their group could come back, and lists and metrics tell of those") {
    ServedDatabase served(kSchema, kAtOnce);
    const auto first = served.trash("usr/1"), second = served.trash("usr/2");
    served.sql("INSERT INTO usr VALUES (1, 'eve')");
    REQUIRE(tried(served, 2));
    const auto no = served("GET", first).json();
    CHECK_FALSE(no["restorable"].GetBool());
    CHECK(no["conflicts"].Size() == 1);
    CHECK(no["conflicts"][0]["kind"] == "primary-key-taken");
    CHECK(no["conflicts"][0]["count"].GetInt() == 1);
    CHECK(std::string(no["checkedAt"].GetString()).size() == 27);
    const auto yes = served("GET", second).json();
    CHECK(yes["restorable"].GetBool());
    CHECK_FALSE(yes.HasMember("conflicts"));
    CHECK(served("GET", "/v1/trash?root=true&restorable=false").json().Size() == 1);
    CHECK(served("GET", "/v1/trash?restorable=true&count=true").header("X-Total-Count") == "2");
    CHECK(served("GET", "/v1/trash?restorable=perhaps").code() == "bad-request");
    const auto metrics = [&](const std::string& line) {
        return served("GET", "/metrics").body.find(line) != std::string::npos;
    };
    CHECK(within_a_minute(
        [&] { return metrics("trashd_rehearsed_groups{restorable=\"false\"} 1\n"); }));
    CHECK(metrics("trashd_rehearsed_groups{restorable=\"true\"} 1\n"));
    CHECK(metrics("trashd_rehearsals_total{outcome=\"restorable\"} 1\n"));
}

TEST_CASE("the doctor counts the groups that cannot come back") {
    ServedDatabase served(kSchema, kAtOnce);
    served.trash("usr/1");
    const auto said = [&] {
        TestConnection connection(served.database.url());
        for (const auto& finding : service::examine(connection.get(), service::Config()))
            if (finding.kind == "not-restorable") return finding.detail;
        return std::string();
    };
    REQUIRE(tried(served, 1));
    CHECK(said().empty());
    served.trash("usr/2");
    served.sql("INSERT INTO usr VALUES (2, 'eve')");
    REQUIRE(tried(served, 2));
    CHECK(said() == "1 group in the trash could not come back when that was last tried");
}

TEST_CASE("nothing is tried before it has lain there for a while, nor where that is switched off") {
    for (const auto* toml : {"", "[proof]\nevery_hours = 0\nafter_minutes = 0\n"}) {
        ServedDatabase served(kSchema, toml);
        const auto item = served.trash("usr/1");
        std::this_thread::sleep_for(std::chrono::seconds(3));
        CHECK(served.value("SELECT count(*) FROM trashd.rehearsal") == "0");
        CHECK(served("GET", item).json()["restorable"].IsNull());
    }
}

TEST_CASE("what a tenant has is tried as the tenant's, and a role is told nothing") {
    TempDatabase database(R"(
DO $$ BEGIN
    CREATE ROLE proof_app;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
CREATE TABLE usr (id int PRIMARY KEY, tenant text NOT NULL, name text);
CREATE TABLE topic (id int PRIMARY KEY, tenant text NOT NULL,
                    author int NOT NULL REFERENCES usr ON DELETE CASCADE);
GRANT ALL ON usr, topic TO proof_app;
INSERT INTO usr VALUES (1, 'a', 'ann'), (2, 'b', 'bob');
INSERT INTO topic VALUES (1, 'a', 1), (2, 'b', 2);
)");
    const auto toml = std::string(kAtOnce) +
                      "[tenant]\ncolumn = \"tenant\"\n[credentials]\napi_keys = true\n"
                      "[roles]\nall = \"*\"\n";
    schema::Pool pool(database.url(), 1);
    {
        ServiceProcess service(database.url(), {}, toml);
        trash::Keys keys(pool, "trashd");
        const auto call = [&](const std::string& tenant, const char* verb, const char* address) {
            const auto key = keys.create({tenant, {"all"}, tenant}).text;
            return ask(service.port(), verb, address, {{"X-API-Key", key}});
        };
        CHECK(call("a", "DELETE", "/v1/topic/1").status == 204);
        const auto gone = call("b", "DELETE", "/v1/topic/2");
        CHECK(gone.status == 204);
        // the parent is there, but as another tenant's
        TestConnection(database.url())->exec("UPDATE usr SET tenant = 'a' WHERE id = 2");
        TestConnection connection(database.url());
        REQUIRE(within_a_minute(
            [&] { return connection.value("SELECT count(*) FROM trashd.rehearsal") == "2"; }));
        CHECK(connection.value("SELECT string_agg(restorable::text, ' ' ORDER BY group_id) "
                               "FROM trashd.rehearsal") == "true false");
        const auto told = call("b", "GET", gone.header("Location").c_str()).json();
        CHECK_FALSE(told["restorable"].GetBool());
    }
    ServiceProcess service(database.url(), {},
                           toml + "[access]\ndatabase_roles = [\"proof_app\"]\n");
    const auto key = trash::Keys(pool, "trashd").create({"app", {"all", "proof_app"}, "b"}).text;
    const auto told = ask(service.port(), "GET", "/v1/trash", {{"X-API-Key", key}}).json();
    REQUIRE(told.Size() == 1);
    CHECK(told[0]["restorable"].IsNull());
    CHECK_FALSE(told[0].HasMember("conflicts"));
    CHECK(ask(service.port(), "GET", "/v1/trash?restorable=false", {{"X-API-Key", key}})
              .json()
              .Size() == 0);
}
