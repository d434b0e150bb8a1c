// One live row, and the newest of the trash, are read by statements that are prepared and kept;
// what they were made from changes meanwhile.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/support/database.hpp"
#include "tests/support/http.hpp"

using namespace trashd::test;

namespace {

constexpr const char* kThings = R"(
CREATE TABLE thing (id int PRIMARY KEY, name text);
INSERT INTO thing SELECT i, 'thing ' || i FROM generate_series(1, 9) i;
CREATE TABLE clock (id int PRIMARY KEY, at timestamptz);
INSERT INTO clock VALUES (1, '2030-01-01 00:00Z'))";

struct Bench {
    explicit Bench(const char* script = kThings) : database(script) {}

    Answer get(const std::string& address) { return request(service.port(), "GET", address); }
    void trash(int id) {
        REQUIRE(request(service.port(), "DELETE", fmt::format("/v1/thing/{}", id)).status == 204);
    }
    void restore(int id) {
        const auto found = get(fmt::format("/v1/thing/{}", id)).json();
        const std::string where = std::string("/v1/trash/") + found["trashItem"]["id"].GetString();
        REQUIRE(request(service.port(), "POST", where + "/$restore").status == 200);
    }
    // Names of the newest, as "c,b,a".
    std::string names(const std::string& address = "/v1/thing/@deleted") {
        const auto answer = get(address);
        INFO(answer.body);
        REQUIRE(answer.status == 200);
        std::string all;
        for (const auto& row : answer.json().GetArray())
            all += (all.empty() ? "" : ",") + std::string(row["name"].GetString());
        return all;
    }

    TempDatabase database;
    TestConnection sql{database.url()};
    ServiceProcess service{database.url()};
};

}  // namespace

TEST_CASE("the newest of the trash are listed as they are, whatever was listed before") {
    Bench bench;
    CHECK(bench.names().empty());
    bench.trash(1);
    CHECK(bench.names() == "thing 1");
    bench.trash(2);
    CHECK(bench.names() == "thing 2,thing 1");
    bench.restore(1);
    CHECK(bench.names() == "thing 2");
    CHECK(bench.names("/v1/thing/@deleted?limit=1") == "thing 2");
    bench.restore(2);
    CHECK(bench.names().empty());
}

TEST_CASE("the newest of the trash are listed when rows of another form come to them") {
    Bench bench;
    bench.trash(1);
    CHECK(bench.names() == "thing 1");
    bench.sql->script("ALTER TABLE thing ADD weight int; UPDATE thing SET weight = id * 10");
    bench.trash(2);
    const auto rows = bench.get("/v1/thing/@deleted").json();
    REQUIRE(rows.Size() == 2);
    CHECK(rows[0]["weight"].GetInt() == 20);
    CHECK(rows[1]["weight"].IsNull());
    bench.sql->script("ALTER TABLE thing DROP weight");
    bench.trash(3);
    CHECK(bench.names() == "thing 3,thing 2,thing 1");
    bench.sql->script("ALTER TABLE thing RENAME TO matter; ALTER TABLE matter RENAME TO thing");
    CHECK(bench.names() == "thing 3,thing 2,thing 1");
}

TEST_CASE("a long row among the newest is listed whole, and pages go on behind it") {
    Bench bench;
    bench.sql->script("UPDATE thing SET name = repeat('long ', 100000) WHERE id = 2");
    for (const int id : {1, 2, 3}) bench.trash(id);
    const auto rows = bench.get("/v1/thing/@deleted").json();
    REQUIRE(rows.Size() == 3);
    CHECK(rows[1]["name"].GetStringLength() == 500000);
    CHECK(rows[1].HasMember("trashItem"));
    std::string address = "/v1/thing/@deleted?limit=1", all;
    while (!address.empty()) {
        const auto answer = bench.get(address);
        REQUIRE(answer.status == 200);
        all += std::to_string(answer.json()[0]["id"].GetInt()) + ",";
        address = answer.link("next");
    }
    CHECK(all == "3,2,1,");
}

