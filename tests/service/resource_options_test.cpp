// What a [[resource]] says of its columns and rows: what is shown to nobody, what is not kept.
#include <doctest/doctest.h>

#include <map>

#include "service/config/config.hpp"
#include "tests/support/served_database.hpp"
#include "trash/records/api_keys.hpp"

using namespace trashd::test;

namespace {

const char* kPeople = R"(
CREATE TABLE person (id bigint PRIMARY KEY, name text, title text, secret text UNIQUE,
  pin int NOT NULL DEFAULT 7);
CREATE TABLE note (id bigint PRIMARY KEY, person bigint REFERENCES person ON DELETE CASCADE, body text);
INSERT INTO person VALUES (1, 'Ann', NULL, 'zq-one', 47110815), (2, 'Bob', NULL, 'zq-two', 47110816);
INSERT INTO note VALUES (10, 1, 'x');
)";
const std::string kHidden = R"(
[[resource]]
table = "person"
hidden = ["secret", "pin"]
)";
constexpr const char* kAnn = "SELECT row_to_json(p)::text FROM person p WHERE id = 1";

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

// Of a hidden column neither name nor value.
void check_shows_none(const Answer& answer) {
    CAPTURE(answer.body);
    CHECK(!has(answer.body, "secret"));
    CHECK(!has(answer.body, "\"pin\""));
    CHECK(!has(answer.body, "zq-"));
    CHECK(!has(answer.body, "471108"));
}

std::string detail_of(const Answer& answer) {
    return answer.json()["detail"].GetString();
}

// What the program says when it does not start with the configuration.
std::string refusal(const std::string& schema, const std::string& toml) {
    const TempDatabase database(schema);
    try {
        const ServiceProcess service(database.url(), {}, toml);
        return "it started";
    } catch (const std::runtime_error& error) {
        return error.what();
    }
}

void check_says(const std::string& text, const std::string& part) {
    CAPTURE(text);
    CAPTURE(part);
    CHECK(has(text, part));
}

}  // namespace

TEST_CASE("a hidden column is in no answer, live and in the trash, and comes back as it was") {
    ServedDatabase call(kPeople, kHidden);
    const auto before = call.value(kAnn);
    for (const char* address : {"/v1/person/1", "/v1/person", "/v1/person?select=name",
                                "/v1/person/$metadata", "/v1/note/10?expand=references"}) {
        CAPTURE(address);
        const auto answer = call("GET", address);
        CHECK(answer.status == 200);
        check_shows_none(answer);
    }
    check_shows_none(call("GET", "/v1/person", "", {{"Accept", "text/csv"}}));
    const auto document = call("GET", "/openapi.json?for=database").body;
    CHECK(has(document, "\"body\":"));
    CHECK(!has(document, "\"pin\":"));
    const auto item = call.trash("person/1");
    const std::string group = "/v1/trash?root=true";
    for (const auto& address :
         {item, group, std::string("/v1/person?deleted=true"), std::string("/v1/person?trash=true"),
          std::string("/v1/person?deleted=true&select=name,title"), std::string("/v1/person/1"),
          item + "?expand=references", std::string("/v1/person?deleted=true&count=true")}) {
        CAPTURE(address);
        check_shows_none(call("GET", address));
    }
    check_shows_none(call("GET", "/v1/person?trash=true", "", {{"Accept", "text/csv"}}));
    CHECK(call("GET", item).json()["object"]["name"] == "Ann");
    check_shows_none(call("POST", item + "/$restore"));
    CHECK(call.value(kAnn) == before);
}

