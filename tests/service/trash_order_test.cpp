// The list of TrashItems in every order, forwards and back, and what only a search finds.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

#include "tests/support/database.hpp"
#include "tests/support/problem.hpp"

using namespace trashd::test;

namespace {

const char* kSchema = R"(
CREATE TABLE team (id int PRIMARY KEY, name text);
CREATE TABLE person (id int PRIMARY KEY, team int REFERENCES team ON DELETE CASCADE, note text);
CREATE TABLE badge (id int PRIMARY KEY, person int REFERENCES person, team int REFERENCES team);
INSERT INTO team VALUES (1, 'Red'), (2, 'amber'), (3, 'Blue');
INSERT INTO person VALUES (1, 1, 'a'), (2, 1, 'invoice 4711'), (3, 2, 'b');
INSERT INTO badge VALUES (1, 1, 3), (2, 1, NULL), (3, NULL, NULL);
)";

struct Bench {
    TempDatabase database{kSchema};
    ServiceProcess service{database.url()};
    TestConnection sql{database.url()};

    Answer get(const std::string& address) { return request(service.port(), "GET", address); }
    std::string trash(const std::string& path) {
        auto gone = request(service.port(), "DELETE", "/v1/" + path + "?cascade=true");
        REQUIRE(gone.status == 204);
        return gone.header("Location").substr(std::string("/v1/trash/").size());
    }
    std::string list(const std::string& query) { return names(get("/v1/trash?" + query)); }
    // "team/1 person/3" in the order of the list.
    static std::string names(const Answer& answer) {
        std::string text;
        const auto items = answer.json();
        for (const auto& item : items.GetArray())
            text += std::string(text.empty() ? "" : " ") + item["resource"].GetString() + "/" +
                    item["deletedObjectId"].GetString();
        return text;
    }
};

}  // namespace

TEST_CASE("TrashItems are sorted by each of their fields, both ways") {
    Bench bench;
    bench.trash("team/1");
    bench.trash("person/3");
    bench.trash("team/2");
    bench.sql->exec("UPDATE trashd.trash_group SET deleted_by = 'zoe' WHERE root_object = '3'");
    bench.sql->exec(
        "UPDATE trashd.trash_group SET expires_at = now() + interval '1 day' WHERE root_object = "
        "'2'");
    for (const auto& [query, names] : std::vector<std::pair<std::string, std::string>>{
             {"sort=-createdAt", "team/2 person/3 team/1"},
             {"sort=createdAt", "team/1 person/3 team/2"},
             {"sort=groupSize", "person/3 team/2 team/1"},
             {"sort=-groupSize", "team/1 team/2 person/3"},
             {"sort=deletedBy", "team/1 team/2 person/3"},
             {"sort=-deletedBy", "person/3 team/2 team/1"},
             {"sort=expiresAt", "team/2 team/1 person/3"},
             {"sort=-expiresAt", "person/3 team/1 team/2"}}) {
        CAPTURE(query);
        CHECK(bench.list("root=true&" + query) == names);
    }
    auto by_name = ids(bench.get("/v1/trash?sort=displayName"), "displayName");
    auto backwards = ids(bench.get("/v1/trash?sort=-displayName"), "displayName");
    CHECK(by_name.size() == 7);
    std::ranges::reverse(backwards);
    CHECK(by_name == backwards);
    CHECK(bench.list("sort=groupSize") ==
          "person/3 team/2 team/1 person/1 person/2 badge/1 badge/2");
    CHECK(bench.list("expiresBefore=2020-01-01") == "");
    CHECK(bench.list("expiresBefore=2100-01-01") == "team/2");
    CHECK(bench.list("resource=person&resource=team&root=true") == "team/2 person/3 team/1");
    CHECK(bench.list("resource=person") == "person/3 person/1 person/2");
}

TEST_CASE("every order is paged through to its end and back again") {
    Bench bench;
    for (const char* path : {"team/1", "person/3", "team/2", "badge/3"}) bench.trash(path);
    for (const std::string order :
         {"createdAt", "displayName", "groupSize", "deletedBy", "expiresAt"})
        for (const std::string way : {"", "-"}) {
            const auto base = "/v1/trash?sort=" + way + order;
            CAPTURE(base);
            const auto all = Bench::names(bench.get(base));
            std::string forwards, back;
            std::vector<Answer> pages;
            for (auto at = base + "&limit=2"; !at.empty(); at = pages.back().link("next")) {
                pages.push_back(bench.get(at));
                REQUIRE(pages.back().status == 200);
                forwards += (forwards.empty() ? "" : " ") + Bench::names(pages.back());
            }
            CHECK(forwards == all);
            REQUIRE(pages.size() == 4);
            CHECK(pages[0].link("prev").empty());
            const auto middle = bench.get(bench.get(pages[3].link("prev")).link("prev"));
            CHECK(Bench::names(middle) == Bench::names(pages[1]));
            const auto first = bench.get(middle.link("prev"));
            CHECK(Bench::names(first) == Bench::names(pages[0]));
            CHECK(first.link("prev").empty());
            CHECK(Bench::names(bench.get(first.link("next"))) == Bench::names(pages[1]));
        }
}

