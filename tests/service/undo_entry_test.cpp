// Undoing over HTTP: links, answers, rights, and that it happens once.
#include <doctest/doctest.h>

#include <chrono>
#include <thread>

#include "tests/support/database.hpp"
#include "tests/support/problem.hpp"
#include "trash/records/api_keys.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

const char* kSchema = R"(
CREATE TABLE usr (id int PRIMARY KEY, name text UNIQUE);
CREATE TABLE topic (id int PRIMARY KEY, author int NOT NULL REFERENCES usr ON DELETE CASCADE);
CREATE TABLE note (id int PRIMARY KEY, topic int REFERENCES topic ON DELETE SET NULL);
INSERT INTO usr VALUES (1, 'ann'), (2, 'bob');
INSERT INTO topic VALUES (1, 1), (2, 1), (3, 2);
INSERT INTO note VALUES (1, 1), (2, 2);
)";

struct Shop {
    TempDatabase database{kSchema};
    ServiceProcess service;
    explicit Shop(const std::string& toml = "") : service(database.url(), {}, toml) {}

    Answer call(const std::string& verb, const std::string& address, const std::string& body = "",
                httplib::Headers headers = {}) {
        if (!body.empty()) headers.emplace("Content-Type", "application/json");
        return ask(service.port(), verb, address, headers, body);
    }
    std::string value(const std::string& query) {
        return TestConnection(database.url()).value(query);
    }
    void sql(const std::string& script) { TestConnection(database.url())->script(script); }
    std::string live() {
        return value(
            "SELECT concat_ws(' ', (SELECT string_agg(u::text, '' ORDER BY id) FROM usr u), "
            "(SELECT string_agg(t::text, '' ORDER BY id) FROM topic t), "
            "(SELECT string_agg(n::text, '' ORDER BY id) FROM note n))");
    }
};

std::string undo_of(const Answer& answer) {
    const auto link = answer.link("undo");
    REQUIRE_FALSE(link.empty());
    return link;
}

std::string href_of(const Answer& answer) {
    const auto json = answer.json();
    REQUIRE(json.HasMember("undo"));
    return json["undo"]["href"].GetString();
}

}  // namespace

TEST_CASE("a delete, its undo and the undo of that are undone by the links of their answers") {
    Shop shop;
    const auto before = shop.live();
    const auto gone = shop.call("DELETE", "/v1/usr/1");
    CHECK(gone.status == 204);
    const auto item = gone.header("Location");
    const auto back = shop.call("POST", undo_of(gone));
    CHECK(back.status == 200);
    CHECK(back.json()["trashed"].GetInt() == 0);
    CHECK(back.json()["restored"].GetInt() == 3);
    CHECK(back.json()["relinked"].GetInt() == 2);
    CHECK(shop.live() == before);
    CHECK(shop.call("POST", undo_of(gone)).code() == "gone");
    const auto again = shop.call("POST", href_of(back));
    CHECK(again.status == 200);
    CHECK(again.json()["trashed"].GetInt() == 3);
    CHECK(again.json()["restored"].GetInt() == 0);
    CHECK(again.json()["groups"][0].GetString() == gone.header("X-Trash-Group"));
    CHECK(shop.call("GET", item).status == 200);
    check_problem(shop.call("POST", href_of(back)), "gone",
                  "it was undone, or is too old to be undone");
    CHECK(shop.call("POST", href_of(again)).status == 200);
    CHECK(shop.live() == before);
}

TEST_CASE("the answer that was asked for with a delete has the link too") {
    Shop shop;
    const auto gone = shop.call("DELETE", "/v1/usr/1", "", {{"Prefer", "return=representation"}});
    CHECK(gone.status == 200);
    CHECK(href_of(gone) == undo_of(gone));
    const auto again = shop.call("DELETE", "/v1/usr/1");
    CHECK(again.status == 204);
    CHECK(again.header("Link").empty());
    CHECK(shop.call("DELETE", "/v1/usr/2?hard=true").header("Link").empty());
}

TEST_CASE("a restore is undone unless its rows have changed, and these are named") {
    Shop shop;
    const auto gone = shop.call("DELETE", "/v1/usr/1");
    const auto back = shop.call("POST", gone.header("Location") + "/$restore");
    shop.sql("UPDATE usr SET name = 'eve' WHERE id = 1");
    const auto changed = shop.call("POST", href_of(back));
    const char* said =
        "rows are not as they came back, or others refer to them by now; nothing was "
        "undone";
    check_problem(changed, "changed", said,
                  R"(,"rows":[{"resource":"usr","id":"1","referredBy":[]}])");
    shop.sql("UPDATE usr SET name = 'ann' WHERE id = 1; INSERT INTO topic VALUES (9, 1)");
    check_problem(
        shop.call("POST", href_of(back)), "changed", said,
        R"(,"rows":[{"resource":"usr","id":"1","referredBy":[{"resource":"topic","id":"9",)"
        R"("constraint":"topic_author_fkey"}]}])");
    shop.sql("DELETE FROM topic WHERE id = 9");
    const auto before = shop.live();
    const auto dry = shop.call("POST", href_of(back) + "?dryRun=true");
    CHECK(dry.json()["trashed"].GetInt() == 3);
    CHECK_FALSE(dry.json().HasMember("undo"));
    CHECK(shop.live() == before);
    CHECK(shop.call("POST", href_of(back) + "?reason=mistake").json()["trashed"].GetInt() == 3);
    CHECK(shop.value("SELECT reason FROM trashd.ledger ORDER BY id DESC LIMIT 1") == "mistake");
    CHECK(shop.call("GET", gone.header("Location")).status == 200);
}

