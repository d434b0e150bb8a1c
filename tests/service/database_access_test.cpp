// The database's own rules: requests that run as a role of it, and a function that is asked.
#include <doctest/doctest.h>

#include "schema/error.hpp"
#include "tests/support/database.hpp"
#include "tests/support/problem.hpp"
#include "tests/support/tokens.hpp"
#include "trash/records/api_keys.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

const char* kSchema = R"(
DO $$ BEGIN
    CREATE ROLE db_app; CREATE ROLE db_boss BYPASSRLS; CREATE ROLE db_other;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
CREATE TABLE project (id int PRIMARY KEY, name text, author text);
CREATE TABLE task (id int PRIMARY KEY, project_id int REFERENCES project ON DELETE CASCADE,
                   author text);
CREATE TABLE bill (id int PRIMARY KEY, project_id int REFERENCES project, author text);
CREATE TABLE secret (id int PRIMARY KEY);
CREATE TABLE archive (id int PRIMARY KEY);
CREATE TABLE open (id int PRIMARY KEY, by text);
CREATE FUNCTION sub() RETURNS text LANGUAGE sql STABLE
    AS $$ SELECT current_setting('request.jwt.claims', true)::jsonb->>'sub' $$;
ALTER TABLE project ENABLE ROW LEVEL SECURITY;
ALTER TABLE task ENABLE ROW LEVEL SECURITY;
ALTER TABLE bill ENABLE ROW LEVEL SECURITY;
ALTER TABLE archive ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON project USING (author = sub());
CREATE POLICY own ON task USING (author = sub());
CREATE POLICY own ON bill USING (author = sub());
CREATE POLICY seen ON archive FOR SELECT USING (true);
CREATE POLICY gone ON archive FOR DELETE USING (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON project, task, bill, archive, open TO db_app, db_boss;
INSERT INTO project VALUES (1, 'one', 'key:ann'), (2, 'two', 'key:bob'), (3, 'three', 'key:ann'),
                           (4, 'four', 'key:ann');
INSERT INTO task VALUES (1, 1, 'key:ann'), (2, 3, 'key:bob');
INSERT INTO bill VALUES (1, 4, 'key:bob');
INSERT INTO secret VALUES (1);
INSERT INTO archive VALUES (1);
INSERT INTO open VALUES (1, 'x');
)";

std::string toml_of(const std::string& access) {
    return "[credentials]\napi_keys = true\n[roles]\nall = \"*\"\n[access]\n" + access;
}

struct Bench {
    TempDatabase database;
    ServiceProcess service;
    schema::Pool pool{database.url(), 1};
    trash::Keys keys{pool, "trashd"};
    std::map<std::string, std::string> known;

    explicit Bench(const std::string& access = "database_roles = [\"db_app\", \"db_boss\"]",
                   const std::string& more = "")
        : database(kSchema + more), service(database.url(), {}, toml_of(access)) {
        for (const char* name : {"ann", "bob"})
            known[name] = keys.create({name, {"all", "db_app"}}).text;
        known["boss"] = keys.create({"boss", {"all", "db_boss"}}).text;
        known["none"] = keys.create({"none", {"all"}}).text;
    }
    Answer as(const std::string& who, const std::string& verb, const std::string& address,
              const std::string& body = "") {
        httplib::Headers headers = {{"X-API-Key", known.at(who)}};
        if (!body.empty()) headers.emplace("Content-Type", "application/json");
        return ask(service.port(), verb, address, headers, body);
    }
    std::string trash(const std::string& who, const std::string& address) {
        const auto answer = as(who, "DELETE", address);
        REQUIRE(answer.status == 204);
        return answer.header("Location");
    }
    std::string value(const std::string& sql) { return TestConnection(database.url()).value(sql); }
    void sql(const std::string& script) { TestConnection(database.url())->script(script); }
};

using Ids = std::vector<std::string>;

const char* kHidden =
    "the delete would take rows that the database hides from the role of the credentials, so "
    "nothing was deleted; ask who may see them";
const char* kDenied =
    "the database does not let the role of the credentials do this: it lacks a privilege, or "
    "row-level security refuses the row";

}  // namespace