TEST_CASE("a text is found in the values of items, and of roots in those of their groups") {
    Bench bench;
    bench.trash("team/1");
    bench.trash("team/2");
    CHECK(bench.list("text=INVOICE") == "person/2");
    CHECK(bench.list("text=INVOICE&root=true") == "team/1");
    CHECK(bench.list("text=100%25") == "");
    CHECK(bench.list("text=amber&sort=displayName") == "team/2");
    CHECK(bench.list("text=amber&resource=person") == "");
    const auto counted = bench.get("/v1/trash?text=invoice&count=true");
    CHECK(counted.header("X-Total-Count") == "1");
    CHECK(counted.header("X-Partial").empty());
    CHECK(bench.get("/v1/trash?text=").code() == "bad-request");
}

TEST_CASE("a search that takes long says that it is partial, and goes on where it ended") {
    TempDatabase database("CREATE TABLE a (id int PRIMARY KEY, t text); INSERT INTO a VALUES (0)");
    ServiceProcess service(database.url());
    TestConnection sql(database.url());
    REQUIRE(request(service.port(), "DELETE", "/v1/a/0").status == 204);
    sql->exec(
        "INSERT INTO trashd.trash_group (id, uuid, created_at, deleted_by, root_shape, "
        "root_object, shapes, counts, size, links) SELECT id + n, (left(md5(n::text), 24) || "
        "'00000000')::uuid, created_at - n * interval '1 ms', deleted_by, root_shape, n::text, "
        "shapes, counts, 1, 0 FROM trashd.trash_group, generate_series(1, 6000) n");
    sql->exec(
        "INSERT INTO trashd.item SELECT group_id + n, 1, shape, n::text, ARRAY[n::text, CASE n "
        "WHEN 6000 THEN 'needle' ELSE repeat('x', 300000) END] FROM trashd.item, "
        "generate_series(1, 6000) n");
    std::string found;
    int partial = 0;
    for (std::string at = "/v1/trash?text=needle"; !at.empty();) {
        const auto page = request(service.port(), "GET", at);
        REQUIRE(page.status == 200);
        found += Bench::names(page);
        partial += page.header("X-Partial") == "true";
        at = page.link("next");
    }
    CHECK(partial > 0);
    CHECK(found == "a/6000");
    const auto sorted = request(service.port(), "GET", "/v1/trash?text=needle&sort=groupSize");
    CHECK(sorted.body == "[]");
    CHECK(sorted.header("X-Partial") == "true");
}

TEST_CASE("items whose parent is neither live nor in the trash are found as orphaned") {
    Bench bench;
    bench.trash("badge/2");
    const auto badge = bench.trash("badge/1");
    bench.trash("badge/3");
    CHECK(bench.list("orphaned=true") == "");  // persons and teams are live
    bench.trash("person/1");
    CHECK(bench.list("orphaned=true") == "");  // it lies in the trash
    REQUIRE(request(bench.service.port(), "DELETE", "/v1/person/1?hard=true").status == 204);
    CHECK(bench.list("orphaned=true") == "badge/1 badge/2");
    CHECK(bench.list("orphaned=true&deletedObjectId=1") == "badge/1");
    CHECK(bench.list("orphaned=false&root=true") == "badge/3 badge/1 badge/2");
    const auto refused = request(bench.service.port(), "POST", "/v1/trash/" + badge + "/$restore");
    CHECK(refused.code() == "restore-conflict");
    CHECK(refused.json()["conflicts"][0]["kind"] == "missing-parent");
}

TEST_CASE("members are listed below the member that they hang on, with the constraint") {
    Bench bench;
    request(bench.service.port(), "DELETE", "/v1/team/1?cascade=true");
    const auto root = bench.get("/v1/trash?root=true").json();
    const std::string id = root[0]["id"].GetString(), group = root[0]["groupId"].GetString();
    const auto below = bench.get("/v1/trash?groupId=" + group + "&parent=" + id);
    CHECK(Bench::names(below) == "person/1 person/2");
    const auto persons = below.json();
    CHECK(persons[0]["via"] == "person_team_fkey");
    const std::string person = persons[0]["id"].GetString();
    const auto badges = bench.get("/v1/trash?parent=" + person + "&count=true&limit=1");
    CHECK(Bench::names(badges) == "badge/1");
    CHECK(badges.json()[0]["via"] == "badge_person_fkey");
    CHECK(badges.header("X-Total-Count") == "2");
    CHECK(Bench::names(bench.get(badges.link("next"))) == "badge/2");
    CHECK_FALSE(bench.get("/v1/trash?limit=1").json()[0].HasMember("via"));
    CHECK(bench.list("parent=" + std::string(badges.json()[0]["id"].GetString())) == "");
    CHECK(bench.get("/v1/trash?parent=x").code() == "bad-request");
    CHECK(bench.get("/v1/trash?parent=01890000-0000-7000-8000-000000000001").code() == "not-found");
    request(bench.service.port(), "POST", "/v1/trash/" + id + "/$restore");
    CHECK(bench.get("/v1/trash?parent=" + person).code() == "gone");
}

TEST_CASE("an order, a cursor or a search that cannot be meant is a 400") {
    Bench bench;
    bench.trash("team/1");
    const auto next = bench.get("/v1/trash?limit=1&sort=groupSize").link("next");
    CHECK(bench.get(next).status == 200);
    const auto cursor = next.substr(next.find("cursor="));
    for (const std::string& query :
         {std::string("sort=name"), std::string("sort="), std::string("sort=createdAt,groupSize"),
          std::string("orphaned=1"), std::string("expiresBefore=soon"), std::string("q=a&q=b"),
          std::string("resource=team&resource=nope"), "sort=deletedBy&" + cursor,
          "limit=1&" + cursor}) {
        CAPTURE(query);
        CHECK(bench.get("/v1/trash?" + query).code() == "bad-request");
    }
}
