// Many groups restored or purged at once, and purges that say what they expect.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "tests/support/served_database.hpp"
#include "trash/records/api_keys.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

const char* kSchema = R"(
CREATE TABLE usr (id int PRIMARY KEY, name text);
CREATE TABLE topic (id int PRIMARY KEY, author int NOT NULL REFERENCES usr, title text UNIQUE,
  under int REFERENCES topic);
CREATE TABLE note (id int PRIMARY KEY, topic int NOT NULL REFERENCES topic);
CREATE TABLE mark (id int PRIMARY KEY, usr int REFERENCES usr ON DELETE SET NULL);
INSERT INTO usr VALUES (1, 'ann'), (2, 'bob');
INSERT INTO topic VALUES (1, 1, 'a', NULL), (2, 1, 'b', 1), (3, 1, 'c', 2), (4, 2, 'd', NULL);
INSERT INTO note VALUES (1, 1), (2, 3), (3, 4);
)";

struct Bench : ServedDatabase {
    explicit Bench(const std::string& toml = "") : ServedDatabase(kSchema, toml) {}

    std::string trash(const std::string& address) {
        return ServedDatabase::trash(address).substr(std::string("/v1/trash/").size());
    }
    // Each a group of its own, what hangs on others first; answers their ids in that order.
    std::vector<std::string> trash_all() {
        std::vector<std::string> ids;
        for (const char* one : {"note/1", "note/2", "note/3", "topic/3", "topic/2", "topic/1",
                                "topic/4", "usr/1", "usr/2"})
            ids.push_back(trash(one));
        return ids;
    }
};

std::string ids_json(const std::vector<std::string>& ids) {
    std::string list;
    for (const auto& id : ids) list += (list.empty() ? "\"" : ", \"") + id + "\"";
    return "{\"ids\": [" + list + "]";
}

constexpr const char* kLive =
    "SELECT (SELECT count(*) FROM usr) + (SELECT count(*) FROM topic) + (SELECT count(*) FROM "
    "note)";
constexpr const char* kTrashed = "SELECT count(*) FROM trashd.item";

std::string statuses(const Answer& answer) {
    std::string out;
    const auto body = answer.json();
    for (const auto& one : body["results"].GetArray())
        out += (out.empty() ? "" : " ") + std::string(one["status"].GetString());
    return out;
}

}  // namespace

TEST_CASE("many groups come back together, parents first whatever the order") {
    Bench call;
    const auto ids = call.trash_all();
    CHECK(call.value(kLive) == "0");
    const auto dry = call("POST", "/v1/trash/bulk-restore", ids_json(ids) + ", \"dryRun\": true}");
    CHECK(dry.status == 200);
    CHECK(dry.json()["groups"].GetInt() == 9);
    CHECK(dry.json()["items"].GetInt() == 9);
    CHECK(dry.json()["restored"].GetInt() == 9);
    CHECK(call.value(kLive) == "0");
    const auto back = call("POST", "/v1/trash/bulk-restore", ids_json(ids) + ", \"expect\": 9}");
    CHECK(back.status == 200);
    CHECK(statuses(back) ==
          "restored restored restored restored restored restored restored restored restored");
    CHECK(call.value(kLive) == "9");
    CHECK(call.value(kTrashed) == "0");
    CHECK(call.value("SELECT count(*) FROM trashd.ledger WHERE action = 'restored'") == "9");
    const auto again =
        call("POST", "/v1/trash/bulk-restore", ids_json({ids[0], ids[1], "x"}) + "}");
    CHECK(again.status == 200);
    CHECK(statuses(again) == "gone gone not-found");
    CHECK(again.json()["groups"].GetInt() == 0);
}

