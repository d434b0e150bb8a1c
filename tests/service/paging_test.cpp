// Lists that are paged through while rows go into the trash, come back, and are purged.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <map>
#include <set>

#include "tests/support/database.hpp"
#include "tests/support/http.hpp"

using namespace trashd::test;

namespace {

// Ids that end in 0 stay live, those that end in 5 in the trash, and their parts with them, all of
// one name; the others move.
struct Bench {
    TempDatabase database{
        "CREATE TABLE thing (id int PRIMARY KEY, n int);"
        "CREATE TABLE part (id int PRIMARY KEY, thing int REFERENCES thing ON DELETE CASCADE, "
        "name text DEFAULT 'part');"
        "INSERT INTO thing SELECT i, i % 7 FROM generate_series(1, 200) i;"
        "INSERT INTO part SELECT 1000 + i, i FROM generate_series(5, 200, 10) i"};
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
            address = page.link("next");
            churn();
        }
        return all;
    }
    // The last page with anything on it, and back from there to the first.
    std::multiset<std::string> seen_backwards(std::string address, const char* member) {
        Answer page;
        for (; !address.empty(); address = page.link("next")) {
            auto found = call("GET", address);
            REQUIRE(found.status == 200);
            if (ids(found, member).empty()) break;
            page = std::move(found);
            churn();
        }
        std::multiset<std::string> all;
        for (;; page = call("GET", address)) {
            REQUIRE(page.status == 200);
            for (auto& id : ids(page, member)) all.insert(std::move(id));
            address = page.link("prev");
            if (address.empty()) return all;
            churn();
        }
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

TEST_CASE("TrashItems that stay are listed once in every order, forwards and back") {
    // who, when it expires, and the name of all parts are the same everywhere
    Bench bench;
    for (const std::string order :
         {"createdAt", "displayName", "groupSize", "deletedBy", "expiresAt"})
        for (const std::string way : {"", "-"}) {
            const auto address = "/v1/trash?limit=9&sort=" + way + order;
            CAPTURE(address);
            for (const auto& seen : {bench.seen(address, "deletedObjectId"),
                                     bench.seen_backwards(address, "deletedObjectId")}) {
                check_once(seen, 5, true);
                for (int part = 1005; part < 1200; part += 10)
                    CHECK(seen.count(std::to_string(part)) == 1);
            }
        }
}

TEST_CASE("a page from which all is gone leads back to those beside it") {
    TempDatabase database(
        "CREATE TABLE thing (id int PRIMARY KEY, name text DEFAULT 'same');"
        "INSERT INTO thing SELECT generate_series(1, 3)");
    ServiceProcess service(database.url());
    auto call = [&](const std::string& verb, const std::string& address) {
        const auto answer = request(service.port(), verb, address);
        REQUIRE(answer.status < 300);
        return answer;
    };
    auto restore = [&](const Answer& page) {
        call("POST", "/v1/trash/" + ids(page).at(0) + "/$restore");
    };
    for (const std::string sort : {"createdAt", "-createdAt", "displayName", "-displayName"}) {
        CAPTURE(sort);
        for (const char* id : {"1", "2", "3"}) call("DELETE", "/v1/thing/" + std::string(id));
        const auto first = call("GET", "/v1/trash?limit=1&sort=" + sort);
        const auto second = call("GET", first.link("next"));
        restore(call("GET", second.link("next")));
        const auto below = call("GET", second.link("next"));
        CHECK(below.body == "[]");
        CHECK(below.link("next").empty());
        CHECK(ids(call("GET", below.link("prev"))) == ids(second));
        restore(first);
        const auto above = call("GET", second.link("prev"));
        CHECK(above.body == "[]");
        CHECK(above.link("prev").empty());
        CHECK(ids(call("GET", above.link("next"))) == ids(second));
        restore(second);
    }
}

TEST_CASE("TrashItems that stay are listed once while others come and go") {
    Bench bench;
    for (const char* address : {"/v1/trash?limit=3", "/v1/trash?limit=3&resource=thing&root=true"})
        check_once(bench.seen(address, "deletedObjectId"), 5, true);
    for (const char* address : {"/v1/thing/@deleted?limit=3", "/v1/thing?deleted=true&limit=4"})
        check_once(bench.seen(address, "id"), 5, true);
}