TEST_CASE("policies that read the claims hold for what is read and written") {
    Bench bench;
    CHECK(ids(bench.as("ann", "GET", "/v1/project")) == Ids{"1", "3", "4"});
    CHECK(bench.as("ann", "GET", "/v1/project?count=true").header("X-Total-Count") == "3");
    CHECK(bench.as("ann", "GET", "/v1/project/2").status == 404);
    CHECK(bench.as("ann", "PATCH", "/v1/project/2", R"({"name":"x"})").status == 404);
    CHECK(bench.as("ann", "PATCH", "/v1/project/1", R"({"name":"x"})").status == 200);
    check_problem(bench.as("ann", "PATCH", "/v1/project/1", R"({"author":"key:bob"})"), "forbidden",
                  kDenied);
    check_problem(bench.as("ann", "POST", "/v1/project", R"({"id":9,"author":"key:bob"})"),
                  "forbidden", kDenied);
    CHECK(bench.as("ann", "POST", "/v1/project", R"({"id":9,"author":"key:ann"})").status == 201);
    check_problem(bench.as("ann", "GET", "/v1/secret/1"), "forbidden", kDenied);
    check_problem(bench.as("ann", "DELETE", "/v1/secret/1"), "forbidden", kDenied);
    CHECK(bench.value("SELECT count(*) FROM secret") == "1");
}

TEST_CASE("a row that the role does not see is not there for a delete; hidden members refuse it") {
    Bench bench;
    CHECK(bench.as("ann", "DELETE", "/v1/project/2").status == 404);
    CHECK(bench.as("ann", "DELETE", "/v1/project/2?dryRun=true").status == 404);
    check_problem(bench.as("ann", "DELETE", "/v1/project/3"), "forbidden", kHidden);
    check_problem(bench.as("ann", "DELETE", "/v1/project/3?hard=true"), "forbidden", kHidden);
    check_problem(bench.as("ann", "DELETE", "/v1/project/4"), "forbidden", kHidden);
    check_problem(bench.as("ann", "DELETE", "/v1/project?ids=1,3"), "forbidden", kHidden);
    CHECK(bench.value("SELECT count(*) FROM project") == "4");
    CHECK(bench.value("SELECT count(*) FROM task") == "2");
    CHECK(bench.value("SELECT count(*) FROM trashd.item") == "0");
    CHECK(ids(bench.as("ann", "DELETE", "/v1/project?ids=1,2"), "status") ==
          Ids{"trashed", "not-found"});
    CHECK(ids(bench.as("ann", "DELETE", "/v1/open?where[by][equals]=x")) == Ids{"1"});
}

TEST_CASE("where row-level security holds one sees and moves what one has trashed oneself") {
    Bench bench;
    const auto item = bench.trash("ann", "/v1/project/1"),
               others = bench.trash("bob", "/v1/open/1");
    CHECK(bench.value("SELECT count(*) FROM trashd.item") == "3");
    CHECK(ids(bench.as("ann", "GET", "/v1/project/@deleted")) == Ids{"1"});
    CHECK(ids(bench.as("ann", "GET", "/v1/project?deleted=null&sort=id")) == Ids{"1", "3", "4"});
    CHECK(bench.as("ann", "GET", "/v1/project/1").status == 410);
    CHECK(bench.as("bob", "GET", "/v1/project/1").status == 404);
    CHECK(ids(bench.as("bob", "GET", "/v1/project/@deleted")).empty());
    CHECK(bench.as("bob", "GET", "/v1/trash?count=true").header("X-Total-Count") == "1");
    const auto counted = bench.as("bob", "GET", "/v1/trash/$facets?by=deletedBy").body;
    CHECK(counted == R"({"deletedBy":[{"value":"key:bob","name":"bob","groups":1,"items":1}]})");
    CHECK(bench.as("bob", "GET", "/v1/trash/$stats").json()["items"].GetInt() == 1);
    CHECK(ids(bench.as("ann", "GET", "/v1/trash?root=true"), "deletedObjectId") == Ids{"1", "1"});
    CHECK(ids(bench.as("bob", "GET", "/v1/history"), "objectId") == Ids{"1"});
    for (const char* verb : {"GET", "DELETE"}) CHECK(bench.as("bob", verb, item).status == 404);
    CHECK(bench.as("bob", "POST", item + "/$restore").status == 404);
    CHECK(bench.as("bob", "DELETE", "/v1/trash?confirm=true").body == R"({"groups":1,"items":1})");
    CHECK(bench.as("ann", "POST", item + "/$restore").status == 200);
    CHECK(bench.value("SELECT count(*) FROM task") == "2");
    CHECK(bench.as("boss", "DELETE", bench.trash("ann", "/v1/project/1")).status == 204);
}