TEST_CASE("a conflict of one keeps all of them in the trash, unless each is by itself") {
    Bench call;
    const auto ids = call.trash_all();
    call.sql("INSERT INTO usr VALUES (9, 'z'); INSERT INTO topic VALUES (9, 9, 'b', NULL)");
    const auto refused = call("POST", "/v1/trash/bulk-restore", ids_json(ids) + "}");
    check_problem(refused, "restore-conflict",
                  "the group cannot go back as it is: 1 conflict; resolve them and restore again",
                  R"(,"conflicts":[{"kind":"unique-taken","resource":"topic","id":"2",)"
                  R"("constraint":"topic_title_key","columns":["title"],"values":["b"],)"
                  R"("with":{"resource":"topic","id":"9"},"choices":["set","swap"]}])");
    CHECK(call.value(kLive) == "2");
    CHECK(call.value(kTrashed) == "9");
    // topic 2 stays, and what hangs on it with it
    const auto some =
        call("POST", "/v1/trash/bulk-restore", ids_json(ids) + ", \"partial\": true}");
    CHECK(some.status == 200);
    CHECK(statuses(some) ==
          "restored conflict restored conflict conflict restored restored restored restored");
    CHECK(some.json()["groups"].GetInt() == 6);
    CHECK(some.json()["results"][4]["problem"]["conflicts"][0]["kind"] == "unique-taken");
    CHECK(some.json()["results"][3]["problem"]["conflicts"][0]["kind"] == "missing-parent");
    CHECK(call.value(kTrashed) == "3");
    const auto swapped = call("POST", "/v1/trash/bulk-restore",
                              R"({"filter": {"resource": "topic"}, "otherwise": "swap"})");
    CHECK(swapped.status == 200);
    CHECK(swapped.json()["swapped"].Size() == 1);
    CHECK(swapped.json()["items"].GetInt() == 2);
    CHECK(call.value("SELECT string_agg(id::text, ' ' ORDER BY id) FROM topic") == "1 2 3 4");
}

TEST_CASE("a reference that one group has cut in a row of another comes back with both") {
    for (const bool parent_first : {true, false})
        for (const char* partial : {"true", "false"}) {
            CAPTURE(parent_first);
            CAPTURE(partial);
            Bench call;
            call.sql("INSERT INTO usr VALUES (3, 'eve'); INSERT INTO mark VALUES (1, 3)");
            std::vector<std::string> ids = {call.trash("usr/3"), call.trash("mark/1")};
            if (!parent_first) std::ranges::reverse(ids);
            const auto back = call("POST", "/v1/trash/bulk-restore",
                                   ids_json(ids) + ", \"partial\": " + partial + "}");
            CHECK(statuses(back) == "restored restored");
            CHECK(call.value("SELECT usr FROM mark WHERE id = 1") == "3");
            CHECK(call.value("SELECT (SELECT count(*) FROM trashd.item) + (SELECT count(*) FROM "
                             "trashd.link)") == "0");
        }
}

TEST_CASE("of two generations of one object none comes back together, and one by itself") {
    Bench call;
    const auto older = call.trash("note/1");
    call.sql("INSERT INTO note VALUES (1, 2)");
    const auto newer = call.trash("note/1");
    const auto both = ids_json({older, newer});
    const auto refused = call("POST", "/v1/trash/bulk-restore", both + "}");
    CHECK(refused.status == 409);
    CHECK(refused.code() == "restore-conflict");
    CHECK(call.value(kTrashed) == "2");
    CHECK(call.value("SELECT count(*) FROM note WHERE id = 1") == "0");
    CHECK(statuses(call("POST", "/v1/trash/bulk-restore", both + ", \"partial\": true}")) ==
          "conflict restored");
    CHECK(call.value("SELECT topic FROM note WHERE id = 1") == "2");
    CHECK(call.value(kTrashed) == "1");
}

TEST_CASE("bulk requests that race over the same groups leave each row once") {
    Bench call;
    for (int round = 0; round < 10; ++round) {
        auto ids = call.trash_all();
        const auto there = ids_json(ids);
        std::ranges::reverse(ids);
        const auto back = ids_json(ids);
        std::vector<std::jthread> clients;
        for (const auto& body : {there + "}", back + "}", back + ", \"partial\": true}",
                                 there + ", \"partial\": true}"})
            clients.emplace_back([&call, body] {
                const auto answer = call("POST", "/v1/trash/bulk-restore", body);
                CHECK(answer.status == 200);
            });
        clients.clear();
        CHECK(call.value(kLive) == "9");
        CHECK(call.value(kTrashed) == "0");
    }
}