TEST_CASE("a hidden column cannot be asked for, sorted by, selected, searched or written") {
    ServedDatabase call(kPeople, kHidden);
    const auto where = call("GET", "/v1/person?where[secret][like]=zq%25");
    CHECK(where.status == 400);
    CHECK(detail_of(where) == "there is no column 'secret' to ask for in 'where'");
    CHECK(detail_of(call("GET", "/v1/person?sort=pin")) == "there is no column 'pin' to sort by");
    CHECK(detail_of(call("GET", "/v1/person?select=name,pin")) ==
          "there is no column 'pin' to select");
    const auto written = call("PATCH", "/v1/person/2", R"({"pin": 1})");
    CHECK(written.status == 422);
    CHECK(detail_of(written) == "there is no column 'pin'; leave it out");
    const auto item = call.trash("person/1");
    CHECK(call("GET", "/v1/trash?count=true&text=Ann").header("X-Total-Count") == "1");
    for (const char* address :
         {"/v1/trash?count=true&text=zq-one", "/v1/trash?count=true&text=47110815",
          "/v1/trash?count=true&text=zq-one&root=true", "/v1/trash?count=true&q=zq-one"}) {
        CAPTURE(address);
        CHECK(call("GET", address).header("X-Total-Count") == "0");
    }
    const auto set =
        call("POST", item + "/$restore",
             R"({"set": [{"resource": "person", "id": "1", "values": {"secret": "x"}}]})");
    CHECK(set.status == 400);
    CHECK(detail_of(set) == "'person' has no column 'secret'");
}

TEST_CASE("an ETag is of what is shown, so that nobody tries values of hidden columns against it") {
    ServedDatabase call(kPeople, kHidden);
    const auto before = call("GET", "/v1/person/2").header("ETag");
    call.sql("UPDATE person SET secret = 'zq-other', pin = 1 WHERE id = 2");
    CHECK(call("GET", "/v1/person/2").header("ETag") == before);
    CHECK(call("DELETE", "/v1/person/2", "", {{"If-Match", before}}).status == 204);
}

TEST_CASE("a write leaves hidden columns as they are, and answers without them") {
    ServedDatabase call(kPeople, kHidden);
    const auto replaced = call("PUT", "/v1/person/1", R"({"id": 1, "name": "Anna"})");
    check_shows_none(replaced);
    CHECK(replaced.json()["name"] == "Anna");
    CHECK(call.value("SELECT secret || pin FROM person WHERE id = 1") == "zq-one47110815");
    const auto made = call("POST", "/v1/person", R"({"id": 3, "name": "Cy"})");
    check_shows_none(made);
    CHECK(call.value("SELECT pin FROM person WHERE id = 3") == "7");
}

TEST_CASE("a conflict over a hidden column tells its constraint and no value") {
    ServedDatabase call(kPeople, kHidden);
    const auto item = call.trash("person/1");
    call.sql("INSERT INTO person VALUES (5, 'Eve', NULL, 'zq-one', 1)");
    const auto refused = call("POST", item + "/$restore");
    CHECK(refused.code() == "restore-conflict");
    CHECK(!has(refused.body, "zq-one"));
    const auto json = refused.json();
    CHECK(json["conflicts"][0]["kind"] == "unique-taken");
    CHECK(json["conflicts"][0]["constraint"] == "person_secret_key");
    CHECK(json["conflicts"][0]["columns"].Empty());
    CHECK(json["conflicts"][0]["values"].Empty());
}

TEST_CASE("a value of a hidden column that was dropped is lost without being shown") {
    ServedDatabase call(kPeople, kHidden);
    const auto item = call.trash("person/1");
    call.sql("ALTER TABLE person DROP COLUMN secret");
    check_shows_none(call("GET", item));
    CHECK(!has(call("POST", item + "/$restore").body, "zq-one"));
    const auto restored = call("POST", item + "/$restore?lossy=true");
    CHECK(restored.status == 200);
    const auto json = restored.json();
    CHECK(json["lost"][0]["column"] == "secret");
    CHECK(json["lost"][0]["value"].IsNull());
}

TEST_CASE("a hidden column that triggers change is not told among what was altered") {
    ServedDatabase call(std::string(kPeople) + R"(
CREATE FUNCTION force() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN IF NEW.pin <> 3 THEN NEW.pin := 3; NEW.name := NEW.name || 5; END IF; RETURN NEW; END';
CREATE TRIGGER force BEFORE INSERT OR UPDATE ON person FOR EACH ROW EXECUTE FUNCTION force();
)",
                        kHidden);
    check_shows_none(call("POST", call.trash("person/1") + "/$restore"));
}