TEST_CASE("a role undoes its own deletes and restores, and learns nothing of hidden rows") {
    Bench bench;
    const auto href = [](const Answer& answer) {
        REQUIRE(answer.status == 200);
        return std::string(answer.json()["undo"]["href"].GetString());
    };
    const auto gone = bench.as("ann", "DELETE", "/v1/project/1");
    const auto removed = gone.link("undo");
    for (const char* query : {"", "?dryRun=true"})
        CHECK(bench.as("bob", "POST", removed + query).code() == "not-found");
    const auto restored = href(bench.as("ann", "POST", removed));
    CHECK(bench.value("SELECT count(*) FROM task") == "2");
    for (const char* query : {"", "?dryRun=true"})
        CHECK(bench.as("bob", "POST", restored + query).code() == "not-found");

    bench.sql("INSERT INTO task VALUES (9, 1, 'key:bob')");
    check_problem(bench.as("ann", "POST", restored), "forbidden", kHidden);
    bench.sql("DELETE FROM task WHERE id = 9; UPDATE task SET author = 'key:bob' WHERE id = 1");
    check_problem(bench.as("ann", "POST", restored), "changed",
                  "rows are not as they came back, or others refer to them by now; nothing was "
                  "undone",
                  R"(,"rows":[])");
    bench.sql("UPDATE task SET author = 'key:ann' WHERE id = 1");
    bench.sql("ALTER POLICY own ON project USING (author = sub() AND id > 1)");
    check_problem(bench.as("ann", "POST", restored), "forbidden",
                  "the database hides rows that came back from the role of the credentials, so "
                  "nothing was undone; ask who may see them");
    bench.sql("ALTER POLICY own ON project USING (author = sub())");
    CHECK(bench.value("SELECT count(*) FROM trashd.item") == "0");
    const auto again = href(bench.as("ann", "POST", restored));
    CHECK(bench.value("SELECT count(*) FROM trashd.item") == "2");
    CHECK(bench.as("bob", "POST", again).code() == "not-found");
    CHECK(bench.as("ann", "POST", again).status == 200);
    CHECK(bench.value("SELECT count(*) FROM task") == "2");
}

// It was 503, as if the schema had changed.
TEST_CASE("a row in the way that the role does not see is not swapped") {
    Bench bench;
    const auto item = bench.trash("ann", "/v1/project/1");
    bench.sql("INSERT INTO project VALUES (1, 'other', 'key:bob')");
    const auto refused = bench.as("ann", "POST", item + "/$restore", R"({"otherwise": "swap"})");
    CHECK(refused.code() == "restore-conflict");
    CHECK(refused.body.find("other") == std::string::npos);
    CHECK(bench.value("SELECT name FROM project WHERE id = 1") == "other");
    CHECK(bench.as("ann", "GET", item).status == 200);
}

TEST_CASE("neither an ETag nor a conflict tells of rows that the role does not see") {
    Bench bench;
    const auto etag = bench.as("bob", "GET", "/v1/project/2").header("ETag");
    for (const auto& tag : {etag, std::string("\"other\"")})
        CHECK(ask(bench.service.port(), "DELETE", "/v1/project/2",
                  {{"X-API-Key", bench.known["ann"]}, {"If-Match", tag}})
                  .status == 404);
    bench.sql("ALTER TABLE project ADD UNIQUE (name)");
    const auto item = bench.trash("ann", "/v1/project/1");
    bench.sql("UPDATE project SET name = 'one' WHERE id = 2");
    const auto refused = bench.as("ann", "POST", item + "/$restore");
    CHECK(refused.status == 409);
    CHECK(refused.json()["conflicts"].Size() == 1);
    CHECK(!refused.json()["conflicts"][0].HasMember("with"));
    CHECK(refused.body.find("\"2\"") == std::string::npos);
}

