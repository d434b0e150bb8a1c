// Restores with choices and in parts over HTTP: bodies, answers, rights, refusals.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/support/served_database.hpp"
#include "trash/records/api_keys.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

const char* kSchema = R"(
CREATE TABLE usr (id int PRIMARY KEY, name text);
CREATE TABLE topic (id int PRIMARY KEY, author int REFERENCES usr ON DELETE SET NULL,
  title text UNIQUE);
CREATE TABLE reply (id int PRIMARY KEY, topic int NOT NULL REFERENCES topic ON DELETE CASCADE,
  answers int REFERENCES reply ON DELETE CASCADE);
INSERT INTO usr VALUES (1, 'ann'), (2, 'bob');
INSERT INTO topic VALUES (1, 1, 'x'), (2, 2, 'y');
INSERT INTO reply VALUES (1, 1, NULL), (2, 1, 1), (3, 1, 2), (4, 2, NULL);
)";

const char* kRoles = R"([credentials]
api_keys = true
[roles]
owners = "*"
restorers = ["view-trash", "restore", "read"]
)";

struct Bench : ServedDatabase {
    explicit Bench(const std::string& toml = "") : ServedDatabase(kSchema, toml) {}

    Answer restore(const std::string& item, const std::string& body) {
        return (*this)("POST", item + "/$restore", body);
    }
    // The address of the TrashItem of a row that went along.
    std::string item(const std::string& resource, const std::string& id) {
        const auto found =
            (*this)("GET", "/v1/trash?resource=" + resource + "&deletedObjectId=" + id).json();
        REQUIRE(found.Size() == 1);
        return std::string("/v1/trash/") + found[0]["id"].GetString();
    }
};

std::string id_of(const std::string& item) {
    return item.substr(std::string("/v1/trash/").size());
}

}  // namespace

TEST_CASE("a body answers the conflicts of a restore, and the answer tells what came of it") {
    Bench call;
    const auto item = call.trash("topic/1");
    call.sql("DELETE FROM usr WHERE id = 1");
    const auto refused = call.restore(item, "").json();
    REQUIRE(refused["conflicts"].Size() == 1);
    CHECK(refused["conflicts"][0]["choices"].Size() == 2);
    CHECK(refused["conflicts"][0]["choices"][0] == "detach");
    const std::string detach =
        R"({"resolve": [{"resource": "topic", "id": "1", "constraint": "topic_author_fkey",)"
        R"( "choice": "detach"}], "set": [{"resource": "reply", "id": 3, "values": {"answers": 1}}]})";
    const auto dry = call("POST", item + "/$restore?dryRun=true", detach);
    CHECK(dry.status == 200);
    CHECK(call.value("SELECT count(*) FROM topic WHERE id = 1") == "0");
    const auto restored = call.restore(item, detach);
    const auto body = without_undo(restored.body);
    CHECK(dry.body == body.substr(0, body.size() - 1) + R"(,"plan":")" +
                          dry.json()["plan"].GetString() + R"("})");
    CHECK(restored.body.find(
              R"("detached":[{"resource":"topic","id":"1","constraint":"topic_author_fkey",)"
              R"("columns":["author"],"values":["1"]}],"changed":[{"resource":"reply","id":"3",)"
              R"("columns":["answers"],"was":{ "answers" : 2 },"is":{ "answers" : 1 }}])") !=
          std::string::npos);
    CHECK(call.value("SELECT count(*) FROM topic WHERE author IS NULL AND id = 1") == "1");
}

TEST_CASE("a live row in the way is swapped into the trash") {
    Bench call;
    const auto item = call.trash("topic/1");
    call.sql("INSERT INTO topic VALUES (9, NULL, 'x')");
    const auto restored = call.restore(item, R"({"otherwise": "swap"})").json();
    REQUIRE(restored["swapped"].Size() == 1);
    CHECK(restored["swapped"][0]["id"] == "9");
    CHECK(restored["swapped"][0]["groupSize"].GetInt() == 1);
    const auto swapped =
        call("GET", std::string("/v1/trash/") + restored["swapped"][0]["trashItem"].GetString());
    CHECK(swapped.json()["deletedObjectId"] == "9");
}

TEST_CASE("a group comes back and is purged in parts, and tells what is left") {
    Bench call;
    const auto item = call.trash("topic/1");
    const auto two = call.item("reply", "2");
    const std::string group = call("GET", item).json()["groupId"].GetString();
    const auto part = call.restore(
        item, R"({"resolve": [{"resource": "reply", "id": "2", "choice": "leave-out"}]})");
    CHECK(part.status == 200);
    CHECK(part.json()["restored"].GetInt() == 2);
    CHECK(part.json()["left"].GetInt() == 2);
    CHECK(call("GET", item).json()["outcome"] == "restored");
    CHECK(call("GET", item).code() == "gone");
    const auto rest = call("GET", two).json();
    CHECK(rest["root"].GetBool());
    CHECK(rest["partly"].GetBool());
    CHECK(rest["groupSize"].GetInt() == 2);
    CHECK(rest["groupId"].GetString() == group);
    const auto told = call("GET", "/v1/groups/" + group).json();
    CHECK(told["root"]["id"] == rest["id"]);
    CHECK(told["size"].GetInt() == 2);
    CHECK(told["partly"].GetBool());
    REQUIRE(told["counts"].Size() == 2);
    CHECK(told["counts"][0]["constraint"].IsNull());
    CHECK(told["counts"][1]["constraint"] == "reply_answers_fkey");
    const auto roots = call("GET", "/v1/trash?root=true&count=true");
    CHECK(roots.header("X-Total-Count") == "1");
    CHECK(roots.json()[0]["id"] == rest["id"]);
    CHECK(call("GET", "/v1/trash?root=false&count=true").header("X-Total-Count") == "1");
    CHECK(call("GET", "/v1/trash?root=true&resource=topic&count=true").header("X-Total-Count") ==
          "0");
    CHECK(call("GET", "/v1/trash?parent=" + id_of(two)).json()[0]["via"] == "reply_answers_fkey");
    CHECK(call("GET", "/v1/trash/$facets?by=resource&root=true")
              .json()["resource"][0]["items"]
              .GetInt() == 1);
    const auto third = call.item("reply", "3");
    CHECK(call("DELETE", third + "?only=member&dryRun=true").body == R"({"groups":0,"items":1})");
    CHECK(call("DELETE", third + "?dryRun=true").body == R"({"groups":1,"items":2})");
    CHECK(call("DELETE", "/v1/trash?dryRun=true").body == R"({"groups":1,"items":2})");
    CHECK(call("GET", third).status == 200);
    const auto purged = call("DELETE", third + "?only=member&reason=spam");
    CHECK(purged.status == 204);
    CHECK_FALSE(purged.header("X-Purge-Receipt").empty());
    CHECK(call("GET", "/v1/history?action=purged").json()[0]["reason"] == "spam");
    CHECK(call("POST", two + "/$restore").json()["restored"].GetInt() == 1);
    CHECK(call.value("SELECT string_agg(id::text, ' ' ORDER BY id) FROM reply") == "1 2 4");
    CHECK(call("GET", "/v1/history?groupId=" + group).json().Size() == 4);
}

