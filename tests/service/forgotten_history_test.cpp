// That the service forgets history that is older than the configuration keeps it, and what those
// see who ask for it afterwards.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "schema/error.hpp"
#include "tests/support/database.hpp"
#include "tests/support/http.hpp"
#include "tests/support/problem.hpp"
#include "tests/support/tokens.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

constexpr const char* kSchema = R"(
CREATE TABLE project (id int PRIMARY KEY);
INSERT INTO project SELECT generate_series(1, 9);
)";
constexpr const char* kShort = "[retention]\nhistory = \"2s\"\nevery = \"1s\"\n";

struct Bench {
    explicit Bench(const std::string& toml) : service(database.url(), {}, toml) {}

    Answer call(const std::string& verb, const std::string& address, const std::string& body = "") {
        httplib::Headers headers;
        if (!body.empty()) headers.emplace("Content-Type", "application/json");
        return request(service.port(), verb, address, headers, body);
    }
    std::string trash(int id) {
        return call("DELETE", fmt::format("/v1/project/{}", id)).header("Location");
    }
    // Until the ledger has no such entry any more.
    bool forgotten(const std::string& entries) {
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        while (std::chrono::steady_clock::now() < until) {
            if (sql.value("SELECT count(*) FROM trashd.ledger WHERE " + entries) == "0")
                return true;
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
        }
        return false;
    }
    Finished cli(std::vector<std::string> arguments, const std::string& toml = "[retention]\n") {
        TempFile file(toml);
        arguments.insert(arguments.end(), {"--database", database.url(), "--config", file.path()});
        return run_program(arguments);
    }
    rapidjson::Document cli_json(const std::vector<std::string>& arguments,
                                 const std::string& toml = "[retention]\n") {
        const auto finished = cli(arguments, toml);
        CAPTURE(finished.output);
        CHECK(finished.status == 0);
        rapidjson::Document document;
        document.Parse(finished.output.c_str());
        REQUIRE_FALSE(document.HasParseError());
        return document;
    }

    TempDatabase database{kSchema};
    TestConnection sql{database.url()};
    ServiceProcess service;
};

}  // namespace

TEST_CASE("old history is forgotten, the ledger says so, and is verified as before") {
    Bench bench(kShort);
    const auto kept = bench.trash(1);
    const auto gone = bench.trash(2);
    const auto receipt = bench.call("DELETE", gone).header("X-Purge-Receipt");
    CHECK(bench.call("GET", gone).code() == "gone");
    REQUIRE(bench.forgotten("object_id = '2'"));
    const auto forgotten = bench.call("GET", gone);
    CHECK(forgotten.status == 404);
    CHECK(forgotten.code() == "not-found");
    CHECK(bench.call("POST", gone + "/$restore").status == 404);
    CHECK(bench.call("DELETE", gone).status == 404);
    CHECK(bench.call("GET", "/v1/project/2").status == 404);
    CHECK(bench.call("GET", "/v1/project/2/@history").json().Empty());
    const auto item = bench.call("GET", kept).json();
    CHECK(item["deletedObjectId"] == "1");
    CHECK(bench.call("GET", "/v1/project/1/@history").json().Size() == 1);
    const auto pruned = bench.call("GET", "/v1/history?action=pruned").json();
    REQUIRE_FALSE(pruned.Empty());
    CHECK(pruned[0]["by"] == "retention");
    CHECK(std::string(pruned[0]["reason"].GetString()).starts_with("written before 20"));
    CHECK(std::string(pruned[0]["objectId"].GetString()).size() == 66);
    CHECK(pruned[0]["groupId"].IsNull());
    CHECK_FALSE(pruned[0]["counts"].Empty());
    CHECK(bench.call("GET", "/v1/history?action=prune").code() == "bad-request");
    CHECK(bench.call("POST", kept + "/$restore").status == 200);
    const auto metrics = bench.call("GET", "/metrics").body;
    CHECK(metrics.find("trashd_history_pruned_entries_total 2\n") != std::string::npos);
    CHECK(metrics.find("trashd_history_pruned_groups_total 1\n") != std::string::npos);
    CHECK(metrics.find("trashd_retention_errors_total 0\n") != std::string::npos);
    const auto verdict = bench.cli_json({"ledger", "verify", "--json", "--receipt", receipt});
    CHECK(verdict["good"].GetBool());
    CHECK_FALSE(verdict["receiptLost"].GetBool());
    CHECK(verdict["pruned"].GetInt() >= 2);
    CHECK(verdict["prunedBefore"].IsString());
    CHECK(bench.cli({"ledger", "verify"})
              .output.find("entries were pruned, all of them written "
                           "before 20") != std::string::npos);
}

TEST_CASE("the undo of what is forgotten is no undo of anything") {
    Bench bench(kShort);
    const auto back = bench.call("POST", bench.trash(3) + "/$restore").json();
    const std::string undo = back["undo"]["href"].GetString();
    REQUIRE(bench.forgotten("object_id = '3'"));
    const auto answer = bench.call("POST", undo);
    CHECK(answer.status == 404);
    CHECK(answer.code() == "not-found");
}