TEST_CASE("one row is read as it is, long, changed, of a changed table, or gone") {
    Bench bench;
    auto name = [&] { return std::string(bench.get("/v1/thing/1").json()["name"].GetString()); };
    CHECK(name() == "thing 1");
    const auto tag = bench.get("/v1/thing/1").header("ETag");
    CHECK(request(bench.service.port(), "GET", "/v1/thing/1", {{"If-None-Match", tag}}).status ==
          304);
    bench.sql->script("UPDATE thing SET name = repeat('x', 50000) WHERE id = 1");
    CHECK(name() == std::string(50000, 'x'));
    bench.sql->script(
        "UPDATE thing SET name = 'short' WHERE id = 1; ALTER TABLE thing ADD more int");
    CHECK(name() == "short");
    CHECK(bench.get("/v1/thing/1").json()["more"].IsNull());
    bench.sql->script("ALTER TABLE thing ALTER id TYPE bigint");
    CHECK(name() == "short");
    bench.trash(1);
    CHECK(bench.get("/v1/thing/1").status == 410);
    CHECK(bench.get("/v1/thing/1?deleted=null").json()["name"] == "short");
    CHECK(bench.get("/v1/thing/x").status == 404);
    bench.restore(1);
    CHECK(name() == "short");
}

TEST_CASE("code of the users in a row that is read leaves nothing to who reads next") {
    Bench bench;
    TestConnection owner(bench.database.url());
    const auto role = bench.database.name() + "_nobody";
    CHECK(bench.get("/v1/thing/1").status == 200);
    owner->script(fmt::format(R"(
CREATE ROLE {0};
CREATE TYPE mood AS ENUM ('thing 1', 'thing 2');
CREATE FUNCTION shown(mood) RETURNS json LANGUAGE plpgsql AS $$ BEGIN
  PERFORM set_config('role', '{0}', false), set_config('TimeZone', 'Asia/Tokyo', false);
  RETURN to_json('cast'::text);
END $$;
CREATE CAST (mood AS json) WITH FUNCTION shown(mood);
DELETE FROM thing WHERE id > 2;
ALTER TABLE thing ALTER name TYPE mood USING name::mood)",
                              role));
    for (int round = 0; round < 3; ++round) {
        CHECK(bench.get("/v1/thing/1").json()["name"] == "cast");
        CHECK(bench.get("/v1/thing").status == 200);
        CHECK(bench.get("/v1/trash").status == 200);
    }
    bench.trash(2);
    CHECK(request(bench.service.port(), "GET", "/v1/clock/1").json()["at"] ==
          "2030-01-01T00:00:00+00:00");
    bench.service.stop();
    owner->script(fmt::format("DROP OWNED BY {0}; DROP ROLE {0}", role));
}

TEST_CASE("what a trigger on the trash's tables sets is not there for who comes next") {
    Bench bench;
    bench.sql->script(R"(
CREATE FUNCTION sets() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  PERFORM set_config('TimeZone', 'Asia/Tokyo', false);
  RETURN NEW;
END $$;
CREATE TRIGGER sets AFTER INSERT ON trashd.ledger FOR EACH ROW EXECUTE FUNCTION sets())");
    const auto gone = request(bench.service.port(), "DELETE", "/v1/thing/1");
    for (int round = 0; round < 3; ++round)
        CHECK(bench.get("/v1/clock/1").json()["at"] == "2030-01-01T00:00:00+00:00");
    REQUIRE(request(bench.service.port(), "DELETE", gone.header("Location")).status == 204);
    for (int round = 0; round < 3; ++round)
        CHECK(bench.get("/v1/clock/1").json()["at"] == "2030-01-01T00:00:00+00:00");
}

TEST_CASE("a policy that is made while the service runs hides rows at once") {
    TempDatabase database(kThings);
    TestConnection owner(database.url());
    const auto role = database.name() + "_reader";
    owner->script(
        fmt::format("CREATE ROLE {0} LOGIN; GRANT CREATE ON DATABASE {1} TO {0};"
                    "GRANT ALL ON thing TO {0}",
                    role, database.name()));
    ServiceProcess service(database.url(role));
    auto status = [&](int id) {
        return request(service.port(), "GET", fmt::format("/v1/thing/{}", id)).status;
    };
    CHECK(status(2) == 200);
    owner->script(
        "ALTER TABLE thing ENABLE ROW LEVEL SECURITY;"
        "CREATE POLICY odd ON thing USING (id % 2 = 1)");
    CHECK(status(1) == 200);
    CHECK(status(2) == 404);
    owner->script(fmt::format("ALTER ROLE {} BYPASSRLS", role));
    CHECK(status(2) == 200);
    owner->script(fmt::format("ALTER ROLE {} NOBYPASSRLS", role));
    CHECK(status(2) == 404);
    service.stop();
    owner->script(fmt::format("DROP OWNED BY {0} CASCADE; DROP ROLE {0}", role));
}
