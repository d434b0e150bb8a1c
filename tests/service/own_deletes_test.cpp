// Roles whose right to restore or to purge is for what the same principal has deleted.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <atomic>
#include <thread>

#include "tests/support/database.hpp"
#include "tests/support/problem.hpp"
#include "tests/support/tokens.hpp"
#include "trash/records/api_keys.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

const char* kSchema = R"(
CREATE TABLE post (id int PRIMARY KEY, author text, body text);
CREATE TABLE comment (id int PRIMARY KEY, post_id int REFERENCES post ON DELETE CASCADE,
                      author text);
CREATE TABLE tag (post_id int REFERENCES post ON DELETE CASCADE, name text);
INSERT INTO post VALUES (1, 'alice', 'spam'), (2, 'alice', 'two'), (3, 'bob', 'three'),
                        (4, 'bob', 'four');
INSERT INTO comment VALUES (1, 1, 'alice'), (2, 3, 'alice'), (3, 4, 'bob');
)";

const char* kRoles = R"(anonymous = "guests"
[roles]
people = { read = "*", write = "*", trash = "*", view-trash = "*", restore = "own-deletes", purge = "own-deletes" }
authors = { "*" = "*", restore = "own-deletes", purge = "own-deletes", owner = "author" }
trashers = ["read", "trash", "view-trash"]
posts = { restore = ["own-deletes", "post"] }
comments = { restore = "comment" }
blind = { trash = "*", restore = "own-deletes" }
guests = { read = "*", trash = "*", view-trash = "*", restore = "own-deletes" }
mods = ["read", "write", "trash", "view-trash", "restore", "purge"]
)";

struct Bench {
    SigningKey key{"ES256"};
    TempFile file{jwks({key})};
    TempDatabase database{kSchema};
    ServiceProcess service{
        database.url(),
        {},
        fmt::format("[credentials]\napi_keys = true\njwt_keys = \"{}\"\n{}", file.path(), kRoles)};

    // roles: one or two words; none: without credentials.
    struct Who {
        std::string name, roles;
    };
    Who mod{"mod", "mods"}, alice{"alice", "authors"}, bob{"bob", "people"};

    Answer as(const Who& who, const std::string& verb, const std::string& address,
              const std::string& body = "", httplib::Headers headers = {}) {
        auto listed = who.roles;
        if (const auto space = listed.find(' '); space != std::string::npos)
            listed.replace(space, 1, "\",\"");
        if (!who.roles.empty())
            headers.emplace("Authorization", "Bearer " + key.sign(claims(who.name, listed)));
        if (!body.empty()) headers.emplace("Content-Type", "application/json");
        return ask(service.port(), verb, address, headers, body);
    }
    std::string trash(const Who& who, const std::string& address) {
        const auto answer = as(who, "DELETE", address);
        REQUIRE(answer.status == 204);
        return answer.header("Location");
    }
    std::string value(const std::string& sql) { return TestConnection(database.url()).value(sql); }
    std::string trashed() {
        return value(
            "SELECT coalesce(string_agg(root_object, ' ' ORDER BY id), '') FROM "
            "trashd.trash_group WHERE state = 'trashed'");
    }
};

std::string id_of(const std::string& item) {
    return item.substr(item.rfind('/') + 1);
}

// The whole answer to who has the right, but not for what others have deleted.
void check_foreign(const Answer& answer, const std::string& right, const std::string& resource) {
    check_problem(answer, "forbidden",
                  fmt::format("the right '{}' for {} is for what one has deleted oneself; ask for "
                              "a role that has it for more",
                              right, resource),
                  fmt::format(R"(,"missing":[{{"right":"{}","resource":"{}"}}])", right, resource));
}

