// Lists that are paged through while rows go into the trash, come back, and are purged.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <map>
#include <set>

#include "tests/support/database.hpp"
#include "tests/support/http.hpp"

using namespace trashd::test;

namespace {

// Ids that end in 0 stay live, those that end in 5 in the trash; the others move.
struct Bench {
    TempDatabase database{
        "CREATE TABLE thing (id int PRIMARY KEY, n int);"
        "INSERT INTO thing SELECT i, i % 7 FROM generate_series(1, 200) i"};
    ServiceProcess service{database.url()};
    std::map<int, std::string> trashed;  // item by id
    int next = 1, moves = 0;

    Bench() {
        for (int id = 5; id <= 200; id += 10) move(id);
    }
    Answer call(const std::string& verb, const std::string& address, const std::string& body = "") {
        httplib::Headers headers;
        if (!body.empty()) headers.emplace("Content-Type", "application/json");
        return request(service.port(), verb, address, headers, body);
    }
    // Into the trash; or, in turn, back from it, or away for good and made anew.
    void move(int id) {
        const auto object = "/v1/thing/" + std::to_string(id);
        auto item = trashed[id];
        trashed[id] = item.empty() ? call("DELETE", object).header("Location") : "";
        if (item.empty()) return;
        if (++moves % 2) {
            REQUIRE(call("POST", item + "/$restore").status == 200);
            return;
        }
        REQUIRE(call("DELETE", item).status == 204);
        const auto made = fmt::format(R"({{"id":{},"n":{}}})", id, id % 7);
        REQUIRE(call("POST", "/v1/thing", made).status == 201);
    }
    void churn() {
        for (int turn = 0; turn < 4; ++turn) {
            next = next * 3 % 199;  // each from 1 to 198 in some order
            if (next % 5) move(next);
        }
    }
    std::multiset<std::string> seen(std::string address, const char* member) {
        std::multiset<std::string> all;
        while (!address.empty()) {
            const auto page = call("GET", address);
            REQUIRE(page.status == 200);
            for (auto& id : ids(page, member)) all.insert(std::move(id));
            const auto link = page.header("Link");
            address = link.empty() ? "" : link.substr(1, link.find('>') - 1);
            churn();
        }
        return all;
    }
};

void check_once(const std::multiset<std::string>& seen, int ending, bool wanted) {
    for (int id = ending; id <= 200; id += 10) {
        if (id == 0) continue;
        CAPTURE(id);
        CHECK(seen.count(std::to_string(id)) == (wanted ? 1 : 0));
    }
}

}  // namespace

TEST_CASE("rows that stay are shown once while others go into the trash and come back") {
    Bench bench;
    for (const char* scope : {"false", "true", "null"})
        for (const char* sort : {"id", "-id", "n", "-n", "-n,-id"}) {
            CAPTURE(scope);
            CAPTURE(sort);
            const auto seen = bench.seen(
                "/v1/thing?limit=7&deleted=" + std::string(scope) + "&sort=" + sort, "id");
            check_once(seen, 0, scope != std::string("true"));
            check_once(seen, 5, scope != std::string("false"));
        }
}

TEST_CASE("TrashItems that stay are listed once while others come and go") {
    Bench bench;
    for (const char* address : {"/v1/trash?limit=3", "/v1/trash?limit=3&resource=thing&root=true"})
        check_once(bench.seen(address, "deletedObjectId"), 5, true);
    for (const char* address : {"/v1/thing/@deleted?limit=3", "/v1/thing?deleted=true&limit=4"})
        check_once(bench.seen(address, "id"), 5, true);
}
