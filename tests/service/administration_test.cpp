// What who looks after the service may ask and do over HTTP: keys, roles, findings, the ledger.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/support/database.hpp"
#include "tests/support/problem.hpp"
#include "trash/records/api_keys.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

struct Bench {
    TempDatabase database{
        "CREATE TABLE project (id int PRIMARY KEY);"
        "CREATE TABLE task (id int PRIMARY KEY, project int REFERENCES project);"
        "INSERT INTO project VALUES (1), (2)"};
    ServiceProcess service{
        database.url(),
        {},
        "[credentials]\napi_keys = true\n[roles]\n"
        "people = { read = \"*\", trash = [\"task\", \"project\"], "
        "restore = \"own-deletes\", owner = \"author\" }\nadmins = [\"admin\"]\nowners = \"*\"\n"};
    schema::Pool pool{database.url(), 1};
    trash::Keys keys{pool, "trashd"};
    std::string admin = keys.create({"root", {"admins"}}).text,
                owner = keys.create({"owner", {"owners"}}).text;

    Answer as(const std::string& key, const std::string& verb, const std::string& address,
              const std::string& body = "") {
        httplib::Headers headers = {{"X-API-Key", key}};
        if (!body.empty()) headers.emplace("Content-Type", "application/json");
        return ask(service.port(), verb, address, headers, body);
    }
    Answer operator()(const std::string& verb, const std::string& address,
                      const std::string& body = "") {
        return as(admin, verb, address, body);
    }
};

}  // namespace

TEST_CASE("a key is made over HTTP, told once, listed with who made it, and revoked") {
    Bench call;
    const auto made = call("POST", "/v1/@keys",
                           R"({"name": "nightly", "roles": ["people"], "expiresAt": "90 days"})");
    REQUIRE(made.status == 201);
    const auto key = made.json();
    CHECK(key.MemberCount() == 2);
    const std::string id = key["id"].GetString(), text = key["key"].GetString();
    CHECK(made.header("Location") == "/v1/@keys/" + id);
    CHECK(call.as(text, "GET", "/v1/@me").json()["principal"] == "key:nightly");
    const auto list = call("GET", "/v1/@keys");
    CHECK(list.body.find(text.substr(24)) == std::string::npos);
    const auto listed = list.json();
    CHECK(listed.Size() == 3);
    CHECK(listed[0]["id"].GetString() == id);
    CHECK(listed[0]["createdBy"] == "key:root");
    CHECK(listed[0]["state"] == "valid");
    CHECK(listed[0]["expiresAt"].IsString());
    CHECK(listed[0]["usedOn"].IsString());
    CHECK(call("DELETE", "/v1/@keys/" + id).status == 204);
    CHECK(call("DELETE", "/v1/@keys/" + id).status == 204);
    CHECK(call.as(text, "GET", "/v1/@me").code() == "unauthorized");
    const auto revoked = call("GET", "/v1/@keys").json();
    CHECK(revoked[0]["state"] == "revoked");
    CHECK(revoked[0]["revokedBy"] == "key:root");
    check_problem(call("DELETE", "/v1/@keys/nope"), "not-found", "there is no such key");
    const auto history = call.as(call.owner, "GET", "/v1/history?objectId=" + id).json();
    REQUIRE(history.Size() == 2);
    CHECK(history[0]["action"] == "key-revoked");
    CHECK(history[1]["action"] == "key-created");
    CHECK(history[1]["by"] == "key:root");
    CHECK(history[1]["reason"] == "nightly");
    CHECK(history[1]["groupId"].IsNull());
    CHECK(call.as(call.owner, "GET", "/v1/history?action=key-created").json().Size() == 3);
}

TEST_CASE("a key that cannot be meant is refused, and none is made") {
    Bench call;
    for (const auto& [body, detail] : std::vector<std::pair<std::string, std::string>>{
             {R"({"name": "x"})",
              "the body must be an object with name and roles, and maybe expiresAt and tenant"},
             {R"([1])",
              "the body must be an object with name and roles, and maybe expiresAt and tenant"},
             {R"({"name": "", "roles": []})",
              "a name has from 1 to 100 bytes and no control characters"},
             {R"({"name": 7, "roles": []})", "'name' must be a text"},
             {R"({"name": "x", "roles": "people"})", "'roles' must be an array"},
             {R"({"name": "x", "roles": [1]})", "'roles' must be a text"},
             {R"({"name": "x", "roles": ["gods"]})",
              "there is no role 'gods' in the configuration; it has admins, owners, people"},
             {R"({"name": "x", "roles": [], "expires": "1 day"})",
              "'expires' is not known in this body: it has name, roles, expiresAt, tenant"},
             {R"({"name": "x", "roles": [], "expiresAt": "soon"})",
              "the expiry must be a time as 2030-01-31, or as '90 days'"}}) {
        CAPTURE(body);
        check_problem(call("POST", "/v1/@keys", body), "bad-request", detail);
    }
    CHECK(call("GET", "/v1/@keys").json().Size() == 2);
    const auto again = ask(
        call.service.port(), "POST", "/v1/@keys",
        {{"X-API-Key", call.admin}, {"Idempotency-Key", "1"}, {"Content-Type", "application/json"}},
        R"({"name": "x", "roles": []})");
    check_problem(again, "bad-request",
                  "keys are told once: send it without Idempotency-Key, and revoke what was made "
                  "twice");
    const auto page = ask(call.service.port(), "POST", "/v1/@keys",
                          {{"X-API-Key", call.admin},
                           {"Origin", "https://evil.example"},
                           {"Content-Type", "application/json"}},
                          R"({"name": "x", "roles": []})");
    CHECK(page.code() == "forbidden");
}

