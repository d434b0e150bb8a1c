// Tables without a primary key whose rows a unique index tells apart: that index is their key.
#include <doctest/doctest.h>

#include "schema/error.hpp"
#include "tests/support/served_database.hpp"

using namespace trashd::test;

namespace {

const char* kSchema = R"(
CREATE TABLE event (body text, event_id text NOT NULL, room text);
CREATE UNIQUE INDEX event_id_key ON event (event_id);
CREATE TABLE member (room text NOT NULL, "User" int NOT NULL, nick text NOT NULL);
CREATE UNIQUE INDEX member_nick ON member (nick);
CREATE UNIQUE INDEX member_user ON member ("User", room);
CREATE TABLE link (event_id text REFERENCES event (event_id) ON DELETE CASCADE, n int NOT NULL UNIQUE);
CREATE TABLE loose (a int, b int NOT NULL);
CREATE UNIQUE INDEX loose_a ON loose (a, b);
CREATE UNIQUE INDEX loose_b ON loose (b) WHERE a > 0;
CREATE TABLE bare (a int);
INSERT INTO event SELECT 'x' || i, '$' || i, 'r' FROM generate_series(1, 5) i;
INSERT INTO member SELECT 'r' || i, i, 'n' || i FROM generate_series(1, 5) i;
INSERT INTO link SELECT '$1', i FROM generate_series(1, 3) i;
)";

struct Bench : ServedDatabase {
    explicit Bench(const std::string& toml = "") : ServedDatabase(kSchema, toml) {}
};

std::vector<std::string> key_of(const Answer& metadata) {
    std::vector<std::string> names;
    const auto json = metadata.json();
    for (const auto& name : json["key"].GetArray()) names.emplace_back(name.GetString());
    names.emplace_back(json["keyConstraint"].GetString());
    return names;
}

}  // namespace

TEST_CASE("a table with a unique index over NOT NULL columns is served by it") {
    // It had no address; doctor advised to add a primary key.
    Bench call;
    CHECK(key_of(call("GET", "/v1/event/$metadata")) ==
          std::vector<std::string>{"event_id", "event_id_key"});
    CHECK(ids(call("GET", "/v1/event?limit=2"), "event_id") ==
          std::vector<std::string>{"$1", "$2"});
    CHECK(call("GET", "/v1/event/%241").status == 200);
    const auto gone = call("DELETE", "/v1/event/%241");
    CHECK(gone.status == 204);
    CHECK(call.value("SELECT count(*) FROM link") == "0");
    CHECK(call("GET", "/v1/event/%241").status == 410);
    CHECK(call("DELETE", "/v1/event/%241").header("Location") == gone.header("Location"));
    CHECK(call("PATCH", "/v1/event/%242", R"({"event_id": "other"})").code() == "invalid");
    CHECK(call("PATCH", "/v1/event/%242", R"({"body": "y"})").status == 200);
    CHECK(call("POST", "/v1/event", R"({"event_id": "$1"})").code() == "in-trash");
    CHECK(call("POST", gone.header("Location") + "/$restore").json()["restored"].GetInt() == 4);
    CHECK(
        call.value("SELECT string_agg(n::text, ',' ORDER BY n) FROM link WHERE event_id = '$1'") ==
        "1,2,3");
    CHECK(call("DELETE", "/v1/event?ids=%242,%249").json()[1]["status"] == "not-found");
    CHECK(ids(call("GET", "/v1/event/@deleted"), "event_id") == std::vector<std::string>{"$2"});
    CHECK(call("GET", "/v1/bare").status == 404);
    CHECK(call("GET", "/v1/loose").status == 404);
}

TEST_CASE("the configuration chooses among the unique indexes of a table") {
    Bench found;
    CHECK(key_of(found("GET", "/v1/member/$metadata")) ==
          std::vector<std::string>{"nick", "member_nick"});
    Bench chosen("[[resource]]\ntable = \"member\"\nkey = [\"room\", \"User\"]\n");
    CHECK(key_of(chosen("GET", "/v1/member/$metadata")) ==
          std::vector<std::string>{"User", "room", "member_user"});
    CHECK(chosen("GET", "/v1/member/2,r2").json()["nick"] == "n2");
    CHECK(chosen("DELETE", "/v1/member/2,r2").status == 204);
    CHECK(chosen("GET", "/v1/member/2,r2").status == 410);
}

TEST_CASE("a key that no unique index is over is a fault of the configuration") {
    for (const auto& [key, table] :
         std::vector<std::pair<std::string, std::string>>{{"\"room\"", "member"},
                                                          {"\"a\", \"b\"", "loose"},
                                                          {"\"b\"", "loose"},
                                                          {"\"nothing\"", "event"}}) {
        CAPTURE(key);
        TempDatabase database(kSchema);
        try {
            ServiceProcess service(
                database.url(), {},
                "[[resource]]\ntable = \"" + table + "\"\nkey = [" + key + "]\n");
            FAIL("it started");
        } catch (const std::runtime_error& error) {
            CHECK(std::string(error.what()).find("no unique index of table public." + table) !=
                  std::string::npos);
        }
    }
}

TEST_CASE("what is in the trash stays reachable when the index is gone") {
    Bench call;
    const auto item = call("DELETE", "/v1/event/%241").header("Location");
    call.sql("DROP INDEX event_id_key CASCADE");
    // the next delete sees it at once
    CHECK(call("DELETE", "/v1/event/%242").status == 404);
    CHECK(call.value("SELECT count(*) FROM event") == "4");
    CHECK(call("GET", item).json()["object"]["event_id"] == "$1");
    CHECK(call("POST", item + "/$restore").status == 200);
    CHECK(call.value("SELECT count(*) FROM event WHERE event_id = '$1'") == "1");
}

TEST_CASE("a key whose column may be NULL from now on is none") {
    Bench call;
    const auto item = call("DELETE", "/v1/event/%241").header("Location");
    call.sql("ALTER TABLE event ALTER event_id DROP NOT NULL");
    CHECK(call("DELETE", "/v1/event/%242").status == 404);
    CHECK(call("GET", item).json()["object"]["event_id"] == "$1");
    call.sql("ALTER TABLE event ALTER event_id SET NOT NULL");
    CHECK(call("POST", item + "/$restore").status == 200);
    CHECK(call.value("SELECT count(*) FROM link") == "3");
}
