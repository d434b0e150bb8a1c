// expand=references: what rows refer to, by name and state, as far as who asks may see it.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/support/database.hpp"
#include "tests/support/problem.hpp"
#include "tests/support/served_database.hpp"
#include "trash/records/api_keys.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

const char* kSchema = R"(
CREATE TABLE client (id int PRIMARY KEY, name text, email text, author text);
CREATE TABLE project (client_id int REFERENCES client ON DELETE CASCADE, no int, title text,
    PRIMARY KEY (client_id, no));
CREATE TABLE country (code text PRIMARY KEY, iso int UNIQUE, label text);
CREATE TABLE task (id int PRIMARY KEY, client_id int, project_no int, country text
        CONSTRAINT task_country REFERENCES country ON DELETE CASCADE, iso int
        CONSTRAINT task_iso REFERENCES country (iso) ON DELETE CASCADE, parent int
        CONSTRAINT task_parent REFERENCES task ON DELETE SET NULL, author text,
    CONSTRAINT task_project FOREIGN KEY (client_id, project_no) REFERENCES project
        ON DELETE CASCADE);
INSERT INTO client VALUES (1, 'Novak', 'n@x', 'key:ann'), (2, '', 'h@x', 'key:ben');
INSERT INTO project VALUES (1, 1, 'Relaunch'), (2, 1, 'Other');
INSERT INTO country VALUES ('a,b', 7, 'Anb'), ('cz', 8, NULL);
INSERT INTO task VALUES (1, 1, 1, 'a,b', NULL, NULL, 'key:ann'), (2, 2, 1, 'cz', 8, 1, 'key:ben'),
    (3, NULL, 1, NULL, NULL, NULL, 'key:ann');
)";

// The item's id and its group's, as members.
std::string place_of(const Answer& item) {
    const auto json = item.json();
    return fmt::format(R"("trashItem":"{}","groupId":"{}")", json["id"].GetString(),
                       json["groupId"].GetString());
}

