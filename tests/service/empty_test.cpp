// Emptying the trash: what the filters mean, what stays, and that it asks first.
#include <doctest/doctest.h>

#include "schema/error.hpp"
#include "tests/support/database.hpp"
#include "tests/support/http.hpp"

using namespace trashd::test;

namespace {

const char* kSchema = R"(
CREATE TABLE project (id int PRIMARY KEY, name text);
CREATE TABLE task (id int PRIMARY KEY, project_id int REFERENCES project ON DELETE CASCADE, name text);
INSERT INTO project SELECT i, 'project ' || i FROM generate_series(1, 300) i;
INSERT INTO task SELECT i, 1 + i % 3, 'task ' || i FROM generate_series(1, 30) i;
)";

struct Bench {
    explicit Bench(const std::string& toml = "") : service(database.url(), {}, toml) {}
    Answer operator()(const std::string& verb, const std::string& address,
                      const httplib::Headers& headers = {}) {
        return request(service.port(), verb, address, headers);
    }
    std::string value(const std::string& sql) { return TestConnection(database.url()).value(sql); }
    std::string items() { return value("SELECT count(*) FROM trashd.item"); }

    TempDatabase database{kSchema};
    ServiceProcess service;
};

std::string counts(const Answer& answer) {
    CAPTURE(answer.body);
    const auto json = answer.json();
    REQUIRE(json.HasMember("groups"));
    return std::to_string(answer.status) + " " + std::to_string(json["groups"].GetInt()) + " " +
           std::to_string(json["items"].GetInt());
}

}  // namespace

TEST_CASE("emptying asks for confirmation and then forgets every group for good") {
    Bench call;
    call("DELETE", "/v1/project?where[id][less_than_equal]=250");
    const auto asked = call("DELETE", "/v1/trash");
    CHECK(asked.code() == "confirmation-required");
    CHECK(counts(asked) == "400 250 280");
    CHECK(call.items() == "280");
    CHECK(counts(call("DELETE", "/v1/trash?confirm=true&reason=full")) == "200 250 280");
    CHECK(call.items() == "0");
    CHECK(call.value("SELECT count(*) FROM trashd.ledger WHERE action = 'purged' AND reason = "
                     "'full'") == "250");
    CHECK(counts(call("DELETE", "/v1/trash?confirm=true")) == "200 0 0");
}

TEST_CASE("the filters are asked of the roots and groups go whole") {
    Bench call;
    call("DELETE", "/v1/task?ids=3,30");
    call("DELETE", "/v1/project?ids=1,2,10");
    CHECK(counts(call("DELETE", "/v1/trash?resource=task")) == "400 2 2");
    CHECK(counts(call("DELETE", "/v1/trash?root=false")) == "400 0 0");
    CHECK(counts(call("DELETE", "/v1/trash?deletedObjectId=6")) == "400 0 0");
    CHECK(counts(call("DELETE", "/v1/trash?q=PROJECT%201")) == "400 2 10");
    CHECK(counts(call("DELETE", "/v1/trash?confirm=true&q=ject%202")) == "200 1 11");
    CHECK(counts(call("DELETE", "/v1/trash?confirm=true&resource=task&deletedObjectId=3")) ==
          "200 1 1");
    CHECK(counts(call("DELETE", "/v1/trash?deletedBy=nobody")) == "400 0 0");
    CHECK(call.items() == "11");
}

TEST_CASE(
    "what was deleted for another reason stays, and a reason that is not given spares nothing") {
    for (const char* prefer : {"wait", "respond-async"}) {
        CAPTURE(prefer);
        Bench call;
        call("DELETE", "/v1/project/10?reason=legal%20hold");
        call("DELETE", "/v1/project/11?reason=over");
        call("DELETE", "/v1/project/12");
        const std::string others = "/v1/trash?deletedReason%5Bnot_equals%5D=legal%20hold";
        CHECK(counts(call("DELETE", others)) == "400 2 2");
        CHECK(counts(call("DELETE", "/v1/trash?deletedReason=over")) == "400 1 1");
        for (const char* query : {"deletedReason=", "deletedReason%5Bnot_equals%5D=",
                                  "deletedReason%5Bnot_equals%5D=%20"})
            CHECK(call("DELETE", std::string("/v1/trash?confirm=true&") + query).code() ==
                  "bad-request");
        CHECK(call.items() == "3");
        const auto emptied =
            call("DELETE", others + "&confirm=true&expect=2", {{"Prefer", prefer}});
        if (emptied.status == 202)
            while (call("GET", emptied.header("Location")).json()["endedAt"].IsNull()) {
            }
        CHECK(call.items() == "1");
        CHECK(call.value("SELECT reason FROM trashd.trash_group WHERE state = 'trashed'") ==
              "legal hold");
    }
}