TEST_CASE("several at once tell no more of hidden rows than one, and a condition reads none") {
    Bench bench("database_roles = [\"db_app\", \"db_boss\"]",
                "GRANT SELECT (id), DELETE ON secret TO db_app; ALTER TABLE secret ADD pay int "
                "DEFAULT 7");
    check_problem(bench.as("ann", "DELETE", "/v1/project?ids=4"), "forbidden", kHidden);
    check_problem(bench.as("ann", "DELETE", "/v1/project?where[id][equals]=4"), "forbidden",
                  kHidden);
    for (const char* pay : {"7", "8"})
        check_problem(
            bench.as("ann", "DELETE", std::string("/v1/secret?where[pay][equals]=") + pay),
            "forbidden", kDenied);
    CHECK(bench.value("SELECT count(*) FROM secret") == "1");
    CHECK(bench.value("SELECT count(*) FROM project") == "4");
}

TEST_CASE("triggers run as the role even when they are deferred, and may not change it") {
    // a deferred trigger ran at COMMIT, as the service
    Bench bench(
        "database_roles = [\"db_app\", \"db_boss\"]",
        "CREATE TABLE said (who text); GRANT INSERT ON said TO db_app;"
        "CREATE FUNCTION say() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "INSERT INTO said VALUES (current_user); RETURN NULL; END $$;"
        "CREATE CONSTRAINT TRIGGER say AFTER INSERT OR UPDATE OR DELETE ON open DEFERRABLE "
        "INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION say();"
        "CREATE FUNCTION flee() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF NEW.name = 'flee' THEN RESET ROLE; END IF; RETURN NEW; END $$;"
        "CREATE TRIGGER flee BEFORE INSERT ON project FOR EACH ROW EXECUTE FUNCTION flee()");
    CHECK(bench.as("ann", "POST", "/v1/open", R"({"id":2})").status == 201);
    CHECK(bench.as("ann", "PATCH", "/v1/open/2", R"({"by":"y"})").status == 200);
    CHECK(bench.as("ann", "POST", bench.trash("ann", "/v1/open/2") + "/$restore").status == 200);
    CHECK(bench.value("SELECT string_agg(DISTINCT who, ' ') || count(*) FROM said") == "db_app4");
    const auto fled = bench.as("ann", "POST", "/v1/project",
                               R"([{"id":10,"name":"flee","author":"key:ann"},)"
                               R"({"id":11,"author":"key:bob"}])");
    check_problem(fled, "conflict",
                  "a trigger or function of the database changes the role; nothing was done");
    CHECK(bench.value("SELECT count(*) FROM project") == "4");
}

TEST_CASE("a trigger that takes the service's role and gives it back never runs") {
    // it did what the service alone may do, for the role was looked at when it was back
    Bench bench("database_roles = [\"db_app\", \"db_boss\"]", R"(
CREATE SCHEMA webs; CREATE TABLE loot (who text); INSERT INTO open VALUES (2, 'y');
CREATE FUNCTION webs.tg() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  PERFORM set_config('role', 'none', true); INSERT INTO public.loot VALUES (current_user);
  PERFORM set_config('role', 'db_app', true); RETURN NULL; END $$;
ALTER FUNCTION webs.tg() OWNER TO db_app;
)");
    const auto item = bench.trash("ann", "/v1/open/1");
    bench.sql(
        "CREATE TRIGGER w AFTER INSERT OR UPDATE OR DELETE ON open FOR EACH ROW "
        "EXECUTE FUNCTION webs.tg()");
    const std::string refusal =
        "the trigger w of public.open runs a function that belongs to neither the table's owner "
        "nor a superuser, and could act as the service; ALTER FUNCTION \\\"webs\\\".\\\"tg\\\"() "
        "OWNER TO "
        "the table's owner";
    check_problem(bench.as("ann", "POST", "/v1/open", R"({"id":3})"), "conflict", refusal);
    check_problem(bench.as("ann", "PATCH", "/v1/open/2", R"({"by":"z"})"), "conflict", refusal);
    check_problem(bench.as("ann", "DELETE", "/v1/open/2"), "conflict", refusal);
    check_problem(bench.as("ann", "DELETE", "/v1/open?ids=2"), "conflict", refusal);
    check_problem(bench.as("ann", "POST", item + "/$restore"), "conflict", refusal);
    CHECK(bench.value("SELECT (SELECT count(*) FROM loot) || by FROM open") == "0y");
    bench.sql("DROP TRIGGER w ON open");
    CHECK(bench.as("ann", "DELETE", "/v1/open/2").status == 204);
    CHECK(bench.as("ann", "POST", item + "/$restore").status == 200);
    CHECK(bench.as("ann", "PATCH", "/v1/open/1", R"({"by":"z"})").status == 200);
}