TEST_CASE("a hidden column neither names a row nor is one of its names") {
    ServedDatabase call(kPeople, "[[resource]]\ntable = \"person\"\nhidden = [\"name\"]\n");
    CHECK(call("GET", "/v1/note/10?expand=references")
              .json()["references"]["note_person_fkey"]["displayName"] == "person 1");
    CHECK(call("GET", "/v1/person/$metadata").json()["display"] == "title");
    const auto item = call.trash("person/1");
    CHECK(call("GET", item).json()["displayName"] == "person 1");
    CHECK(call("GET", "/v1/trash?count=true&q=Ann").header("X-Total-Count") == "0");
    CHECK(call("GET", "/v1/trash?root=true&sort=displayName").json()[0]["displayName"] ==
          "person 1");
}

TEST_CASE("columns that cannot be hidden end the start with the reason") {
    const auto of = [](const std::string& table, const std::string& column) {
        return "[[resource]]\ntable = \"" + table + "\"\nhidden = [\"" + column + "\"]\n";
    };
    check_says(refusal(kPeople, of("person", "id")),
               "resource: column id of table public.person cannot be hidden: it is part of the "
               "key, which addresses hold; choose another key");
    check_says(refusal(kPeople, of("note", "person")),
               "resource: column person of table public.note cannot be hidden: the reference "
               "note_person_fkey is over it, and who sees what refers to what sees its value");
    check_says(refusal(kPeople, of("person", "none")),
               "resource: table public.person has no column none that could be hidden");
    check_says(refusal(kPeople, of("person", "title") + "display = \"title\"\n"),
               "resource: column title of table public.person cannot be hidden: display names it; "
               "show another column");
}

TEST_CASE("nodb: hidden columns are in the configuration that is printed") {
    const auto config = trashd::service::load_config(
        kHidden, {}, [](const std::string&) { return std::optional<std::string>(); });
    check_says(trashd::service::dump(config), "hidden = [ 'secret', 'pin' ]");
}

namespace {

const char* kSessions = R"(
CREATE TABLE usr (id bigint PRIMARY KEY, name text, hash text NOT NULL DEFAULT 'none', token text,
  token_end text GENERATED ALWAYS AS (right(token, 2)) STORED, mail text UNIQUE, kind text NOT NULL);
CREATE TABLE post (id bigint PRIMARY KEY, usr bigint REFERENCES usr ON DELETE SET NULL, body text);
CREATE TABLE login (usr bigint REFERENCES usr ON DELETE CASCADE, token text, at regclass);
INSERT INTO usr VALUES (1, 'Ann', 'h1', 'zq-one', DEFAULT, 'a@x', 'k');
INSERT INTO post VALUES (10, 1, 'x');
INSERT INTO login VALUES (1, 'zq-login', 'usr'), (1, 'zq-login', 'post');
)";
const std::string kOmit = R"(
[[resource]]
table = "usr"
omit = ["hash", "token", "token_end"]
)";
}  // namespace

TEST_CASE("an omitted column is not in the trash, and comes back as its default or null") {
    ServedDatabase call(kSessions, kOmit);
    const auto item = call.trash("usr/1");
    CHECK(call.value("SELECT count(*) FROM trashd.item i WHERE i::text LIKE '%zq-one%'") == "0");
    CHECK(call.value("SELECT count(*) FROM trashd.item i WHERE i::text LIKE '%h1%'") == "0");
    const auto restored = call("POST", item + "/$restore");
    CHECK(restored.status == 200);
    const auto json = restored.json();
    CHECK(json["restored"].GetInt() == 3);
    REQUIRE(json["lost"].Size() == 2);
    CHECK(has(restored.body, R"("lost":[{"resource":"usr","id":null,"column":"hash","value":null},)"
                             R"({"resource":"usr","id":null,"column":"token","value":null}])"));
    CHECK(
        call.value("SELECT row_to_json(u)::text FROM usr u") ==
        R"({"id":1,"name":"Ann","hash":"none","token":null,"token_end":null,"mail":"a@x","kind":"k"})");
    CHECK(call.value("SELECT usr FROM post") == "1");
    CHECK(call.value("SELECT string_agg(token || at, ' ' ORDER BY at::oid) FROM login") ==
          "zq-loginusr zq-loginpost");
}