TEST_CASE("a dry run of each by itself counts on the parents that would be back") {
    Bench call;
    const auto ids = call.trash_all();
    const auto dry = call("POST", "/v1/trash/bulk-restore",
                          ids_json(ids) + ", \"partial\": true, \"dryRun\": true}");
    CHECK(dry.status == 200);
    CHECK(dry.json()["groups"].GetInt() == 9);
    CHECK(dry.json()["items"].GetInt() == 9);
    CHECK(call.value(kLive) == "0");
}

TEST_CASE("many groups are purged together or each by itself, by ids or by a filter") {
    Bench call;
    const auto ids = call.trash_all();
    const auto dry = call("POST", "/v1/trash/bulk-purge",
                          R"({"filter": {"resource": ["note", "usr"]}, "dryRun": true})");
    CHECK(dry.status == 200);
    CHECK(dry.json()["groups"].GetInt() == 5);
    CHECK(dry.json()["items"].GetInt() == 5);
    CHECK(call.value(kTrashed) == "9");
    const auto more = call("POST", "/v1/trash/bulk-purge",
                           R"({"filter": {"resource": ["note", "usr"]}, "expect": 4})");
    check_problem(more, "changed",
                  "this is about 5 items, not 4; look again, and expect what is there then");
    CHECK(call.value(kTrashed) == "9");
    const auto purged = call("POST", "/v1/trash/bulk-purge",
                             R"({"filter": {"resource": ["note", "usr"]}, "expect": 5})");
    CHECK(purged.status == 200);
    CHECK(purged.json()["results"].Size() == 0);
    CHECK(call.value(kTrashed) == "4");
    CHECK(call.value("SELECT count(*) FROM trashd.ledger WHERE action = 'purged'") == "5");
    const auto each = call("POST", "/v1/trash/bulk-purge",
                           ids_json({ids[3], ids[0], ids[4]}) + ", \"partial\": true}");
    CHECK(statuses(each) == "purged gone purged");
    CHECK(each.json()["items"].GetInt() == 2);
    CHECK(call.value(kTrashed) == "2");
}

TEST_CASE("of what a filter means some may be left out") {
    Bench call;
    const auto ids = call.trash_all();
    const std::string all = R"({"filter": {"to": "2999-01-01"}, "except": [")" + ids[0] + "\"";
    const auto dry = call("POST", "/v1/trash/bulk-purge", all + "], \"dryRun\": true}");
    CHECK(dry.json()["groups"].GetInt() == 8);
    check_problem(call("POST", "/v1/trash/bulk-purge", all + "], \"expect\": 9}"), "changed",
                  "this is about 8 items, not 9; look again, and expect what is there then");
    const auto restored = call("POST", "/v1/trash/bulk-restore",
                               all + ", \"" + ids[1] + "\"], \"partial\": true, \"dryRun\": true}");
    CHECK(restored.json()["groups"].GetInt() == 7);
    CHECK(restored.body.find(ids[0]) == std::string::npos);
    CHECK(call("POST", "/v1/trash/bulk-purge", all + "], \"expect\": 8}").status == 200);
    CHECK(call("GET", "/v1/trash/" + ids[0]).status == 200);
    CHECK(call.value(kTrashed) == "1");
}

