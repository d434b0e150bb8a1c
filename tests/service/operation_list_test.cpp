// Operations as a list, and calling off those that wait.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/support/database.hpp"
#include "tests/support/problem.hpp"
#include "trash/records/api_keys.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

const httplib::Headers kLater = {{"Prefer", "respond-async"}};

// Operations wait as long as somebody holds the row that the first one is to delete.
struct Bench {
    TempDatabase database{
        "CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a SELECT generate_series(1, 9)"};
    ServiceProcess service{database.url(),
                           {},
                           "[credentials]\napi_keys = true\n[roles]\neditors = [\"trash\"]\n"
                           "admins = [\"admin\"]\n[limits]\nlock_timeout_ms = 60000\n"};
    schema::Pool pool{database.url(), 1};
    trash::Keys keys{pool, "trashd"};
    std::string ann = keys.create({"ann", {"editors"}}).text,
                bob = keys.create({"bob", {"editors"}}).text,
                admin = keys.create({"root", {"admins"}}).text;

    Answer as(const std::string& key, const std::string& verb, const std::string& address) {
        return ask(service.port(), verb, address, {{"X-API-Key", key}});
    }
    std::string later(const std::string& key, const std::string& path) {
        const auto answer = request(service.port(), "DELETE", "/v1/" + path,
                                    {{"X-API-Key", key}, {"Prefer", "respond-async"}});
        REQUIRE(answer.status == 202);
        return answer.header("Location");
    }
    std::string wait_for(const std::string& address, const std::string& state) {
        for (int tries = 0; tries < 600; ++tries) {
            const auto operation = as(admin, "GET", address).json();
            const std::string now = operation["state"].GetString();
            if (now == state) return now;
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
        }
        return "never";
    }
};

}  // namespace

TEST_CASE("an operation that waits is called off, and one that runs is not") {
    Bench bench;
    TestConnection holder(bench.database.url());
    holder->exec("BEGIN");
    holder->exec("SELECT FROM a WHERE id = 1 FOR UPDATE");
    const auto first = bench.later(bench.ann, "a/1"), second = bench.later(bench.ann, "a/2"),
               third = bench.later(bench.bob, "a/3");
    REQUIRE(bench.wait_for(first, "running") == "running");
    check_problem(bench.as(bench.ann, "DELETE", first), "conflict",
                  "the operation runs already; wait for its end");
    check_problem(bench.as(bench.bob, "DELETE", second), "not-found", "there is no such operation");
    const auto cancelled = bench.as(bench.ann, "DELETE", second);
    CHECK(cancelled.status == 200);
    CHECK(cancelled.json()["state"] == "cancelled");
    CHECK(cancelled.json()["endedAt"].IsString());
    check_problem(bench.as(bench.ann, "DELETE", second), "conflict",
                  "the operation has ended: it is cancelled");
    CHECK(bench.as(bench.admin, "DELETE", third).json()["state"] == "cancelled");
    holder->exec("ROLLBACK");
    CHECK(bench.wait_for(first, "done") == "done");
    TestConnection sql(bench.database.url());
    CHECK(sql.value("SELECT count(*) FROM a") == "8");
    check_problem(bench.as(bench.ann, "DELETE", first), "conflict",
                  "the operation has ended: it is done");
}

TEST_CASE("operations are listed newest first, one's own, and all of them to administrators") {
    Bench bench;
    std::vector<std::string> ids_of_ann;
    for (int id = 1; id <= 3; ++id)
        ids_of_ann.insert(ids_of_ann.begin(),
                          bench.later(bench.ann, fmt::format("a/{}", id)).substr(15));
    const auto other = bench.later(bench.bob, "a/4");
    for (const auto& id : ids_of_ann)
        REQUIRE(bench.wait_for("/v1/operations/" + id, "done") == "done");
    REQUIRE(bench.wait_for(other, "done") == "done");
    auto list = [&](const std::string& key, const std::string& query) {
        return bench.as(key, "GET", "/v1/operations" + query);
    };
    CHECK(ids(list(bench.ann, "")) == ids_of_ann);
    CHECK(ids(list(bench.bob, "")).size() == 1);
    CHECK(ids(list(bench.admin, "")).size() == 4);
    CHECK(ids(list(bench.admin, "?by=key:ann&state=done")) == ids_of_ann);
    CHECK(ids(list(bench.ann, "?by=key:bob")).empty());
    CHECK(ids(list(bench.ann, "?state=queued")).empty());
    const auto page = list(bench.ann, "?limit=2");
    CHECK(ids(page).size() == 2);
    const auto link = page.header("Link");
    CHECK(ids(bench.as(bench.ann, "GET", link.substr(1, link.find('>') - 1))) ==
          std::vector{ids_of_ann[2]});
    for (const char* query : {"?state=over", "?limit=0", "?cursor=x", "?kind=delete"})
        CHECK(list(bench.ann, query).code() == "bad-request");
}

TEST_CASE("how far an operation has come is told while it runs") {
    TempDatabase database(
        "CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a SELECT generate_series(1, 1000)");
    ServiceProcess service(database.url());
    for (int from = 1; from <= 1000; from += 200) {
        std::string named;
        for (int id = from; id < from + 200; ++id) named += std::to_string(id) + ",";
        named.pop_back();
        REQUIRE(request(service.port(), "DELETE", "/v1/a?ids=" + named).status == 200);
    }
    // the oldest group is the last to go
    TestConnection holder(database.url());
    holder->exec("BEGIN");
    holder->exec("SELECT FROM trashd.trash_group ORDER BY id LIMIT 1 FOR UPDATE");
    const auto accepted = request(service.port(), "DELETE", "/v1/trash?confirm=true", kLater);
    REQUIRE(accepted.status == 202);
    long long done = 0;
    for (int tries = 0; done < 999 && tries < 600; ++tries) {
        const auto operation = request(service.port(), "GET", accepted.header("Location")).json();
        CHECK(operation["state"] != "done");
        CHECK(operation["done"].GetInt() >= done);
        done = operation["done"].GetInt();
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    CHECK(done == 999);
    holder->exec("ROLLBACK");
}
