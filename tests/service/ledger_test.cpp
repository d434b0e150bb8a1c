// What a ledger is worth to those who run the service: commands, rights of roles, addresses.
#include <doctest/doctest.h>

#include <chrono>

#include "schema/error.hpp"
#include "tests/support/database.hpp"
#include "tests/support/http.hpp"

using namespace trashd::test;

namespace {

constexpr const char* kSchema = R"(
CREATE TABLE project (id int PRIMARY KEY);
CREATE TABLE task (id int PRIMARY KEY, project int REFERENCES project ON DELETE CASCADE);
INSERT INTO project VALUES (1), (2), (3);
INSERT INTO task VALUES (1, 1);
)";

Finished run(const TempDatabase& database, std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--database", database.url()});
    return run_program(arguments);
}

rapidjson::Document verified(const TempDatabase& database, int status,
                             std::vector<std::string> arguments = {}) {
    arguments.insert(arguments.begin(), {"ledger", "verify", "--json"});
    const auto finished = run(database, arguments);
    CAPTURE(finished.output);
    CHECK(finished.status == status);
    rapidjson::Document document;
    document.Parse(finished.output.c_str());
    REQUIRE_FALSE(document.HasParseError());
    return document;
}

// The service seals soon after it wrote.
void wait_for_seal(TestConnection& sql) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (sql.value("SELECT max(l.id) = max(s.upto) FROM trashd.ledger l, trashd.ledger_seal s") !=
           "t")
        REQUIRE(std::chrono::steady_clock::now() < deadline);
}

}  // namespace

TEST_CASE("the service seals its ledger, and ledger verify tells what became of it") {
    TempDatabase database(kSchema);
    TestConnection sql(database.url());
    ServiceProcess service(database.url());
    const auto item = request(service.port(), "DELETE", "/v1/project/1").header("Location");
    const auto receipt = request(service.port(), "DELETE", item).header("X-Purge-Receipt");
    wait_for_seal(sql);
    auto good = verified(database, 0, {"--receipt", receipt});
    CHECK(good["good"].GetBool());
    CHECK(good["entries"].GetInt() == 2);
    const std::string head = good["head"].GetString();
    CHECK(verified(database, 0, {"--head", head})["good"].GetBool());
    CHECK(verified(database, 4, {"--head", "00"})["headLost"].GetBool());
    CHECK(verified(database, 4, {"--receipt", "1-00"})["receiptLost"].GetBool());
    sql->script(
        "ALTER TABLE trashd.ledger DISABLE TRIGGER USER;"
        "DELETE FROM trashd.ledger WHERE action = 'purged'");
    const auto told = run(database, {"ledger", "verify"});
    CHECK(told.status == 4);
    CHECK(told.output.find("entry 2 was removed\n2 entries under ") == 0);
}

TEST_CASE("a service that does not own the trash cannot change the ledger") {
    TempDatabase database(
        std::string(kSchema) +
        "DROP ROLE IF EXISTS \"ledger's user\"; CREATE ROLE \"ledger's user\" LOGIN;"
        "GRANT SELECT, INSERT, UPDATE, DELETE ON project, task TO \"ledger's user\"");
    CHECK(run(database, {"migrate", "--for", "ledger's user"}).status == 0);
    ServiceProcess service(database.url("ledger's user"));
    auto call = [&](const std::string& verb, const std::string& address) {
        return request(service.port(), verb, address);
    };
    const auto item = call("DELETE", "/v1/project/1").header("Location");
    CHECK(call("POST", item + "/$restore").status == 200);
    CHECK(call("DELETE", call("DELETE", "/v1/project/2").header("Location")).status == 204);
    CHECK(call("DELETE", "/v1/project/3?hard=true").status == 204);
    TestConnection owner(database.url());
    wait_for_seal(owner);
    CHECK(verified(database, 0)["entries"].GetInt() == 5);
    const auto doctor = [&](const std::string& url) {
        return run_program({"doctor", "--database", url}).output;
    };
    CHECK(doctor(database.url()).find("the role owns the ledger") != std::string::npos);
    CHECK(doctor(database.url("ledger's user")).find("the ledger") == std::string::npos);
    TestConnection user(database.url("ledger's user"));
    for (const char* statement :
         {"UPDATE trashd.ledger SET by = 'x'", "DELETE FROM trashd.ledger",
          "TRUNCATE trashd.ledger", "DELETE FROM trashd.ledger_seal",
          "ALTER TABLE trashd.ledger DISABLE TRIGGER ALL", "DROP TABLE trashd.ledger"})
        CHECK_THROWS_AS(user->exec(statement), trashd::Error);
}

TEST_CASE("a ledger whose numbers fell back goes on behind what is sealed") {
    // Entries got numbers of others: every delete was a conflict, or an entry counted as added.
    TempDatabase database(kSchema);
    TestConnection sql(database.url());
    {
        ServiceProcess service(database.url());
        request(service.port(), "DELETE", "/v1/project/1");
        wait_for_seal(sql);
    }
    sql->script("ALTER TABLE trashd.ledger ALTER id RESTART WITH 1");
    ServiceProcess service(database.url());
    CHECK(request(service.port(), "DELETE", "/v1/project/2").status == 204);
    wait_for_seal(sql);
    CHECK(verified(database, 0)["entries"].GetInt() == 2);
}

TEST_CASE("history tells from which address it was") {
    TempDatabase database(kSchema);
    ServiceProcess service(database.url());
    request(service.port(), "DELETE", "/v1/project/1");
    const auto history = request(service.port(), "GET", "/v1/history").json();
    CHECK(std::string(history[0]["address"].GetString()) == "127.0.0.1");
}
