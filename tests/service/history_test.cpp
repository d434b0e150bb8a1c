#include <doctest/doctest.h>

#include "schema/error.hpp"
#include "tests/support/database.hpp"
#include "tests/support/http.hpp"

using namespace trashd::test;

namespace {

const char* kSchema = R"(
CREATE TABLE "a.b" (id int PRIMARY KEY, name text);
CREATE TABLE task (id int PRIMARY KEY, parent int REFERENCES "a.b" ON DELETE CASCADE);
INSERT INTO "a.b" SELECT n, 'project ' || n FROM generate_series(1, 5) n;
INSERT INTO task SELECT n, (n + 1) / 2 FROM generate_series(1, 10) n;
)";

struct Bench {
    TempDatabase database{kSchema};
    ServiceProcess service{database.url()};

    Answer call(const std::string& verb, const std::string& address) {
        return request(service.port(), verb, address, {{"X-Request-Id", "request-1"}});
    }
    rapidjson::Document get(const std::string& address) {
        auto answer = call("GET", address);
        CAPTURE(address);
        REQUIRE(answer.status == 200);
        return answer.json();
    }
    std::string trash(const std::string& address) {
        return call("DELETE", address).header("Location");
    }
};

std::string actions(const rapidjson::Document& history) {
    std::string all;
    for (const auto& entry : history.GetArray())
        all += (all.empty() ? "" : " ") + std::string(entry["action"].GetString());
    return all;
}

}  // namespace

TEST_CASE("an object's history tells when it went, came back and was forgotten, newest first") {
    Bench bench;
    const auto first = bench.trash("/v1/a.b/1?reason=too%20old");
    bench.call("POST", first + "/$restore");
    const auto second = bench.trash("/v1/a.b/1");
    bench.call("DELETE", second);
    auto history = bench.get("/v1/a.b/1/@history");
    CHECK(actions(history) == "purged trashed restored trashed");
    const auto& oldest = history[3];
    CHECK(oldest["reason"] == "too old");
    CHECK(oldest["by"] == "anonymous");
    CHECK(oldest["requestId"] == "request-1");
    CHECK(oldest["resource"] == "a.b");
    CHECK(oldest["objectId"] == "1");
    CHECK(oldest["trashItemId"].GetString() == first.substr(first.rfind('/') + 1));
    CHECK(oldest["counts"].Size() == 2);
    CHECK(oldest["counts"][0]["resource"] == "a.b");
    CHECK(oldest["counts"][0]["count"].GetInt() == 1);
    CHECK(oldest["counts"][1]["resource"] == "task");
    CHECK(oldest["counts"][1]["count"].GetInt() == 2);
    CHECK(history[0]["groupId"].GetString() != std::string(history[2]["groupId"].GetString()));
}

TEST_CASE("a hard delete is in the history without group and item") {
    Bench bench;
    CHECK(bench.call("DELETE", "/v1/a.b/2?hard=true").status == 204);
    auto history = bench.get("/v1/a.b/2/@history");
    CHECK(actions(history) == "deleted");
    CHECK(history[0]["groupId"].IsNull());
    CHECK(history[0]["trashItemId"].IsNull());
    CHECK(history[0]["reason"].IsNull());
    CHECK(history[0]["counts"][1]["count"].GetInt() == 2);
}

TEST_CASE("a member's history names the group that it lies in the trash with") {
    Bench bench;
    const auto item = bench.trash("/v1/a.b/1");
    auto history = bench.get("/v1/task/2/@history");
    REQUIRE(actions(history) == "trashed");
    CHECK(history[0]["resource"] == "a.b");
    CHECK(history[0]["objectId"] == "1");
    const std::string own = history[0]["trashItemId"].GetString();
    CHECK(bench.get("/v1/trash/" + own)["deletedObjectId"] == "2");
    bench.call("POST", item + "/$restore");
    CHECK(bench.get("/v1/task/2/@history").Empty());
    CHECK(actions(bench.get("/v1/a.b/1/@history")) == "restored trashed");
}

TEST_CASE("a table that was renamed keeps the history of its objects") {
    Bench bench;
    bench.call("POST", bench.trash("/v1/a.b/1") + "/$restore");
    TestConnection(bench.database.url())->exec("ALTER TABLE \"a.b\" RENAME TO renamed");
    bench.trash("/v1/renamed/1");
    CHECK(actions(bench.get("/v1/renamed/1/@history")) == "trashed restored trashed");
}

TEST_CASE("what never was has no history, and what cannot be is not found") {
    Bench bench;
    CHECK(bench.get("/v1/task/99/@history").Empty());
    CHECK(bench.get("/v1/task/1/@history").Empty());
    CHECK(bench.get("/v1/history").Empty());
    CHECK(bench.call("GET", "/v1/task/x/@history").code() == "not-found");
    CHECK(bench.call("GET", "/v1/nothing/1/@history").code() == "not-found");
    CHECK(bench.call("GET", "/v1/history/1").code() == "not-found");
    CHECK(bench.call("DELETE", "/v1/history").header("Allow") == "GET, HEAD, OPTIONS");
}

TEST_CASE("the history of all has pages that join without gap") {
    Bench bench;
    for (const char* id : {"1", "2", "3", "4", "5"}) bench.trash(std::string("/v1/a.b/") + id);
    std::string address = "/v1/history?limit=2", ids;
    for (int pages = 1; !address.empty(); ++pages) {
        REQUIRE(pages <= 3);
        auto page = bench.call("GET", address);
        const auto entries = page.json();
        for (const auto& entry : entries.GetArray()) ids += entry["objectId"].GetString();
        const auto link = page.header("Link");
        address = link.empty() ? "" : link.substr(1, link.find('>') - 1);
    }
    CHECK(ids == "54321");
}

TEST_CASE("the history of all is filtered by what its entries say") {
    Bench bench;
    const auto item = bench.trash("/v1/a.b/1");
    bench.trash("/v1/task/9");
    bench.call("POST", item + "/$restore");
    const std::string group = bench.get("/v1/history?limit=1")[0]["groupId"].GetString();
    CHECK(actions(bench.get("/v1/history")) == "restored trashed trashed");
    CHECK(actions(bench.get("/v1/history?action=restored")) == "restored");
    CHECK(actions(bench.get("/v1/history?resource=task")) == "trashed");
    CHECK(actions(bench.get("/v1/history?resource=a.b&objectId=1")) == "restored trashed");
    CHECK(actions(bench.get("/v1/history?groupId=" + group)) == "restored trashed");
    CHECK(bench.get("/v1/history?by=somebody").Empty());
    CHECK(bench.get("/v1/history?by=anonymous").Size() == 3);
    CHECK(bench.get("/v1/history?to=2001-01-01").Empty());
    CHECK(bench.get("/v1/history?from=2001-01-01T00:00:00.5%2B02:00").Size() == 3);
}

TEST_CASE("filters of the history that mean nothing are refused") {
    Bench bench;
    for (const char* query : {"action=eaten", "resource=nothing", "groupId=1", "from=yesterday",
                              "to=2001-02-30", "from=infinity", "limit=0",
                              "cursor=WyJsaXZlIiwieCJd", "cursor=WyJ0cmFzaCJd", "colour=red"}) {
        CAPTURE(query);
        CHECK(bench.call("GET", std::string("/v1/history?") + query).code() == "bad-request");
    }
    CHECK(bench.call("GET", "/v1/task/1/@history?action=trashed").code() == "bad-request");
}