TEST_CASE("a repeated undo with an Idempotency-Key is answered alike") {
    Shop shop;
    const auto gone = shop.call("DELETE", "/v1/usr/1");
    const auto first = shop.call("POST", undo_of(gone), "", {{"Idempotency-Key", "a"}});
    const auto second = shop.call("POST", undo_of(gone), "", {{"Idempotency-Key", "a"}});
    CHECK(first.status == 200);
    CHECK(first.body == second.body);
}

TEST_CASE("requests of many are undone together, and each where they were each alone") {
    Shop shop;
    const auto before = shop.live();
    const auto gone = shop.call("DELETE", "/v1/topic?ids=1,2,3");
    CHECK(gone.status == 200);
    const auto back = shop.call("POST", undo_of(gone));
    CHECK(back.json()["restored"].GetInt() == 3);
    CHECK(shop.live() == before);
    CHECK(shop.call("POST", href_of(back)).json()["groups"].Size() == 3);
    const auto all =
        shop.call("POST", "/v1/trash/bulk-restore", R"({"filter": {"resource": "topic"}})");
    CHECK(shop.call("POST", href_of(all)).json()["trashed"].GetInt() == 3);
    const auto each = shop.call("POST", "/v1/trash/bulk-restore",
                                R"({"filter": {"resource": "topic"}, "partial": true})");
    CHECK(each.status == 200);
    CHECK(shop.live() == before);
}

TEST_CASE("an undo of many rows becomes an operation") {
    Shop shop("[limits]\nasync_rows = 2\n");
    const auto gone = shop.call("DELETE", "/v1/usr/1", "", {{"Prefer", "wait=10"}});
    CHECK(gone.status == 204);
    const auto later = shop.call("POST", undo_of(gone));
    CHECK(later.status == 202);
    Answer done;
    for (int wait = 0; wait < 400; ++wait) {
        done = shop.call("GET", later.header("Location"));
        if (done.json()["state"] == "done") break;
        std::this_thread::sleep_for(std::chrono::milliseconds(25));
    }
    CHECK(done.json()["state"] == "done");
    CHECK(done.json()["kind"] == "undo");
    CHECK(done.json()["result"]["restored"].GetInt() == 3);
    CHECK(shop.value("SELECT count(*) FROM usr") == "2");
}

TEST_CASE("what is no entry, or cannot be undone, is said so") {
    Shop shop;
    for (const char* id : {"x", "99999", "-1", "1%2C2", "99999999999999999999999"})
        CHECK(shop.call("POST", std::string("/v1/history/") + id + "/$undo").code() == "not-found");
    shop.call("DELETE", "/v1/usr/2?hard=true");
    check_problem(shop.call("POST", "/v1/history/1/$undo"), "conflict",
                  "only what went into the trash, or came back, can be undone; this was deleted");
    CHECK(shop.call("GET", "/v1/history/1/$undo").status == 405);
}

TEST_CASE("an undo needs the rights of what it does, and tells nothing of what others did") {
    Shop shop(R"([credentials]
api_keys = true
[roles]
owners = "*"
notes = { read = "note", view-trash = "note", trash = "note", restore = "note" }
bin = { trash = "*" }
)");
    schema::Pool pool(shop.database.url(), 1);
    trash::Keys keys(pool, "trashd");
    const httplib::Headers owner = {{"X-API-Key", keys.create({"ann", {"owners"}}).text}},
                           notes = {{"X-API-Key", keys.create({"bob", {"notes"}}).text}},
                           bin = {{"X-API-Key", keys.create({"eve", {"bin"}}).text}};
    const auto user = undo_of(shop.call("DELETE", "/v1/usr/1", "", owner));
    CHECK(shop.call("POST", user, "", notes).code() == "not-found");
    CHECK(shop.call("POST", user, "", {}).code() == "unauthorized");
    const auto note = undo_of(shop.call("DELETE", "/v1/note/2", "", bin));
    CHECK(shop.call("POST", note, "", bin).code() == "forbidden");
    const auto back = shop.call("POST", note, "", notes);
    CHECK(back.status == 200);
    CHECK(shop.call("POST", href_of(back), "", notes).status == 200);
    const auto restored = shop.call("POST", user, "", owner);
    CHECK(restored.status == 200);
    CHECK(shop.call("POST", href_of(restored), "", bin).code() == "not-found");
    shop.sql("INSERT INTO note VALUES (7, 1)");
    CHECK(shop.call("POST", href_of(restored), "", owner).code() == "changed");
}