TEST_CASE("metadata lists the columns that are not kept") {
    ServedDatabase call(kSessions, kOmit + "hidden = [\"hash\"]\n");
    CHECK(has(call("GET", "/v1/usr/$metadata").body, R"("omit":["token","token_end"])"));
    CHECK(!has(call("GET", "/v1/post/$metadata").body, "\"omit\""));
}

TEST_CASE("each restore tells what was omitted, a dry run, a copy and one after another as well") {
    ServedDatabase call(kSessions, kOmit);
    for (int time = 0; time < 4; ++time) {
        const auto item = call.trash("usr/1");
        const auto dry = call("POST", item + "/$restore?dryRun=true");
        CHECK(dry.json()["lost"].Size() == 2);
        CHECK(call("POST", item + "/$restore").json()["lost"].Size() == 2);
        CHECK(call.value("SELECT count(*) FROM usr") == "1");
    }
}

TEST_CASE("a value that a restore sets for an omitted column is not lost") {
    ServedDatabase call(kSessions, kOmit);
    const auto item = call.trash("usr/1");
    const auto restored =
        call("POST", item + "/$restore",
             R"({"set": [{"resource": "usr", "id": "1", "values": {"token": "new"}}]})");
    CHECK(restored.status == 200);
    const auto json = restored.json();
    REQUIRE(json["lost"].Size() == 1);
    CHECK(json["lost"][0]["column"] == "hash");
    CHECK(call.value("SELECT token || token_end FROM usr") == "newew");
}

TEST_CASE("a restored row without its omitted columns can be put into the trash again by undo") {
    ServedDatabase call(kSessions, kOmit);
    call.sql("DELETE FROM login");
    const auto item = call.trash("usr/1");
    CHECK(call("POST", item + "/$restore").status == 200);
    const auto entry = call.value("SELECT max(id) FROM trashd.ledger WHERE action = 'restored'");
    CHECK(call("POST", "/v1/history/" + entry + "/$undo").status == 200);
    CHECK(call.value("SELECT count(*) FROM usr") == "0");
    CHECK(call.value("SELECT count(*) FROM trashd.item") == "1");
}

TEST_CASE("of rows in which references are cut the omitted columns are not kept either") {
    ServedDatabase call(std::string(kSessions) + R"(
ALTER TABLE post ADD COLUMN secret text DEFAULT 'zq-post';
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER nothing BEFORE UPDATE ON post FOR EACH ROW EXECUTE FUNCTION nothing();
)",
                        kOmit + "[[resource]]\ntable = \"post\"\nomit = [\"secret\"]\n");
    const auto item = call.trash("usr/1");
    CHECK(call.value("SELECT count(*) FROM trashd.link l WHERE l::text LIKE '%zq-post%'") == "0");
    CHECK(call("POST", item + "/$restore").status == 200);
    CHECK(call.value("SELECT usr || secret FROM post") == "1zq-post");
}

TEST_CASE("captured deletes leave omitted columns out, and what was kept before keeps them") {
    ServedDatabase call(kSessions, kOmit + "capture = true\n");
    call.sql("DELETE FROM usr");
    CHECK(call.value("SELECT count(*) FROM trashd.item i WHERE i::text LIKE '%zq-one%'") == "0");
    CHECK(call.value("SELECT count(*) FROM trashd.item i WHERE i::text LIKE '%h1%'") == "0");
    const auto item =
        "/v1/trash/" + std::string(call("GET", "/v1/trash?root=true").json()[0]["id"].GetString());
    const auto restored = call("POST", item + "/$restore");
    CHECK(restored.json()["restored"].GetInt() == 3);
    CHECK(restored.json()["lost"].Size() == 2);
    CHECK(call.value("SELECT name || hash || mail FROM usr") == "Annnonea@x");
    CHECK(call.value("SELECT usr FROM post") == "1");
}