bool has(const Answer& answer, const std::string& part) {
    return answer.status == 200 && answer.body.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE(
    "a live row tells what it refers to by name: by the columns of the name, else by class and "
    "id") {
    ServedDatabase served(kSchema);
    const auto one = served("GET", "/v1/task/1?expand=references");
    CHECK(one.status == 200);
    CHECK(one.body ==
          R"({"id":1,"client_id":1,"project_no":1,"country":"a,b","iso":null,"parent":null,)"
          R"("author":"key:ann","references":{"task_country":{"columns":["country"],)"
          R"("resource":"country","id":"a,b","displayName":"Anb","state":"live"},)"
          R"("task_project":{"columns":["client_id","project_no"],"resource":"project",)"
          R"("id":"1,1","displayName":"Relaunch","state":"live"}}})");
    const auto two = served("GET", "/v1/task/2?expand=references");
    CHECK(has(two, R"("task_country":{"columns":["country"],"resource":"country","id":"cz",)"
                   R"("displayName":"cz","state":"live"})"));
    CHECK(has(two, R"("task_iso":{"columns":["iso"],"resource":"country","id":"cz",)"
                   R"("displayName":"cz","state":"live"})"));
    CHECK(has(two, R"("task_parent":{"columns":["parent"],"resource":"task","id":"1",)"
                   R"("displayName":"task 1","state":"live"})"));
    CHECK(has(served("GET", "/v1/project/2,1?expand=references"), R"("displayName":"h@x")"));
    CHECK(has(served("GET", "/v1/task/3?expand=references"), R"("references":{}})"));
}

TEST_CASE("a list tells it of each row, and of the columns that are selected alone") {
    ServedDatabase served(kSchema);
    CHECK(served("GET", "/v1/task?select=id,country&sort=-id&expand=references&limit=2").body ==
          R"([{"id":3,"country":null,"references":{}},)"
          R"({"id":2,"country":"cz","references":{"task_country":{"columns":["country"],)"
          R"("resource":"country","id":"cz","displayName":"cz","state":"live"}}}])");
    CHECK(served("GET", "/v1/task?expand=references&where[id][equals]=99").body == "[]");
    CHECK(served("GET", "/v1/task?select=id&limit=1").body == R"([{"id":1}])");
}

TEST_CASE("of a row in the trash what it refers to is live, in the trash, or gone") {
    ServedDatabase served(kSchema);
    const auto task = served.trash("task/2");
    const auto first = served.trash("task/1");
    served("DELETE", "/v1/country/cz?hard=true");
    const auto parent = place_of(served("GET", first));
    for (const auto& answer : {served("GET", "/v1/task/2/@deleted?expand=references"),
                               served("GET", "/v1/task/@deleted?expand=references"),
                               served("GET", "/v1/task?deleted=null&expand=references"),
                               served("GET", task + "?expand=references"),
                               served("GET", "/v1/trash?expand=references")}) {
        CAPTURE(answer.body);
        CHECK(has(answer, R"("task_parent":{"columns":["parent"],"resource":"task","id":"1",)"
                          R"("displayName":"task 1","state":"trash",)" +
                              parent + "}"));
        CHECK(has(answer, R"("task_project":{"columns":["client_id","project_no"],)"
                          R"("resource":"project","id":"2,1","displayName":"Other",)"
                          R"("state":"live"})"));
        CHECK(has(answer, R"("task_country":{"columns":["country"],"resource":"country",)"
                          R"("id":"cz","state":"gone"})"));
        CHECK(has(answer, R"("task_iso":{"columns":["iso"],"resource":"country","id":null})"));
    }
}

TEST_CASE("items come with their object, what that refers to, both or neither") {
    ServedDatabase served(kSchema);
    const auto item = served.trash("client/1");
    const auto list = [&](const std::string& expand) {
        return served("GET", "/v1/trash?resource=project&expand=" + expand);
    };
    const auto place = place_of(served("GET", item));
    const std::string client = R"("references":{"project_client_id_fkey":{"columns":["client_id"],)"
                               R"("resource":"client","id":"1","displayName":"Novak",)"
                               R"("state":"trash",)" +
                               place + "}}";
    CHECK(has(list("references"), client));
    CHECK_FALSE(has(list("references"), R"("object":)"));
    CHECK(has(list("object,references"), client));
    CHECK(has(list("references,object"), R"("object":{"client_id":1,)"));
    CHECK_FALSE(has(list("object"), "references"));
    CHECK(has(served("GET", item + "?expand=group,references"), R"("references":{}})"));
    CHECK(has(served("GET", item + "?expand=group,references"), R"("group":{)"));
    for (const char* bad : {"group", "references,references", "", "references,", "row"})
        CHECK(list(bad).code() == "bad-request");
    CHECK(served("GET", "/v1/task?expand=object").code() == "bad-request");
    CHECK(served("GET", "/v1/task/1?expand=group").code() == "bad-request");
    CHECK(served("GET", item + "?expand=x").code() == "bad-request");
}

TEST_CASE("a column called references keeps its name") {
    ServedDatabase served(R"(
CREATE TABLE book (id int PRIMARY KEY, name text);
CREATE TABLE quote (id int PRIMARY KEY, "references" int REFERENCES book);
INSERT INTO book VALUES (1, 'One');
INSERT INTO quote VALUES (1, 1);
)");
    CHECK(served("GET", "/v1/quote?expand=references").body ==
          R"([{"id":1,"references":1,"$references":{"quote_references_fkey":{)"
          R"("columns":["references"],"resource":"book","id":"1","displayName":"One",)"
          R"("state":"live"}}}])");
}

TEST_CASE("with what it refers to a row is told again whatever its ETag") {
    ServedDatabase served(kSchema);
    const auto etag = served("GET", "/v1/task/1").header("ETag");
    const auto again = served("GET", "/v1/task/1?expand=references", "", {{"If-None-Match", etag}});
    CHECK(again.status == 200);
    CHECK(again.header("ETag") == etag);
    CHECK(served("GET", "/v1/task/1", "", {{"If-None-Match", etag}}).status == 304);
}

TEST_CASE("values that the key's type of today does not take refer to nothing that is known") {
    ServedDatabase served(R"(
CREATE TABLE kind (id text PRIMARY KEY, name text);
CREATE TABLE thing (id int PRIMARY KEY, kind text REFERENCES kind ON DELETE CASCADE);
INSERT INTO kind VALUES ('x', 'X'), ('7', 'Seven');
INSERT INTO thing VALUES (1, 'x'), (2, '7');
)");
    const auto x = served.trash("thing/1"), seven = served.trash("thing/2");
    served("DELETE", "/v1/kind/x?hard=true");
    served.sql(
        "ALTER TABLE thing DROP CONSTRAINT thing_kind_fkey; "
        "ALTER TABLE kind ALTER id TYPE int USING id::int; "
        "ALTER TABLE thing ALTER kind TYPE int USING kind::int; "
        "ALTER TABLE thing ADD CONSTRAINT of FOREIGN KEY (kind) REFERENCES kind");
    ServiceProcess anew(served.database.url());
    CHECK(has(request(anew.port(), "GET", x + "?expand=references"),
              R"("references":{"of":{"columns":["kind"],"resource":"kind","id":"x"}})"));
    CHECK(has(request(anew.port(), "GET", seven + "?expand=references"),
              R"("id":"7","displayName":"Seven","state":"live")"));
}

TEST_CASE("what may not be read is told by the id that the row holds") {
    TempDatabase database(kSchema);
    ServiceProcess service(database.url(), {}, R"([credentials]
api_keys = true
[roles]
all = "*"
tasks = { read = "task", view-trash = "task" }
live = { read = "*", view-trash = "task" }
people = { read = "*", view-trash = "*", owner = "author" }
)");
    schema::Pool pool(database.url(), 1);
    trash::Keys keys(pool, "trashd");
    const auto as = [&](const std::string& name, const std::vector<std::string>& roles) {
        return [&service, text = keys.create({name, roles}).text](const std::string& verb,
                                                                  const std::string& address) {
            return ask(service.port(), verb, address, {{"X-API-Key", text}});
        };
    };
    const auto all = as("all", {"all"}), tasks = as("tasks", {"tasks"}),
               live = as("live", {"live"});
    const std::string bare = R"("task_project":{"columns":["client_id","project_no"],)"
                             R"("resource":"project","id":"1,1"})";
    CHECK(has(tasks("GET", "/v1/task/1?expand=references"), bare));
    CHECK(has(tasks("GET", "/v1/task?expand=references"), bare));
    CHECK(has(live("GET", "/v1/task/1?expand=references"), R"("displayName":"Relaunch")"));

    REQUIRE(all("DELETE", "/v1/client/1").status == 204);
    const auto shown = all("GET", "/v1/task/1/@deleted?expand=references");
    CHECK(has(shown, R"("displayName":"Relaunch","state":"trash")"));
    for (const auto& who : {tasks, live}) {
        CHECK(has(who("GET", "/v1/task/1/@deleted?expand=references"), bare));
        CHECK_FALSE(has(who("GET", "/v1/trash?expand=references"), "Relaunch"));
    }
    // nowhere: only who might see it wherever it was is told so
    REQUIRE(all("DELETE", "/v1/country/a%2Cb?hard=true").status == 204);
    CHECK(has(all("GET", "/v1/task/1/@deleted?expand=references"), R"("id":"a,b","state":"gone")"));
    CHECK(has(live("GET", "/v1/task/1/@deleted?expand=references"),
              R"("resource":"country","id":"a,b"})"));
}

TEST_CASE("who may see own rows alone sees names of these alone, live and in the trash") {
    TempDatabase database(R"(
CREATE TABLE post (id int PRIMARY KEY, title text, author text);
CREATE TABLE comment (id int PRIMARY KEY, post int CONSTRAINT on_post REFERENCES post
    ON DELETE CASCADE, author text);
INSERT INTO post VALUES (1, 'of Ann', 'key:ann'), (2, 'of Ben', 'key:ben');
INSERT INTO comment VALUES (1, 1, 'key:ben'), (2, 2, 'key:ben');
)");
    ServiceProcess service(database.url(), {}, R"([credentials]
api_keys = true
[roles]
all = "*"
people = { read = "*", view-trash = "*", owner = "author" }
)");
    schema::Pool pool(database.url(), 1);
    trash::Keys keys(pool, "trashd");
    const auto ben = keys.create({"ben", {"people"}}).text,
               all = keys.create({"all", {"all"}}).text;
    const auto as = [&](const std::string& key, const std::string& verb,
                        const std::string& address) {
        return ask(service.port(), verb, address, {{"X-API-Key", key}});
    };
    const auto check = [&](const std::string& address, const std::string& state) {
        const auto answer = as(ben, "GET", address);
        CAPTURE(answer.body);
        CHECK(has(answer, R"("on_post":{"columns":["post"],"resource":"post","id":"1"})"));
        CHECK(has(answer, R"("displayName":"of Ben","state":")" + state));
        CHECK(answer.body.find("of Ann") == std::string::npos);
    };
    check("/v1/comment?expand=references", "live");
    for (const char* id : {"1", "2"})
        REQUIRE(as(all, "DELETE", std::string("/v1/post/") + id).status == 204);
    check("/v1/comment/@deleted?expand=references", "trash");
    check("/v1/trash?resource=comment&expand=references", "trash");
}

TEST_CASE("another tenant's row is told by the id that the row holds") {
    TempDatabase database(R"(
CREATE TABLE folder (id int PRIMARY KEY, tenant_id text, name text);
CREATE TABLE doc (id int PRIMARY KEY, tenant_id text,
    folder int CONSTRAINT in_folder REFERENCES folder);
INSERT INTO folder VALUES (1, 'acme', 'of acme'), (2, 'bolt', 'of bolt');
INSERT INTO doc VALUES (1, 'acme', 1), (2, 'acme', 2);
)");
    ServiceProcess service(database.url(), {}, R"([credentials]
api_keys = true
[roles]
all = "*"
[tenant]
column = "tenant_id"
)");
    schema::Pool pool(database.url(), 1);
    const auto key = trash::Keys(pool, "trashd").create({"ci", {"all"}, "acme"}).text;
    const auto answer =
        ask(service.port(), "GET", "/v1/doc?expand=references", {{"X-API-Key", key}});
    CHECK(has(answer, R"("id":"1","displayName":"of acme","state":"live")"));
    CHECK(has(answer, R"("in_folder":{"columns":["folder"],"resource":"folder","id":"2"})"));
}

TEST_CASE("a role of the database is told no more of what rows refer to than it may read") {
    TempDatabase database(R"(
DO $$ BEGIN
    CREATE ROLE refers_app;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
CREATE TABLE open (id int PRIMARY KEY, name text);
CREATE TABLE hidden (id int PRIMARY KEY, name text);
CREATE TABLE closed (id int PRIMARY KEY, name text);
CREATE TABLE entry (id int PRIMARY KEY, open int CONSTRAINT to_open REFERENCES open,
    hidden int CONSTRAINT to_hidden REFERENCES hidden,
    closed int CONSTRAINT to_closed REFERENCES closed);
ALTER TABLE hidden ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON open, hidden, entry TO refers_app;
INSERT INTO open VALUES (1, 'Open');
INSERT INTO hidden VALUES (1, 'Hidden');
INSERT INTO closed VALUES (1, 'Closed');
INSERT INTO entry VALUES (1, 1, 1, 1);
)");
    ServiceProcess service(database.url(), {}, R"([credentials]
api_keys = true
[roles]
all = "*"
[access]
database_roles = ["refers_app"]
)");
    schema::Pool pool(database.url(), 1);
    const auto key = trash::Keys(pool, "trashd").create({"ci", {"all", "refers_app"}}).text;
    const auto answer =
        ask(service.port(), "GET", "/v1/entry/1?expand=references", {{"X-API-Key", key}});
    CAPTURE(answer.body);
    CHECK(has(answer, R"("to_open":{"columns":["open"],"resource":"open","id":"1",)"
                      R"("displayName":"Open","state":"live"})"));
    CHECK(has(answer, R"("to_hidden":{"columns":["hidden"],"resource":"hidden","id":"1"})"));
    CHECK(has(answer, R"("to_closed":{"columns":["closed"],"resource":"closed","id":"1"})"));
}