TEST_CASE("olderThan spares what is younger, and what cannot be a time is refused") {
    Bench call;
    call("DELETE", "/v1/project?ids=10,11");
    TestConnection(call.database.url())
        ->exec(
            "UPDATE trashd.trash_group SET created_at = created_at - interval '31 days' WHERE "
            "root_object = '10'");
    CHECK(counts(call("DELETE", "/v1/trash?olderThan=5w")) == "400 0 0");
    CHECK(counts(call("DELETE", "/v1/trash?olderThan=30d&confirm=true")) == "200 1 1");
    CHECK(call.value("SELECT root_object FROM trashd.trash_group WHERE state = 'trashed'") == "11");
    for (const char* query : {"olderThan=30", "olderThan=d", "olderThan=-1d", "olderThan=1y",
                              "olderThan=999999999w", "to=2030-02-31", "from=soon", "limit=3"}) {
        CAPTURE(query);
        CHECK(call("DELETE", std::string("/v1/trash?confirm=true&") + query).code() ==
              "bad-request");
    }
    CHECK(call.items() == "1");
}

TEST_CASE("a group that another request holds is waited for, not left") {
    Bench call;
    call("DELETE", "/v1/project?ids=10,11,12");
    TestConnection holder(call.database.url());
    holder->exec("BEGIN");
    holder->exec("SELECT FROM trashd.trash_group WHERE root_object = '11' FOR UPDATE");
    holder->exec("SET LOCAL idle_in_transaction_session_timeout = 1000");
    CHECK(counts(call("DELETE", "/v1/trash?confirm=true")) == "200 3 3");
    CHECK(call.items() == "0");
}

TEST_CASE("emptying a large trash becomes an operation that spares what comes later") {
    Bench call("[limits]\nasync_rows = 20\n");
    call("DELETE", "/v1/project?where[id][greater_than]=200", {{"Prefer", "wait"}});
    const auto accepted = call("DELETE", "/v1/trash?confirm=true");
    REQUIRE(accepted.status == 202);
    call("DELETE", "/v1/project/10");
    auto operation = call("GET", accepted.header("Location")).json();
    while (operation["endedAt"].IsNull())
        operation = call("GET", accepted.header("Location")).json();
    CHECK(operation["result"]["groups"].GetInt() == 100);
    CHECK(operation["result"]["items"].GetInt() == 100);
    CHECK(operation["done"].GetInt() == 100);
    CHECK(call.items() == "1");
}

TEST_CASE("a body where none is read is refused, and nothing is done") {
    // DELETE /v1/trash with ids in a body emptied the whole trash.
    Bench call;
    call("DELETE", "/v1/project?where[id][less_than_equal]=20");
    const auto item = call("DELETE", "/v1/project/30").header("Location");
    const auto before = call.items();
    for (const char* body : {R"({"ids": ["00000000-0000-4000-8000-000000000001"]})",
                             R"({"olderThan": "30d"})", "not json", "[]", "null", "{}x"})
        for (const auto& [verb, address] : std::vector<std::pair<std::string, std::string>>{
                 {"DELETE", "/v1/trash?confirm=true"},
                 {"DELETE", "/v1/trash"},
                 {"DELETE", item},
                 {"DELETE", "/v1/project/40"},
                 {"DELETE", "/v1/project/40?dryRun=true"},
                 {"POST", "/v1/project/40?method=DELETE"},
                 {"GET", "/v1/project/40"},
                 {"GET", "/v1/project"}}) {
            CAPTURE(verb);
            CAPTURE(address);
            CAPTURE(body);
            CHECK(request(call.service.port(), verb, address, {}, body).code() == "bad-request");
        }
    // a restore reads one, which must be called JSON
    CHECK(request(call.service.port(), "POST", item + "/$restore", {}, "not json").code() ==
          "unsupported-media-type");
    const std::string chunked = raw_request(
        call.service.port(),
        "DELETE /v1/trash?confirm=true HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: "
        "chunked\r\nConnection: close\r\n\r\n5\r\n[1,2]\r\n0\r\n\r\n");
    CHECK(chunked.starts_with("HTTP/1.1 400"));
    RawClient half(call.service.port());
    half.send(
        "DELETE /v1/trash?confirm=true HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
        "20\r\n\r\n{\"ids\": ");
    half.end();
    CHECK(half.receive_all().starts_with("HTTP/1.1 400"));
    CHECK(call.items() == before);
    CHECK(call.value("SELECT count(*) FROM project WHERE id = 40") == "1");
    CHECK(request(call.service.port(), "POST", item + "/$restore", {}, " {} ").status == 200);
}

TEST_CASE("a reason of blanks is none") {
    Bench call("[[resource]]\ntable = \"task\"\nrequire_reason = true\n");
    for (const char* blank : {"", "%20%20", "%09", "%0A", "%C2%A0", "%E2%80%8B", "%E3%80%80",
                              "%E2%80%89%20", "%EF%BB%BF"}) {
        CAPTURE(blank);
        CHECK(call("DELETE", std::string("/v1/task/1?reason=") + blank).code() ==
              "reason-required");
        CHECK(call("DELETE", std::string("/v1/task?ids=1&reason=") + blank).code() ==
              "reason-required");
    }
    CHECK(call("DELETE", "/v1/task/1?reason=%20x").status == 204);
    CHECK(call("DELETE", "/v1/project/300?reason=%E2%80%83").status == 204);
    CHECK(call.value("SELECT count(*) FROM trashd.trash_group WHERE reason IS NULL") == "1");
    CHECK(call.value("SELECT reason FROM trashd.trash_group WHERE reason IS NOT NULL") == " x");
}
