// What a [[resource]] says of its columns and rows: what is shown to nobody, what is not kept.
#include <doctest/doctest.h>

#include "service/config/config.hpp"
#include "tests/support/served_database.hpp"

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