TEST_CASE("two services with other options take rows each in its own way") {
    ServedDatabase call(kSessions, kOmit);
    ServiceProcess keeps(call.database.url());
    call.sql("INSERT INTO usr VALUES (2, 'Bob', 'h2', 'zq-two', DEFAULT, 'b@x', 'k')");
    const auto without = call.trash("usr/1");
    CHECK(request(keeps.port(), "DELETE", "/v1/usr/2").status == 204);
    CHECK(call.value("SELECT count(*) FROM trashd.item i WHERE i::text LIKE '%zq-two%'") == "1");
    CHECK(request(keeps.port(), "POST", without + "/$restore").json()["lost"].Size() == 2);
    const auto whole =
        "/v1/trash/" + std::string(call("GET", "/v1/trash?root=true").json()[0]["id"].GetString());
    const auto restored = call("POST", whole + "/$restore");
    CHECK(!has(restored.body, "\"lost\""));
    CHECK(call.value("SELECT hash || token FROM usr WHERE id = 2") == "h2zq-two");
}

TEST_CASE("columns that cannot be omitted end the start with the reason") {
    const auto of = [](const std::string& table, const std::string& column) {
        return "[[resource]]\ntable = \"" + table + "\"\nomit = [\"" + column + "\"]\n";
    };
    check_says(refusal(kSessions, of("usr", "id")),
               "resource: column id of table public.usr cannot be omitted: it is part of the key, "
               "by which the row is known");
    check_says(refusal(kSessions, of("post", "usr")),
               "resource: column usr of table public.post cannot be omitted: the reference "
               "post_usr_fkey is over it, and the rows could not be joined again");
    check_says(refusal(kSessions, of("usr", "mail")),
               "resource: column mail of table public.usr cannot be omitted: the unique index "
               "usr_mail_key is over it, and rows that come back would share one value");
    check_says(refusal(kSessions, of("usr", "kind")),
               "resource: column kind of table public.usr cannot be omitted: it must not be null "
               "and has no default, so the row could not come back; give the column a default");
    check_says(refusal(kSessions, of("usr", "none")),
               "resource: table public.usr has no column none that could be omitted");
}

namespace {

const char* kUsers = R"(
CREATE TABLE usr (id bigint PRIMARY KEY, name text, owner text);
CREATE TABLE session (id bigint PRIMARY KEY, usr bigint REFERENCES usr ON DELETE CASCADE, token text,
  owner text);
CREATE TABLE hit (session bigint REFERENCES session ON DELETE CASCADE, at text);
CREATE TABLE post (id bigint PRIMARY KEY, usr bigint REFERENCES usr ON DELETE CASCADE, body text,
  owner text);
INSERT INTO usr VALUES (1, 'Ann', 'key:ann'), (2, 'Bob', 'key:bob'), (3, 'Cy', 'key:ann');
INSERT INTO session VALUES (10, 1, 'zq-a', 'key:ann'), (11, 1, 'zq-b', 'key:bob'), (20, 2, 'zq-c', 'key:bob'),
  (30, 3, 'zq-d', 'key:ann');
INSERT INTO hit VALUES (10, 'x'), (11, 'y'), (11, 'z');
INSERT INTO post VALUES (100, 1, 'x', 'key:ann');
)";
const std::string kUnkept = R"(
[[resource]]
table = "session"
trash = false
[[resource]]
table = "hit"
trash = false
serve = false
)";
}  // namespace