TEST_CASE("what the role may not insert stays in the trash") {
    Bench bench;
    const auto item = bench.trash("ann", "/v1/archive/1");
    check_problem(bench.as("ann", "POST", item + "/$restore"), "forbidden", kDenied);
    CHECK(bench.value("SELECT count(*) FROM trashd.item") == "1");
    CHECK(bench.as("boss", "POST", item + "/$restore").status == 200);
    CHECK(bench.value("SELECT count(*) FROM archive") == "1");
}

TEST_CASE("triggers run as the role, and the trash's own tables are written all the same") {
    Bench bench("database_roles = [\"db_app\", \"db_boss\"]",
                "CREATE TABLE said (who text); GRANT INSERT ON said TO db_app;"
                "CREATE FUNCTION say() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                "INSERT INTO said VALUES (current_user); RETURN OLD; END $$;"
                "CREATE TRIGGER say AFTER DELETE ON open FOR EACH ROW EXECUTE FUNCTION say()");
    CHECK(bench.as("ann", "DELETE", "/v1/open/1").status == 204);
    CHECK(bench.value("SELECT who FROM said") == "db_app");
    CHECK(bench.value("SELECT by FROM trashd.ledger WHERE action !~ '^key-'") == "key:ann");
}

TEST_CASE("a session of the role by itself finds nothing of the trash and puts nothing into it") {
    Bench bench;
    bench.trash("ann", "/v1/open/1");
    TestConnection app(bench.database.url());
    app->script("SET SESSION AUTHORIZATION db_app");
    app->script("SET trashd.id = 'key:ann'");
    for (const char* view : {"item", "trash_group", "shape", "ledger"})
        CHECK(app.value(std::string("SELECT count(*) FROM trashd_access.") + view) == "0");
    for (const char* statement : {"INSERT INTO trashd_access.incoming VALUES (1, 9, 1, 'x', '{}')",
                                  "SELECT FROM trashd.item", "DELETE FROM trashd_access.item",
                                  "SELECT FROM trashd.api_key"})
        CHECK_THROWS_AS(app->exec(statement), Error);
}

TEST_CASE("the role is the token's claim, or one of the key's roles; no other is taken") {
    const SigningKey key("ES256");
    const TempFile file(key.public_pem());
    TempDatabase database(std::string(kSchema) + "INSERT INTO project VALUES (5, 'five', 'bob')");
    ServiceProcess service(database.url(), {},
                           "[credentials]\napi_keys = true\njwt_keys = \"" + file.path() +
                               "\"\n[roles]\nall = \"*\"\n[access]\ndatabase_roles = "
                               "[\"db_app\"]");
    const auto get = [&](const std::string& more) {
        return ask(service.port(), "GET", "/v1/project",
                   {{"Authorization", "Bearer " + key.sign(claims("bob", "all", more))}});
    };
    CHECK(ids(get(R"(,"role":"db_app")")) == Ids{"5"});
    const auto refusal =
        "the credentials name none of the roles of the database that requests run as; ask for "
        "ones that do";
    check_problem(get(R"(,"role":"db_boss")"), "forbidden", refusal);
    check_problem(get(R"(,"role":"postgres")"), "forbidden", refusal);
    check_problem(get(R"(,"more":1)"), "forbidden", refusal);
}

TEST_CASE("without a role in the key a request is refused, and a missing role at the start") {
    Bench bench;
    CHECK(bench.as("none", "GET", "/v1/project").status == 403);
    const TempFile config(toml_of("database_roles = [\"nobody here\"]"));
    const auto ended = run_program({"serve", "--listen", "127.0.0.1:0", "--config", config.path(),
                                    "--database", bench.database.url()});
    CHECK(ended.status == 1);
    CHECK(ended.output.find("access.database_roles: there is no role 'nobody here'; create it") !=
          std::string::npos);
}