TEST_CASE("only brings back what it names, with what hangs on it") {
    Bench call;
    const auto item = call.trash("topic/1");
    const auto body = fmt::format(R"({{"only": ["{}"]}})", id_of(call.item("reply", "2")));
    const auto lacks = call.restore(item, body);
    CHECK(lacks.code() == "restore-conflict");
    CHECK(lacks.json()["conflicts"][0]["choices"][0] == "ancestors");
    const auto with =
        call.restore(item, body.substr(0, body.size() - 1) + R"(, "otherwise": "ancestors"})");
    CHECK(with.json()["restored"].GetInt() == 4);
    CHECK_FALSE(with.json().HasMember("left"));
    CHECK(call("GET", item).code() == "gone");
}

TEST_CASE("a body that means nothing is refused, naming what was nearly right") {
    Bench call;
    const auto item = call.trash("topic/1");
    const auto other = call.trash("topic/2");
    for (
        const auto& [body, detail] : std::vector<std::pair<std::string, std::string>>{
            {R"([])", "the body must be a JSON object"},
            {R"({"resolv": []})", "the body has no member 'resolv'; did you mean resolve?"},
            {R"({"otherwise": "swop"})", "there is no choice 'swop'; did you mean swap?"},
            {R"({"otherwise": "set"})",
             "'otherwise' cannot be set: name the members and their "
             "values in 'set'"},
            {R"({"only": []})", "'only' names nothing; leave it out for the whole group"},
            {R"({"only": ["1"]})", "'only' must be an array of ids of TrashItems"},
            {fmt::format(R"({{"only": ["{}"]}})", id_of(other)),
             "'only' names " + id_of(other) + ", which is not of the group"},
            {R"({"resolve": [{"resource": "topic", "id": "1"}]})", "'choice' is missing"},
            {R"({"resolve": [{"resource": "topics", "choice": "detach"}]})",
             "there is no resource 'topics'; did you mean topic?"},
            {R"({"resolve": [{"resource": "topic", "id": "2", "choice": "detach"}]})",
             "there is no topic 2 in the group; a TrashItem's deletedObjectId names it"},
            {R"({"resolve": [{"resource": "topic", "constraint": "topic_fkey", "choice": "detach"}]})",
             "'topic' has no constraint 'topic_fkey'; did you mean topic_pkey?"},
            {R"({"set": [{"resource": "topic", "id": "1", "values": {"titel": "z"}}]})",
             "'topic' has no column 'titel'; did you mean title?"},
            {R"({"set": [{"resource": "topic", "id": "1", "values": {}}]})",
             "'values' must be a JSON object with the columns to be set"}}) {
        CAPTURE(body);
        check_problem(call.restore(item, body), "bad-request", detail);
    }
    check_problem(
        call.restore(item, R"({"set": [{"resource": "topic", "values": {"author": "many"}}]})"),
        "invalid", "the column 'author' does not take the value in 'set'");
    check_problem(call("DELETE", item + "?only=members"), "bad-request", "'only' must be member");
    CHECK(call.value("SELECT count(*) FROM topic") == "0");
    CHECK(call("POST", item + "/$restore").status == 200);
}

TEST_CASE("who sets values needs the right to write, and who swaps the right to trash") {
    Bench call(kRoles);
    schema::Pool pool(call.database.url(), 1);
    trash::Keys keys(pool, "trashd");
    const httplib::Headers owner = {{"X-API-Key", keys.create({"ann", {"owners"}}).text}},
                           restorer = {{"X-API-Key", keys.create({"bob", {"restorers"}}).text}};
    const auto item = call("DELETE", "/v1/topic/1", "", owner).header("Location");
    call.sql("INSERT INTO topic VALUES (9, NULL, 'x')");
    const std::string set =
        R"({"set": [{"resource": "topic", "id": "1", "values": {"title": "z"}}]})";
    const std::string swap = R"({"otherwise": "swap"})";
    CHECK(call("POST", item + "/$restore", set, restorer).code() == "forbidden");
    CHECK(call("POST", item + "/$restore", swap, restorer).code() == "forbidden");
    CHECK(call.value("SELECT count(*) FROM topic WHERE id = 9") == "1");
    CHECK(call("POST", item + "/$restore", set, owner).status == 200);
}