TEST_CASE("a dry run says what goes for good, and the delete's answer says the same") {
    ServedDatabase call(kUsers, kUnkept);
    const auto dry = call("DELETE", "/v1/usr/1?dryRun=true");
    CHECK(
        dry.body ==
        R"({"root":{"resource":"usr","id":"1"},"total":7,"resources":[)"
        R"({"resource":"usr","action":"trash","count":1,"reason":"named"},)"
        R"({"resource":"post","action":"trash","count":1,"reason":"post_usr_fkey: ON DELETE CASCADE"},)"
        R"({"resource":"session","action":"delete","count":2,"reason":"session_usr_fkey: ON DELETE CASCADE"},)"
        R"({"resource":"hit","action":"delete","count":3,"reason":"hit_session_fkey: ON DELETE CASCADE"}],)"
        R"("blockers":[]})");
    const auto answer = call("DELETE", "/v1/usr/1", "", {{"Prefer", "return=representation"}});
    CHECK(answer.status == 200);
    CHECK(answer.json()["groupSize"].GetInt() == 2);
    CHECK(has(
        answer.body,
        R"("deleted":[{"resource":"session","action":"delete","count":2,"reason":"session_usr_fkey: ON DELETE CASCADE"},)"
        R"({"resource":"hit","action":"delete","count":3,"reason":"hit_session_fkey: ON DELETE CASCADE"}])"));
    const std::string group = answer.json()["groupId"].GetString();
    const auto history = call("GET", "/v1/history?groupId=" + group);
    REQUIRE(history.json().Size() == 3);
    CHECK(history.json()[0]["action"] == "trashed");
    CHECK(has(history.body, R"("counts":[{"resource":"hit","count":3}])"));
    CHECK(has(history.body, R"("counts":[{"resource":"session","count":2}])"));
    CHECK(call("GET", "/v1/trash?count=true").header("X-Total-Count") == "2");
    const auto item = "/v1/trash/" + std::string(answer.json()["id"].GetString());
    const auto restored = call("POST", item + "/$restore");
    CHECK(restored.json()["restored"].GetInt() == 2);
    CHECK(!has(restored.body, "\"lost\""));
    CHECK(call.value("SELECT count(*) FROM session") == "2");
}

TEST_CASE("a delete of many says of each what went for good with it") {
    ServedDatabase call(kUsers, kUnkept);
    CHECK(call("DELETE", "/v1/usr?ids=1,2&dryRun=true").json()["total"].GetInt() == 9);
    const auto answer = call("DELETE", "/v1/usr?ids=1,2,3");
    CHECK(answer.status == 200);
    const auto json = answer.json();
    REQUIRE(json.Size() == 3);
    CHECK(json[0]["deleted"].Size() == 2);
    CHECK(json[0]["deleted"][1]["count"].GetInt() == 3);
    CHECK(json[1]["deleted"].Size() == 1);
    CHECK(call("DELETE", "/v1/usr?ids=1").json()[0]["status"] == "already-trashed");
}

TEST_CASE("a row that is not kept is deleted for good at its address") {
    ServedDatabase call(kUsers, kUnkept);
    CHECK(has(
        call("DELETE", "/v1/session/11?dryRun=true").body,
        R"("total":3,"resources":[{"resource":"session","action":"delete","count":1,"reason":"named"},)"));
    const auto gone = call("DELETE", "/v1/session/11", "", {{"Prefer", "return=representation"}});
    CHECK(gone.status == 204);
    CHECK(gone.header("Location").empty());
    CHECK(call("GET", "/v1/session/11").status == 404);
    CHECK(call("DELETE", "/v1/session/11").status == 404);
    CHECK(call("GET", "/v1/trash").json().Empty());
    const auto entry = call("GET", "/v1/history").json();
    REQUIRE(entry.Size() == 1);
    CHECK(entry[0]["action"] == "deleted");
    CHECK(entry[0]["objectId"] == "11");
    CHECK(entry[0]["groupId"].IsNull());
    const auto many = call("DELETE", "/v1/session?ids=10,20,77").json();
    CHECK(many[0]["status"] == "deleted");
    CHECK(many[1]["status"] == "deleted");
    CHECK(many[2]["status"] == "not-found");
    CHECK(call.value("SELECT count(*) FROM hit") == "0");
}