TEST_CASE("a head whose seal is gone is told from one that never was, on both ways") {
    Bench bench(kShort);
    const auto head_of = [&] {
        return bench.sql.value(
            "SELECT encode(hash, 'hex') FROM trashd.ledger_seal ORDER BY id DESC LIMIT 1");
    };
    bench.call("DELETE", bench.trash(1));
    std::string head;
    for (int tries = 0; head.empty() && tries < 300; ++tries) {
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        if (bench.sql.value("SELECT count(*) FROM trashd.ledger_seal") != "0") head = head_of();
    }
    for (int id = 2; id < 9; ++id) {
        bench.call("DELETE", bench.trash(id));
        std::this_thread::sleep_for(std::chrono::milliseconds(700));
    }
    const auto gone = [&] {
        return bench.sql.value("SELECT count(*) FROM trashd.ledger_seal WHERE hash = decode('" +
                               head + "', 'hex')") == "0";
    };
    for (int tries = 0; !gone() && tries < 300; ++tries)
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    REQUIRE(gone());
    const auto verdict =
        bench.call("POST", "/v1/history/$verify", fmt::format(R"({{"head": "{}"}})", head)).json();
    CHECK(verdict["good"].GetBool());
    CHECK(verdict["headPruned"].GetBool());
    CHECK_FALSE(verdict["headLost"].GetBool());
    const auto told = bench.cli({"ledger", "verify", "--head", head});
    CHECK(told.status == 0);
    CHECK(
        told.output.starts_with("the head given was in the chain; what it proved has been "
                                "pruned\n"));
    CHECK(bench.cli({"ledger", "verify", "--head", std::string(64, '0')}).status == 4);
}

TEST_CASE("retention tells how much history is old, and forgets none of it itself") {
    Bench bench("");
    bench.call("DELETE", bench.trash(1));
    bench.trash(2);
    bench.sql->script("SELECT pg_sleep(1.1)");
    const std::string toml = "[retention]\nhistory = \"1s\"\n";
    for (const std::vector<std::string>& command :
         {std::vector<std::string>{"retention", "status", "--json"},
          {"retention", "apply", "--json"},
          {"retention", "apply", "--dry-run", "--json"}}) {
        const auto told = bench.cli_json(command, toml);
        CHECK(told["history"]["keep"] == "1s");
        CHECK(told["history"]["oldEntries"].GetInt() == 2);
        CHECK(told["history"]["oldGroups"].GetInt() == 1);
        CHECK(told["history"]["prunedEntries"].GetInt() == 0);
        CHECK(told["history"]["prunedBefore"].IsNull());
    }
    CHECK(
        bench.cli({"retention", "status"}, toml)
            .output.ends_with("history is kept for 1s: 2 entries and 1 ended groups are older\n"));
    CHECK(bench.cli({"retention", "status"}).output.ends_with("history is kept for ever\n"));
    CHECK(bench.sql.value("SELECT count(*) FROM trashd.ledger") == "3");
}

TEST_CASE("a service that does not own the trash prunes by the function, and by nothing else") {
    TempDatabase database(
        std::string(kSchema) +
        "DROP ROLE IF EXISTS \"history's user\"; CREATE ROLE \"history's user\" LOGIN;"
        "GRANT SELECT, INSERT, UPDATE, DELETE ON project TO \"history's user\"");
    REQUIRE(
        run_program({"migrate", "--for", "history's user", "--database", database.url()}).status ==
        0);
    ServiceProcess service(database.url("history's user"), {}, kShort);
    const auto gone = request(service.port(), "DELETE", "/v1/project/1").header("Location");
    REQUIRE(request(service.port(), "DELETE", gone).status == 204);
    TestConnection owner(database.url());
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (owner.value("SELECT count(*) FROM trashd.ledger_checkpoint") == "0")
        REQUIRE(std::chrono::steady_clock::now() < until);
    TestConnection user(database.url("history's user"));
    for (const char* statement :
         {"DELETE FROM trashd.ledger", "DELETE FROM trashd.ledger_seal",
          "DELETE FROM trashd.ledger_checkpoint", "UPDATE trashd.ledger_checkpoint SET at = now()",
          "INSERT INTO trashd.ledger_checkpoint SELECT * FROM trashd.ledger_checkpoint",
          "TRUNCATE trashd.ledger_checkpoint"})
        CHECK_THROWS_AS(user->exec(statement), Error);
    owner->script(
        "CREATE ROLE \"history's reader\" LOGIN; GRANT USAGE ON SCHEMA trashd TO "
        "\"history's reader\"");
    TestConnection reader(database.url("history's reader"));
    CHECK_THROWS_AS(reader->exec("SELECT trashd.prune_history(now(), 0, 10)"), Error);
    reader->script("");
    owner->script("DROP OWNED BY \"history's reader\"");
    CHECK(run_program({"ledger", "verify", "--database", database.url()}).status == 0);
}