TEST_CASE("bodies of bulk requests that mean nothing are refused, and nothing happens") {
    Bench call;
    const auto id = call.trash("note/1");
    const auto bad = [&](const std::string& body, const std::string& detail) {
        for (const char* what : {"/v1/trash/bulk-restore", "/v1/trash/bulk-purge"})
            check_problem(call("POST", what, body), "bad-request", detail);
    };
    bad("{}", "the body must have either 'ids' or 'filter'");
    bad(ids_json({id}) + ", \"filter\": {\"resource\": \"note\"}}",
        "the body must have either 'ids' or 'filter'");
    bad(R"({"ids": []})", "'ids' names nothing");
    bad(R"({"ids": [1]})", "'ids' must be an array of ids of TrashItems");
    bad(R"({"filter": {}})", "'filter' must say which groups; an empty one would mean all");
    bad(R"({"filter": {"resorce": "note"}})",
        "'filter' has no member 'resorce'; did you mean resource?");
    bad(R"({"filter": {"deletedReason[not_equals]": ""}})",
        "'deletedReason[not_equals]' must not be empty; leave it out to see all");
    bad(R"({"filter": {"deletedBy": {}}})", "'deletedBy' in 'filter' must be a string");
    bad(ids_json({id}) + ", \"except\": [\"" + id + "\"]}",
        "'except' is of what 'filter' means; leave the ids out of 'ids'");
    for (const char* except : {"[1]", R"(["note/1"])"})
        bad(std::string(R"({"filter": {"resource": "note"}, "except": )") + except + "}",
            "'except' must be an array of ids of TrashItems");
    bad(R"({"filter": {"resource": "note"}, "except": []})", "'except' names nothing");
    bad(ids_json({id}) + ", \"expect\": -1}", "'expect' must be a number from 0");
    bad(ids_json({id}) + ", \"partial\": 1}", "'partial' must be true or false");
    check_problem(
        call("POST", "/v1/trash/bulk-purge", ids_json({id}) + ", \"otherwise\": \"swap\"}"),
        "bad-request", "the body has no member 'otherwise'");
    check_problem(call("POST", "/v1/trash/bulk-purge"), "bad-request",
                  R"(the body must be {\"ids\": […]} or {\"filter\": {…}})");
    std::vector<std::string> many(1001, id);
    check_problem(call("POST", "/v1/trash/bulk-purge", ids_json(many) + "}"), "bad-request",
                  "'ids' may name up to 1000 items; use 'filter' for more");
    CHECK(call.value(kTrashed) == "1");
}

TEST_CASE("a purge and an emptying tell what would go, and go only as expected") {
    Bench call;
    call.trash("note/1");
    const auto gone = call("DELETE", "/v1/topic/4?cascade=true");
    REQUIRE(gone.status == 204);
    const auto item = gone.header("Location");
    const auto dry = call("DELETE", item + "?dryRun=true");
    CHECK(dry.status == 200);
    CHECK(dry.body == R"({"groups":1,"items":2})");
    check_problem(call("DELETE", item + "?expect=3"), "changed",
                  "this is about 2 items, not 3; look again, and expect what is there then");
    check_problem(call("DELETE", item + "?expect=all"), "bad-request",
                  "'expect' must be a number from 0 to 9223372036854775807");
    const auto member =
        std::string("/v1/trash/") +
        call("GET", "/v1/trash?resource=note&deletedObjectId=3").json()[0]["id"].GetString();
    CHECK(call("DELETE", member + "?only=member&dryRun=true").body == R"({"groups":0,"items":1})");
    CHECK(call.value(kTrashed) == "3");
    CHECK(call("DELETE", "/v1/trash?dryRun=true").body == R"({"groups":2,"items":3})");
    check_problem(call("DELETE", "/v1/trash?confirm=true&expect=2"), "changed",
                  "this is about 3 items, not 2; look again, and expect what is there then");
    CHECK(call.value(kTrashed) == "3");
    CHECK(call("DELETE", item + "?expect=2").status == 204);
    CHECK(call("DELETE", "/v1/trash?confirm=true&expect=1").body == R"({"groups":1,"items":1})");
    CHECK(call.value(kTrashed) == "0");
}

TEST_CASE("the dry run of a purge tells which other groups in the trash refer to this one") {
    Bench call;
    const auto note = call.trash("note/2"), third = call.trash("topic/3");
    const auto second = call.trash("topic/2"), first = call.trash("topic/1?cascade=true");
    const auto other = call.trash("topic/4?cascade=true");
    const auto referrer = [](const std::string& id, const char* resource, const char* name) {
        return fmt::format(R"({{"trashItemId":"{}","resource":"{}","displayName":"{}","items":1}})",
                           id, resource, name);
    };
    const auto dry = [&](const std::string& id, const std::string& more = "") {
        return call("DELETE", "/v1/trash/" + id + "?dryRun=true" + more).body;
    };
    CHECK(dry(first) == R"({"groups":1,"items":2,"referrers":{"groups":1,"first":[)" +
                            referrer(second, "topic", "b") + "]}}");
    CHECK(dry(third) == R"({"groups":1,"items":1,"descendants":{"groups":1,"items":1},)"
                        R"("referrers":{"groups":1,"first":[)" +
                            referrer(note, "note", "note 2") + "]}}");
    CHECK(dry(third, "&only=member") == dry(third));
    CHECK(dry(other) == R"({"groups":1,"items":2})");
    CHECK(call("DELETE", "/v1/trash/" + note).status == 204);
    CHECK(dry(third) == R"({"groups":1,"items":1})");
    CHECK(call("DELETE", "/v1/usr/1").status == 204);
    const auto author = call("GET", "/v1/trash?resource=usr").json();
    CHECK(dry(author[0]["id"].GetString()) ==
          R"({"groups":1,"items":1,"descendants":{"groups":3,"items":4},)"
          R"("referrers":{"groups":3,"first":[)" +
              referrer(first, "topic", "a") + "," + referrer(second, "topic", "b") + "," +
              referrer(third, "topic", "c") + "]}}");
}