TEST_CASE("metadata says whose rows are not kept, and what a delete does to them") {
    ServedDatabase call(kUsers, kUnkept);
    const auto metadata = call("GET", "/v1/session/$metadata");
    CHECK(metadata.json()["trash"].IsFalse());
    CHECK(!call("GET", "/v1/usr/$metadata").json().HasMember("trash"));
    CHECK(has(call("GET", "/v1/usr/$metadata").body,
              R"("references":"usr","indexed":false,"action":"delete")"));
    CHECK(has(metadata.body, R"("references":"session","indexed":false,"action":"delete")"));
    CHECK(has(metadata.body, R"("onDelete":{"action":"delete","reason":"ON DELETE CASCADE"})"));
}

TEST_CASE("what must not hang on rows that are not kept ends the start with what to do") {
    const std::string unkept = "[[resource]]\ntable = \"usr\"\ntrash = false\n";
    const auto text = refusal(kUsers, unkept + kUnkept);
    check_says(text,
               "resource: rows of public.post are kept in the trash, and by post_usr_fkey they go "
               "with rows of public.usr, which are not: trash = false; say trash = false of "
               "public.post as well, or on_delete = {post_usr_fkey = \"restrict\"}");
    CHECK(!has(text, "session_usr_fkey"));
    check_says(refusal(kUsers, unkept + "on_delete = {post_usr_fkey = \"restrict\"}\n" + kUnkept),
               "it started");
    check_says(refusal(kUsers,
                       kUnkept + "[[reference]]\nname = \"of_session\"\ntable = \"post\"\n"
                                 "columns = [\"id\"]\nto = \"session\"\non_delete = \"cascade\"\n"),
               "by of_session they go with rows of public.session");
    check_says(refusal(kUsers, "[[resource]]\ntable = \"hit\"\ntrash = false\n"),
               "table public.hit has no primary key");
}

TEST_CASE("nodb: capture of rows that are not kept is an error of the configuration") {
    try {
        trashd::service::load_config(
            "[[resource]]\ntable = \"session\"\ntrash = false\ncapture = true\n", {},
            [](const std::string&) { return std::optional<std::string>(); });
        FAIL("it was taken");
    } catch (const trashd::service::ConfigError& error) {
        check_says(error.what(),
                   "resource[0].capture: captures nothing where trash = false: leave one of them "
                   "out");
    }
}

TEST_CASE("nodb: what is not kept is in the configuration that is printed") {
    const auto config = trashd::service::load_config(
        kUnkept, {}, [](const std::string&) { return std::optional<std::string>(); });
    check_says(trashd::service::dump(config), "trash = false");
}

TEST_CASE("captured deletes delete rows that are not kept as they are") {
    ServedDatabase call(kUsers, kUnkept + "[[resource]]\ntable = \"usr\"\ncapture = true\n");
    call.sql("DELETE FROM usr WHERE id = 1");
    CHECK(call("GET", "/v1/trash?count=true").header("X-Total-Count") == "2");
    call.sql("DELETE FROM session");
    CHECK(call("GET", "/v1/trash?count=true").header("X-Total-Count") == "2");
    CHECK(call.value("SELECT count(*) FROM trashd.item i WHERE i::text LIKE '%zq-%'") == "0");
    const auto root = call("GET", "/v1/trash?root=true").json();
    const auto restored =
        call("POST", "/v1/trash/" + std::string(root[0]["id"].GetString()) + "/$restore");
    CHECK(restored.json()["restored"].GetInt() == 2);
}

namespace {

// People by their keys: what each of them may do.
struct WithRights {
    TempDatabase database{kUsers};
    ServiceProcess service;
    trashd::schema::Pool pool{database.url(), 1};
    trashd::trash::Keys keys{pool, "trashd"};
    std::map<std::string, std::string> known;