namespace {

const char* kFunction = R"(
CREATE TABLE asked (action text, resource text, id text, sub text);
CREATE FUNCTION may(action text, resource text, "row" jsonb, claims jsonb) RETURNS text
LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO asked VALUES (action, resource, "row"->>'id', claims->>'sub');
    IF action = 'purge' AND claims->>'sub' <> 'key:boss' THEN RETURN 'only the boss purges'; END IF;
    IF "row"->>'author' = 'key:bob' THEN RETURN action || ': ' || resource || ' is of bob'; END IF;
    RETURN NULL;
END $$;
)";

}  // namespace

TEST_CASE("a function of the database refuses with its own words, and tells trash from purge") {
    Bench bench("function = \"may\"", kFunction);
    check_problem(bench.as("ann", "DELETE", "/v1/project/3"), "forbidden", "trash: task is of bob");
    check_problem(bench.as("ann", "DELETE", "/v1/project/3?dryRun=true"), "forbidden",
                  "trash: task is of bob");
    check_problem(bench.as("ann", "DELETE", "/v1/project/1?hard=true"), "forbidden",
                  "only the boss purges");
    const auto item = bench.trash("ann", "/v1/project/1");
    check_problem(bench.as("ann", "DELETE", item), "forbidden", "only the boss purges");
    CHECK(bench.as("ann", "DELETE", "/v1/trash?confirm=true").body == R"({"groups":0,"items":0})");
    CHECK(bench.as("ann", "POST", item + "/$restore").status == 200);
    check_problem(bench.as("ann", "POST", "/v1/project", R"({"id":9,"author":"key:bob"})"),
                  "forbidden", "create: project is of bob");
    check_problem(bench.as("ann", "PATCH", "/v1/project/1", R"({"author":"key:bob"})"), "forbidden",
                  "update: project is of bob");
    check_problem(bench.as("ann", "DELETE", "/v1/project?ids=1,2"), "forbidden",
                  "trash: project is of bob");
    CHECK(bench.value("SELECT count(*) FROM project") == "4");
    CHECK(bench.value("SELECT string_agg(DISTINCT action || ' ' || resource || ' ' || id || ' ' || "
                      "sub, ',' ORDER BY action || ' ' || resource || ' ' || id || ' ' || sub) "
                      "FROM asked") ==
          "purge project 1 key:ann,restore project 1 key:ann,restore task 1 key:ann,trash project "
          "1 key:ann,"
          "trash task 1 key:ann");
    const auto again = bench.trash("ann", "/v1/project/1");
    CHECK(bench.as("boss", "DELETE", again).status == 204);
}

TEST_CASE("a row is asked about as it was too, and a function that fails refuses") {
    // taking a row over was asked about as if it had been one's own
    Bench bench("function = \"may\"", kFunction);
    check_problem(bench.as("ann", "PATCH", "/v1/project/2", R"({"author":"key:ann"})"), "forbidden",
                  "update: project is of bob");
    CHECK(bench.value("SELECT author FROM project WHERE id = 2") == "key:bob");
    bench.trash("ann", "/v1/project/1");
    bench.sql(
        "CREATE OR REPLACE FUNCTION may(action text, resource text, \"row\" jsonb, claims "
        "jsonb) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE SQLSTATE 'TD404'; END $$");
    const auto fails =
        "the function of the database that is asked fails on a row; see the log of "
        "the service";
    check_problem(bench.as("ann", "DELETE", "/v1/open/1"), "forbidden", fails);
    check_problem(bench.as("ann", "DELETE", "/v1/open/1?dryRun=true"), "forbidden", fails);
    CHECK(bench.as("boss", "DELETE", "/v1/trash?confirm=true").body == R"({"groups":0,"items":0})");
    CHECK(bench.value("SELECT count(*) FROM trashd.item") == "2");
}

TEST_CASE("a function that is not there keeps the service from starting") {
    TempDatabase database(kSchema);
    const TempFile config("[access]\nfunction = \"app.may\"");
    const auto ended = run_program({"serve", "--listen", "127.0.0.1:0", "--config", config.path(),
                                    "--database", database.url()});
    CHECK(ended.status == 1);
    CHECK(ended.output.find("access.function: there is no function \"app\".\"may\"(text,text,jsonb,"
                            "jsonb) that returns text; create it") != std::string::npos);
}