void check_missing(const Answer& answer, const std::string& right, const std::string& resource) {
    check_problem(answer, "forbidden",
                  fmt::format("the right '{}' for {} is missing; ask for a role that has it", right,
                              resource),
                  fmt::format(R"(,"missing":[{{"right":"{}","resource":"{}"}}])", right, resource));
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("what a moderator has deleted its author neither takes back nor purges") {
    // with restore for own rows the author had the spam back at once
    Bench bench;
    const auto item = bench.trash(bench.mod, "/v1/post/1?reason=spam");
    CHECK(bench.as(bench.alice, "GET", item).status == 200);
    for (const char* query : {"", "?dryRun=true", "?with=ancestors", "?lossy=true"})
        check_foreign(bench.as(bench.alice, "POST", item + "/$restore" + query), "restore", "post");
    check_foreign(bench.as(bench.alice, "GET", item + "/$restore"), "restore", "post");
    check_foreign(
        bench.as(bench.alice, "PATCH", "/v1/post/1?deleted=true", R"({"deletedAt":null})"),
        "restore", "post");
    for (const char* query : {"", "?dryRun=true", "?only=member"})
        check_foreign(bench.as(bench.alice, "DELETE", item + query), "purge", "post");
    check_foreign(bench.as(bench.alice, "DELETE", "/v1/post/1?hard=true"), "purge", "post");
    CHECK(bench.trashed() == "1");
    CHECK(bench.as(bench.mod, "POST", item + "/$restore").status == 200);
}

TEST_CASE("what one has deleted oneself comes back, is purged, and is gone then") {
    Bench bench;
    for (const auto& who : {bench.alice, bench.bob}) {
        const auto item = bench.trash(who, "/v1/post/1");
        CHECK(bench.as(who, "POST", item + "/$restore?dryRun=true").status == 200);
        CHECK(bench.as(who, "POST", item + "/$restore").status == 200);
        CHECK(bench.as(who, "POST", item + "/$restore").status ==
              (who.name == "bob" ? 410 : 404));  // own rows of what is gone are nobody's
        const auto again = bench.trash(who, "/v1/comment/1");
        CHECK(bench.as(who, "DELETE", again + "?dryRun=true").body == R"({"groups":1,"items":1})");
        CHECK(bench.as(who, "POST", again + "/$restore").status == 200);
    }
    const auto item = bench.trash(bench.bob, "/v1/post/1");
    CHECK(bench.as(bench.bob, "DELETE", item).status == 204);
    CHECK(bench.as(bench.bob, "DELETE", item).status == 410);
    CHECK(bench.value("SELECT count(*) FROM trashd.item") == "0");
}

TEST_CASE("beside an owner both must hold: one's own row, and one's own delete") {
    Bench bench;
    const Bench::Who both{"alice", "authors trashers"};
    const auto others = bench.trash(both, "/v1/post/4");
    check_missing(bench.as(both, "POST", others + "/$restore"), "restore", "post");
    CHECK(bench.as(bench.mod, "POST", others + "/$restore").status == 200);
    bench.value("UPDATE post SET author = 'alice' WHERE id = 3");
    bench.value("UPDATE comment SET author = 'bob' WHERE id = 2");
    const auto mixed = bench.trash(both, "/v1/post/3");
    check_missing(bench.as(both, "POST", mixed + "/$restore"), "restore", "comment");
    check_missing(bench.as(both, "DELETE", mixed), "purge", "comment");
    const auto own = bench.trash(both, "/v1/post/1");
    CHECK(bench.as(both, "POST", own + "/$restore").status == 200);
}

TEST_CASE("a right that another role has for more holds for what others have deleted") {
    Bench bench;
    const Bench::Who wider{"carl", "people comments"};
    const auto comment = bench.trash(bench.mod, "/v1/comment/2");
    const auto post = bench.trash(bench.mod, "/v1/post/1");
    CHECK(bench.as(wider, "POST", comment + "/$restore").status == 200);
    check_foreign(bench.as(wider, "POST", post + "/$restore"), "restore", "post");
    const auto own = bench.trash(wider, "/v1/post/3");
    CHECK(bench.as(wider, "POST", own + "/$restore").status == 200);
}

TEST_CASE("own deletes of named resources are no more than these, and by itself the word is all") {
    Bench bench;
    const Bench::Who narrow{"nora", "trashers posts"};
    auto item = bench.trash(narrow, "/v1/post/2");
    CHECK(bench.as(narrow, "POST", item + "/$restore").status == 200);
    item = bench.trash(narrow, "/v1/post/1");
    check_missing(bench.as(narrow, "POST", item + "/$restore"), "restore", "comment");
    // rows of a table without a key need the right for everything
    TestConnection(bench.database.url())->script("INSERT INTO tag VALUES (2, 'a'), (2, 'b')");
    item = bench.trash(bench.bob, "/v1/post/2");
    CHECK(bench.as(bench.bob, "POST", item + "/$restore").status == 200);
    CHECK(bench.value("SELECT count(*) FROM tag") == "2");
    item = bench.trash(bench.mod, "/v1/post/2");
    check_foreign(bench.as(bench.bob, "POST", item + "/$restore"), "restore", "post");
}

TEST_CASE("who may not view the trash restores own deletes, and others' are not there") {
    Bench bench;
    const Bench::Who blind{"ben", "blind"};
    const auto others = bench.trash(bench.mod, "/v1/post/1");
    CHECK(bench.as(blind, "POST", others + "/$restore").status == 404);
    const auto own = bench.trash(blind, "/v1/post/2");
    CHECK(bench.as(blind, "POST", own + "/$restore").status == 200);
}

TEST_CASE("many at once: others' groups are forbidden, and a filter means own ones") {
    Bench bench;
    const auto own = bench.trash(bench.bob, "/v1/post/1"),
               others = bench.trash(bench.mod, "/v1/post/2");
    const auto both = fmt::format(R"({{"ids":["{}","{}"])", id_of(own), id_of(others));
    for (const char* verb : {"restore", "purge"}) {
        const auto address = fmt::format("/v1/trash/bulk-{}", verb);
        check_foreign(bench.as(bench.bob, "POST", address, both + "}"), verb, "post");
        check_foreign(bench.as(bench.bob, "POST", address, both + R"(,"dryRun":true})"), verb,
                      "post");
        const auto filtered =
            bench.as(bench.bob, "POST", address, R"({"filter":{"resource":"post"},"dryRun":true})");
        CHECK(filtered.json()["groups"].GetInt() == 1);
        CHECK(filtered.json()["items"].GetInt() == 2);
    }
    CHECK(bench.trashed() == "1 2");
    const auto partial =
        bench.as(bench.bob, "POST", "/v1/trash/bulk-restore", both + R"(,"partial":true})");
    CHECK(partial.status == 200);
    CHECK(partial.json()["results"][0]["status"] == "restored");
    CHECK(partial.json()["results"][1]["status"] == "forbidden");
    CHECK(bench.trashed() == "2");
    bench.trash(bench.bob, "/v1/post/3");
    CHECK(bench.as(bench.bob, "POST", "/v1/trash/bulk-purge", R"({"filter":{"resource":"post"}})")
              .json()["groups"]
              .GetInt() == 1);
    CHECK(bench.trashed() == "2");
}

TEST_CASE("emptying purges own deletes, and counts no others") {
    Bench bench;
    bench.trash(bench.bob, "/v1/post/1");
    bench.trash(bench.mod, "/v1/post/2");
    bench.trash(bench.alice, "/v1/comment/2");
    CHECK(bench.as(bench.bob, "DELETE", "/v1/trash").body.find(R"("groups":1,"items":2)") !=
          std::string::npos);
    CHECK(bench.as(bench.bob, "DELETE", "/v1/trash?dryRun=true").body ==
          R"({"groups":1,"items":2})");
    CHECK(bench.as(bench.alice, "DELETE", "/v1/trash?dryRun=true").body ==
          R"({"groups":1,"items":1})");
    CHECK(bench.as(bench.bob, "DELETE", "/v1/trash?confirm=true&expect=3").code() == "changed");
    CHECK(bench.as(bench.bob, "DELETE", "/v1/trash?confirm=true").body ==
          R"({"groups":1,"items":2})");
    CHECK(bench.as(bench.bob, "DELETE", "/v1/trash?confirm=true&deletedBy=mod").body ==
          R"({"groups":0,"items":0})");
    CHECK(bench.trashed() == "2 2");
    CHECK(bench.as(bench.alice, "DELETE", "/v1/trash?confirm=true").body ==
          R"({"groups":1,"items":1})");
    CHECK(bench.trashed() == "2");
}

TEST_CASE("parents that another has deleted are not brought along") {
    Bench bench;
    const auto comment = bench.trash(bench.bob, "/v1/comment/1");
    const auto post = bench.trash(bench.mod, "/v1/post/1");
    check_foreign(bench.as(bench.bob, "POST", comment + "/$restore?with=ancestors"), "restore",
                  "post");
    check_foreign(bench.as(bench.bob, "POST", comment + "/$restore?with=ancestors&dryRun=true"),
                  "restore", "post");
    check_foreign(
        bench.as(bench.bob, "POST", comment + "/$restore", R"({"otherwise":"ancestors"})"),
        "restore", "post");
    CHECK(bench.as(bench.bob, "POST", comment + "/$restore").code() == "restore-conflict");
    CHECK(bench.trashed() == "1 1");
    REQUIRE(bench.as(bench.mod, "POST", post + "/$restore").status == 200);
    bench.trash(bench.bob, "/v1/post/1");
    CHECK(bench.as(bench.bob, "POST", comment + "/$restore?with=ancestors").status == 200);
    CHECK(bench.trashed().empty());
}

TEST_CASE("parts and copies are of own deletes alone") {
    Bench bench;
    const auto others = bench.trash(bench.mod, "/v1/post/1");
    const auto member = [&](const std::string& item) {
        const std::string group = bench.as(bench.mod, "GET", item).json()["groupId"].GetString();
        return ids(bench.as(bench.mod, "GET", "/v1/trash?root=false&groupId=" + group)).at(0);
    };
    const auto part = member(others);
    const auto only = [](const std::string& id) { return R"({"only":[")" + id + R"("]})"; };
    check_foreign(bench.as(bench.bob, "POST", others + "/$restore", only(part)), "restore", "post");
    check_foreign(bench.as(bench.bob, "POST", "/v1/trash/" + part + "/$restore"), "restore",
                  "comment");
    check_foreign(bench.as(bench.bob, "DELETE", "/v1/trash/" + part + "?only=member"), "purge",
                  "comment");
    check_foreign(bench.as(bench.bob, "POST", others + "/$restore", R"({"copy":true})"), "restore",
                  "post");
    const auto own = bench.trash(bench.bob, "/v1/post/3");
    CHECK(bench.as(bench.bob, "DELETE", "/v1/trash/" + member(own) + "?only=member").status == 204);
    CHECK(bench.as(bench.bob, "POST", own + "/$restore", only(id_of(own))).status == 200);
    CHECK(bench.trashed() == "1");
}

TEST_CASE(
    "who may purge own deletes deletes for good, and nothing that another put into the trash") {
    Bench bench;
    CHECK(bench.as(bench.bob, "DELETE", "/v1/post/1?hard=true").status == 204);
    CHECK(bench.as(bench.bob, "DELETE", "/v1/post?ids=2&hard=true").status == 200);
    CHECK(bench.value(
              "SELECT string_agg(action || ' ' || by, ', ' ORDER BY id) FROM trashd.ledger") ==
          "trashed bob, purged bob, trashed bob, purged bob");
    bench.trash(bench.mod, "/v1/post/3");
    check_foreign(bench.as(bench.bob, "DELETE", "/v1/post/3?hard=true"), "purge", "post");
    check_foreign(bench.as(bench.bob, "DELETE", "/v1/post?ids=3&hard=true"), "purge", "post");
    CHECK(bench.trashed() == "3");
    CHECK(bench.as({"ben", "blind"}, "DELETE", "/v1/post/4?hard=true").status == 403);
}

TEST_CASE("a group says whether who asks may restore or purge it") {
    Bench bench;
    const auto may = [&](const Bench::Who& who, const std::string& item) {
        const auto answer = bench.as(who, "GET", item + "?expand=group");
        const auto at = answer.body.find(R"("may":)");
        return at == std::string::npos
                   ? answer.body
                   : answer.body.substr(at, answer.body.find("]}", at) + 2 - at);
    };
    const auto others = bench.trash(bench.mod, "/v1/post/1"),
               own = bench.trash(bench.bob, "/v1/post/2");
    CHECK(
        may(bench.bob, others) ==
        R"("may":{"restore":false,"purge":false,"missing":[{"right":"restore","resource":"post"},)"
        R"({"right":"purge","resource":"post"}]})");
    CHECK(may(bench.bob, own) == R"("may":{"restore":true,"purge":true,"missing":[]})");
    CHECK(
        may({"gus", "guests"}, own) ==
        R"("may":{"restore":false,"purge":false,"missing":[{"right":"restore","resource":"post"},)"
        R"({"right":"purge","resource":"post"}]})");
}

TEST_CASE("keys of one name are one principal, another name is another") {
    Bench bench;
    schema::Pool pool(bench.database.url(), 1);
    trash::Keys keys(pool, "trashd");
    const auto one = keys.create({"ci", {"people"}}).text,
               same = keys.create({"ci", {"people"}}).text,
               other = keys.create({"bob", {"people"}}).text;
    const auto with = [&](const std::string& key, const std::string& verb, const std::string& at) {
        return ask(bench.service.port(), verb, at, {{"X-API-Key", key}});
    };
    auto item = with(one, "DELETE", "/v1/post/1").header("Location");
    check_foreign(with(other, "POST", item + "/$restore"), "restore", "post");
    check_foreign(bench.as({"ci", "people"}, "POST", item + "/$restore"), "restore", "post");
    CHECK(with(same, "POST", item + "/$restore").status == 200);
    item = bench.trash(bench.bob, "/v1/post/1");
    check_foreign(with(other, "DELETE", item), "purge", "post");
    CHECK(bench.as({"bob", "people"}, "DELETE", item).status == 204);
}

TEST_CASE("without credentials one has what was deleted without credentials") {
    Bench bench;
    const Bench::Who nobody{"", ""};
    const auto item = bench.trash(nobody, "/v1/post/1"),
               others = bench.trash(bench.mod, "/v1/post/2");
    CHECK(bench.as(nobody, "POST", others + "/$restore").code() == "unauthorized");
    CHECK(bench.as(nobody, "DELETE", item).code() == "unauthorized");
    check_foreign(bench.as({"gus", "guests"}, "POST", item + "/$restore"), "restore", "post");
    CHECK(bench.as(nobody, "POST", item + "/$restore").status == 200);
}

TEST_CASE("what SQL has deleted is nobody's own delete, whatever the session calls itself") {
    Bench bench;
    REQUIRE(run_program({"capture", "on", "post", "--database", bench.database.url()}).status == 0);
    TestConnection connection(bench.database.url());
    connection->script("SET trashd.by = 'bob'; DELETE FROM post WHERE id = 3");
    CHECK(bench.value("SELECT deleted_by FROM trashd.trash_group") == "sql:bob");
    const auto item = bench.as(bench.mod, "GET", "/v1/trash?root=true").json();
    REQUIRE(item.Size() == 1);
    const auto address = "/v1/trash/" + std::string(item[0]["id"].GetString());
    CHECK(bench.as(bench.bob, "POST", address + "/$restore").status == 403);
    CHECK(bench.as(bench.bob, "DELETE", address).status == 403);
    CHECK(bench.as(bench.mod, "POST", address + "/$restore").status == 200);
}

TEST_CASE("rights that are for own deletes are told as such") {
    Bench bench;
    const auto rights = [&](const Bench::Who& who) {
        return bench.as(who, "GET", "/v1/@me").json();
    };
    const auto bob = rights(bench.bob);
    CHECK_FALSE(bob["rights"]["*"].HasMember("restore"));
    CHECK(bob["rights"]["post"]["restore"] == "own-deletes");
    CHECK(bob["rights"]["comment"]["purge"] == "own-deletes");
    CHECK(rights(bench.alice)["rights"]["post"]["restore"] == "own-deletes");
    CHECK(rights(bench.alice)["rights"]["post"]["write"] == "own");
    CHECK(rights({"carl", "people comments"})["rights"]["comment"]["restore"] == "all");
    const auto narrow = rights({"nora", "trashers posts"});
    CHECK(narrow["rights"]["post"]["restore"] == "own-deletes");
    CHECK_FALSE(narrow["rights"].HasMember("comment"));
}

TEST_CASE("a group that waits for another's restore is judged when it is its turn") {
    Bench bench;
    const auto item = bench.trash(bench.bob, "/v1/post/1");
    schema::Pool pool(bench.database.url(), 1);
    schema::Lease lease = pool.lease();
    lease.connection().exec("BEGIN");
    lease.connection().exec("UPDATE trashd.trash_group SET deleted_by = 'mod'");
    std::atomic<int> status = 0;
    std::jthread other([&] { status = bench.as(bench.bob, "POST", item + "/$restore").status; });
    const auto waiting = [&] {
        return bench.value(
                   "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = "
                   "'Lock' AND datname = current_database()") == "t";
    };
    while (!waiting()) REQUIRE(status == 0);
    lease.connection().exec("COMMIT");
    other.join();
    CHECK(status == 403);
    CHECK(bench.trashed() == "1");
}