    explicit WithRights(const std::string& toml)
        : service(database.url(), {}, "[credentials]\napi_keys = true\n" + toml + kUnkept) {
        for (const char* name : {"ann", "bob"}) known[name] = keys.create({name, {name}}).text;
    }
    Answer as(const std::string& who, const std::string& verb, const std::string& address,
              httplib::Headers headers = {}) {
        headers.emplace("X-API-Key", known.at(who));
        return ask(service.port(), verb, address, headers, "");
    }
    std::string value(const std::string& sql) { return TestConnection(database.url()).value(sql); }
};

}  // namespace

TEST_CASE("a row that is not kept needs the right to purge by itself, and along with others none") {
    WithRights call(
        "[roles]\nann = [\"read\", \"trash\"]\nbob = [\"read\", \"trash\", \"purge\"]\n");
    for (const char* address : {"/v1/session/10", "/v1/session?ids=10"})
        check_problem(call.as("ann", "DELETE", address), "forbidden",
                      "the right 'purge' for session, 'purge' for * is missing; ask for a role "
                      "that has it",
                      R"(,"missing":[{"right":"purge","resource":"session"},)"
                      R"({"right":"purge","resource":"*"}])");
    CHECK(call.as("bob", "DELETE", "/v1/session/10").status == 204);
    CHECK(call.as("ann", "DELETE", "/v1/usr/1").status == 204);
    CHECK(call.value("SELECT count(*) FROM session") == "2");
}

TEST_CASE("rows of others that would go for good with one's own refuse") {
    WithRights call("[roles]\nann = { \"*\" = \"*\", owner = \"owner\" }\nbob = \"*\"\n");
    TestConnection(call.database.url())->exec("DELETE FROM hit");  // which has no address
    check_problem(call.as("ann", "DELETE", "/v1/usr/1"), "forbidden",
                  "the right 'trash' for session is missing; ask for a role that has it",
                  R"(,"missing":[{"right":"trash","resource":"session"}])");
    CHECK(call.value("SELECT count(*) FROM session") == "4");
    CHECK(call.value("SELECT count(*) FROM trashd.item") == "0");
    const auto gone = call.as("ann", "DELETE", "/v1/usr/3", {{"Prefer", "return=representation"}});
    CHECK(gone.status == 200);
    CHECK(gone.json()["deleted"][0]["count"].GetInt() == 1);
    CHECK(gone.json()["groupSize"].GetInt() == 1);
    CHECK(call.value("SELECT count(*) FROM trashd.item") == "1");
    check_problem(call.as("ann", "DELETE", "/v1/session/20"), "not-found",
                  "there is no such object in session");
    CHECK(call.as("ann", "DELETE", "/v1/session/10").status == 204);
    CHECK(call.value("SELECT count(*) FROM session") == "2");
}

TEST_CASE("as a role of the database rows that are not kept go for good, where it sees them all") {
    TempDatabase database(std::string(kUsers) + R"(
DROP ROLE IF EXISTS unkept_app; CREATE ROLE unkept_app NOLOGIN;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO unkept_app;
ALTER TABLE session ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON session USING (owner = 'key:ann');
)");
    ServiceProcess service(database.url(), {},
                           "[credentials]\napi_keys = true\n[roles]\nall = \"*\"\n[access]\n"
                           "database_roles = [\"unkept_app\"]\n" +
                               kUnkept);
    trashd::schema::Pool pool{database.url(), 1};
    const auto key =
        trashd::trash::Keys{pool, "trashd"}.create({"ann", {"all", "unkept_app"}}).text;
    const auto removed = [&](const std::string& address) {
        return ask(service.port(), "DELETE", address, {{"X-API-Key", key}}, "").status;
    };
    TestConnection look(database.url());
    CHECK(removed("/v1/usr/1") == 403);
    CHECK(look.value("SELECT count(*) FROM session") == "4");
    CHECK(removed("/v1/usr/3") == 204);
    CHECK(removed("/v1/session/10") == 204);
    CHECK(look.value("SELECT count(*) FROM session") == "2");
    CHECK(look.value("SELECT count(*) FROM trashd.item") == "1");
}