TEST_CASE("roles are told as they are configured") {
    Bench call;
    CHECK(
        call("GET", "/v1/@roles").body ==
        R"([{"name":"admins","rights":{"admin":["*"]},"owner":null,"ownDeletes":[]},)"
        R"({"name":"owners","rights":{"read":["*"],"write":["*"],"trash":["*"],)"
        R"("view-trash":["*"],"restore":["*"],"purge":["*"],"hold":["*"],"erase":["*"],"admin":["*"]},)"
        R"("owner":null,"ownDeletes":[]},)"
        R"({"name":"people","rights":{"read":["*"],"trash":["task","project"],)"
        R"("restore":["*"]},"owner":"author","ownDeletes":["restore"]}])");
    CHECK(call("GET", "/v1/@roles?x=1").code() == "bad-request");
    CHECK(call("POST", "/v1/@roles").code() == "method-not-allowed");
}

TEST_CASE("the doctor tells over HTTP what it tells on the server") {
    Bench call;
    const auto told = call("GET", "/v1/@doctor");
    CHECK(told.status == 200);
    const auto printed = run_program({"doctor", "--json", "--database", call.database.url()});
    bool missing_index = false;
    const auto findings = told.json();
    for (const auto& one : findings.GetArray())
        missing_index = missing_index || one["kind"] == "missing-index";
    CHECK(missing_index);
    CHECK(printed.output.find("missing-index") != std::string::npos);
}

TEST_CASE("the seal of the ledger is told, and what was written is verified") {
    Bench call;
    const auto gone = call.as(call.owner, "DELETE", "/v1/project/1").header("Location");
    const auto purged = call.as(call.owner, "DELETE", gone);
    REQUIRE(purged.status == 204);
    std::string head;
    for (int tries = 0; head.empty() && tries < 300; ++tries) {
        const auto seal = call("GET", "/v1/history/$seal").json();
        if (seal["unsealed"].GetInt() == 0) head = seal["head"].GetString();
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    CHECK(head.size() == 64);
    const auto seal = call("GET", "/v1/history/$seal").json();
    CHECK(seal["seals"].GetInt() > 0);
    CHECK(seal["upTo"].IsString());
    CHECK(seal["sealedAt"].IsString());
    const auto good = call("POST", "/v1/history/$verify").json();
    CHECK(good["good"].GetBool());
    CHECK(good["head"].GetString() == head);
    CHECK(good["entries"].GetInt() == 4);  // two keys, a delete, a purge
    const auto receipt = purged.header("X-Purge-Receipt");
    CHECK(call("POST", "/v1/history/$verify",
               fmt::format(R"({{"head": "{}", "receipt": "{}"}})", head, receipt))
              .json()["good"]
              .GetBool());
    const auto lost =
        call("POST", "/v1/history/$verify", R"({"head": "00", "receipt": "1-00"})").json();
    CHECK_FALSE(lost["good"].GetBool());
    CHECK(lost["headLost"].GetBool());
    CHECK(lost["receiptLost"].GetBool());
    for (const char* body : {R"({"heads": "x"})", R"({"head": 1})", "[]", "x"})
        CHECK(call("POST", "/v1/history/$verify", body).code() == "bad-request");
    TestConnection sql(call.database.url());
    sql->exec("ALTER TABLE trashd.ledger DISABLE TRIGGER ALL");
    sql->exec("UPDATE trashd.ledger SET by = 'nobody' WHERE action = 'purged'");
    const auto bad = call("POST", "/v1/history/$verify").json();
    CHECK_FALSE(bad["good"].GetBool());
    CHECK(bad["faults"][0]["kind"] == "altered");
}

TEST_CASE("a verification can be asked for without waiting for it") {
    Bench call;
    const auto accepted = ask(call.service.port(), "POST", "/v1/history/$verify",
                              {{"X-API-Key", call.admin}, {"Prefer", "respond-async"}});
    REQUIRE(accepted.status == 202);
    for (int tries = 0; tries < 300; ++tries) {
        const auto operation = call("GET", accepted.header("Location")).json();
        if (operation["state"] == "done") {
            CHECK(operation["kind"] == "verify");
            CHECK(operation["result"]["good"].GetBool());
            return;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    FAIL("it never ended");
}