TEST_CASE("what may not be seen is not told to refer to what is purged") {
    Bench call(R"([credentials]
api_keys = true
[roles]
owners = "*"
topics = { purge = "*", view-trash = "topic" }
)");
    schema::Pool pool(call.database.url(), 1);
    trash::Keys keys(pool, "trashd");
    const httplib::Headers owner = {{"X-API-Key", keys.create({"ann", {"owners"}}).text}},
                           topics = {{"X-API-Key", keys.create({"bob", {"topics"}}).text}};
    const auto gone = [&](const std::string& address) {
        return call("DELETE", "/v1/" + address, "", owner).header("Location");
    };
    gone("note/1");
    gone("topic/3?cascade=true");
    gone("topic/2");
    const auto dry = gone("topic/1") + "?dryRun=true";
    const auto groups = [&](const httplib::Headers& who) {
        return call("DELETE", dry, "", who).json()["referrers"]["groups"].GetInt();
    };
    CHECK(groups(owner) == 2);
    CHECK(groups(topics) == 1);
}

TEST_CASE("a bulk restore above async_rows is an operation, which tells how far it is") {
    for (const char* partial : {"true", "false"}) {
        CAPTURE(partial);
        Bench call("[limits]\nasync_rows = 4\n");
        const auto body =
            ids_json(call.trash_all()) + ", \"expect\": 9, \"partial\": " + partial + "}";
        const auto accepted = call("POST", "/v1/trash/bulk-restore", body);
        REQUIRE(accepted.status == 202);
        CHECK(accepted.json()["kind"] == "bulk-restore");
        CHECK(accepted.json()["total"].GetInt() == 9);
        const auto address = accepted.header("Location");
        for (int wait = 0; wait < 400 && call("GET", address).json()["state"] != "done"; ++wait)
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
        const auto done = call("GET", address);
        CHECK(done.json()["state"] == "done");
        CHECK(done.json()["done"].GetInt() == 9);
        CHECK(done.json()["result"]["items"].GetInt() == 9);
        CHECK(call.value(kLive) == "9");
    }
}

TEST_CASE("bulk requests do what the role may, and tell nothing of the rest") {
    Bench call(R"([credentials]
api_keys = true
[roles]
owners = "*"
notes = { read = "note", view-trash = "note", restore = "note" }
)");
    schema::Pool pool(call.database.url(), 1);
    trash::Keys keys(pool, "trashd");
    const httplib::Headers owner = {{"X-API-Key", keys.create({"ann", {"owners"}}).text}},
                           notes = {{"X-API-Key", keys.create({"bob", {"notes"}}).text}};
    std::vector<std::string> ids;
    for (const char* one : {"note/1", "note/2", "topic/3"}) {
        const auto gone = call("DELETE", std::string("/v1/") + one, "", owner);
        REQUIRE(gone.status == 204);
        ids.push_back(gone.header("Location").substr(10));
    }
    const auto back =
        call("POST", "/v1/trash/bulk-restore", ids_json(ids) + ", \"partial\": true}", notes);
    CHECK(back.status == 200);
    CHECK(statuses(back) == "restored conflict not-found");
    CHECK(call("POST", "/v1/trash/bulk-purge", ids_json(ids) + "}", notes).status == 403);
    CHECK(call.value(kTrashed) == "2");
}
