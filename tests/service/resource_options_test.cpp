// What a [[resource]] says of its columns and rows: what is shown to nobody.
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
    for (const char* address :
         {"/v1/person/1", "/v1/person", "/v1/person?select=name", "/v1/person/$metadata",
          "/v1/openapi.yaml", "/v1/note/10?expand=references"}) {
        CAPTURE(address);
        const auto answer = call("GET", address);
        CHECK(answer.status == 200);
        check_shows_none(answer);
    }
    check_shows_none(call("GET", "/v1/person", "", {{"Accept", "text/csv"}}));
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
    CHECK(call("GET", "/v1/trash?text=Ann").json()["totalCount"].GetInt() == 1);
    for (const char* address : {"/v1/trash?text=zq-one", "/v1/trash?text=47110815",
                                "/v1/trash?text=zq-one&root=true", "/v1/trash?q=zq-one"}) {
        CAPTURE(address);
        CHECK(call("GET", address).json()["totalCount"].GetInt() == 0);
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
    CHECK(call("DELETE", "/v1/person/2", "", {{"If-Match", before}}).status == 200);
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
    CHECK(call("GET", "/v1/trash?q=Ann").json()["totalCount"].GetInt() == 0);
    CHECK(call("GET", "/v1/trash?sort=displayName").json()["content"][0]["displayName"] ==
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
