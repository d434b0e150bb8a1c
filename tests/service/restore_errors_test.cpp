// Restores that cannot be, or not wholly, with their whole answers.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/support/served_database.hpp"
#include "trash/store/groups.hpp"

using namespace trashd::test;

namespace {

const char* kSchema = R"-(
CREATE TABLE project (id int PRIMARY KEY, name text NOT NULL UNIQUE);
CREATE TABLE task (id int PRIMARY KEY, title text);
CREATE TABLE bill (id int PRIMARY KEY, project_id int NOT NULL REFERENCES project);
CREATE TABLE visit (id int PRIMARY KEY, project_id int NOT NULL REFERENCES project);
CREATE TABLE slot (id int PRIMARY KEY, during int4range, hours int,
                   CONSTRAINT slot_free EXCLUDE USING gist (during WITH &&));
INSERT INTO project VALUES (2, 'project 2'), (3, 'project 3');
INSERT INTO task VALUES (1, 'one');
INSERT INTO bill SELECT i, 2 FROM generate_series(1, 7) i;
INSERT INTO visit VALUES (1, 2);
INSERT INTO slot VALUES (1, '[1,5)', 1);
)-";

void check_conflicts(const Answer& answer, int count, const std::string& conflicts) {
    check_problem(answer, "restore-conflict",
                  fmt::format("the group cannot go back as it is: {} conflict{}; resolve them and "
                              "restore again",
                              count, count == 1 ? "" : "s"),
                  ",\"conflicts\":[" + conflicts + "]");
}

struct Bench : ServedDatabase {
    Bench() : ServedDatabase(kSchema) {}

    Answer restore(const std::string& item, const std::string& query = "") {
        return (*this)("POST", item + "/$restore" + query);
    }
};

std::string id_of(const std::string& item) {
    return item.substr(std::string("/v1/trash/").size());
}

std::string group_of(const std::string& item) {
    return id_of(item).substr(0, 28) + "00000000";
}

}  // namespace

TEST_CASE("a restore lists every key that is taken, and by whom") {
    Bench call;
    const auto item = call.trash("project/3");
    call.sql("INSERT INTO project VALUES (3, 'other'), (33, 'project 3')");
    const std::string conflicts =
        R"({"kind":"primary-key-taken","resource":"project","id":"3","constraint":"project_pkey",)"
        R"("columns":["id"],"values":["3"],"with":{"resource":"project","id":"3"},)"
        R"("choices":["set","swap"]},)"
        R"({"kind":"unique-taken","resource":"project","id":"3","constraint":"project_name_key",)"
        R"("columns":["name"],"values":["project 3"],"with":{"resource":"project","id":"33"},)"
        R"("choices":["set","swap"]})";
    check_conflicts(call.restore(item), 2, conflicts);
    check_conflicts(call.restore(item, "?dryRun=true"), 2, conflicts);
    call.sql("DELETE FROM project WHERE id IN (3, 33)");
    CHECK(call.restore(item).status == 200);
}

TEST_CASE("a restore names a missing parent and what became of it") {
    Bench call;
    const auto visit = call.trash("visit/1");
    const auto project = call.trash("project/2?cascade=true");
    auto missing = [](const std::string& more) {
        return R"({"kind":"missing-parent","resource":"visit","id":"1","constraint":)"
               R"("visit_project_id_fkey","columns":["project_id"],"values":["2"],)"
               R"("with":{"resource":"project","id":"2"},)" +
               more + "}";
    };
    check_conflicts(call.restore(visit), 1,
                    missing(R"("trashItem":")" + id_of(project) + R"(","detail":"the row of )" +
                            R"(public.project lies in the trash; restore it first",)"
                            R"("choices":["ancestors","set"])"));
    REQUIRE(call("DELETE", project).status == 204);
    for (const char* query : {"", "?with=ancestors"})
        check_conflicts(call.restore(visit, query), 1,
                        missing(R"("detail":"the row of public.project was purged from the )"
                                R"(trash","choices":["set"])"));
    call.sql("ALTER TABLE trashd.ledger DISABLE TRIGGER USER; TRUNCATE trashd.ledger");
    check_conflicts(call.restore(visit), 1,
                    missing(R"("detail":"the row of public.project is neither there nor in the )"
                            R"(trash","choices":["set"])"));
}

TEST_CASE("a restore with its ancestors says which groups went first") {
    Bench call;
    const auto visit = call.trash("visit/1"), project = call.trash("project/2?cascade=true");
    auto restored = call.restore(visit, "?with=ancestors");
    CHECK(restored.status == 200);
    CHECK(restored.header("Content-Type") == "application/json");
    CHECK(without_undo(restored.body) ==
          R"({"groupId":")" + group_of(visit) +
              R"(","root":{"resource":"visit","id":"1","href":"/v1/visit/1"},"restored":9,)"
              R"("resources":[{"resource":"project","count":1},{"resource":"bill","count":7},)"
              R"({"resource":"visit","count":1}],"relinked":0,"notRelinked":0,"ancestors":[")" +
              group_of(project) + R"("]})");
    CHECK(call("GET", "/v1/trash").body == "[]");
    CHECK(call("GET", "/v1/visit/1").json()["project_id"].GetInt() == 2);
}

TEST_CASE("a restore names the constraint that refuses: overlap, check, trigger") {
    Bench call;
    const auto slot = call.trash("slot/1");
    const std::string start = R"({"kind":"constraint","resource":"slot",)";
    call.sql("INSERT INTO slot VALUES (5, '[3,4)', 1)");
    check_conflicts(call.restore(slot), 1,
                    start + R"-("id":"1","constraint":"slot_free","columns":["during"],"values":)-"
                            R"-(["[1,5)"],"with":{"resource":"slot","id":"5"},)-"
                            R"-("choices":["set"]})-");
    call.sql("DELETE FROM slot; ALTER TABLE slot ADD CONSTRAINT longer CHECK (hours > 1)");
    check_conflicts(call.restore(slot), 1,
                    start + R"("id":"1","constraint":"longer","columns":[],"values":[],"detail":)"
                            R"("the check does not hold for the row","choices":["set"]})");
    call.sql(
        "ALTER TABLE slot DROP CONSTRAINT longer; CREATE FUNCTION closed() RETURNS trigger LANGUAGE"
        " plpgsql AS $$BEGIN RAISE EXCEPTION 'closed'; END$$; CREATE TRIGGER closed BEFORE INSERT"
        " ON slot FOR EACH ROW EXECUTE FUNCTION closed()");
    check_conflicts(
        call.restore(slot), 1,
        start + R"("id":"1","columns":[],"values":[],"detail":"closed","choices":["set"]})");
    call.sql("DROP TRIGGER closed ON slot");
    CHECK(call.restore(slot).status == 200);
}

TEST_CASE("a restore says what triggers changed and what they made beside") {
    // The answer did not say what the value had been, nor which rows came beside.
    Bench call;
    call.sql(
        "CREATE TABLE mail (id int PRIMARY KEY, word text); "
        "CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.title = "
        "'new'; INSERT INTO mail VALUES (1, 'back'); RETURN NEW; END$$; CREATE FUNCTION keep() "
        "RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.title = OLD.title; RETURN NEW; END$$; "
        "CREATE TRIGGER stamp BEFORE INSERT ON task FOR EACH ROW EXECUTE FUNCTION stamp(); "
        "CREATE TRIGGER keep BEFORE UPDATE ON task FOR EACH ROW EXECUTE FUNCTION keep()");
    const auto task = call.trash("task/1");
    const std::string told =
        R"("altered":[{"resource":"task","id":"1","columns":["title"],"was":{ "title" : "one" },)"
        R"("is":{ "title" : "new" }}],"added":[{"resource":"mail","id":null,"count":1}])";
    for (const std::string query : {"?dryRun=true", ""}) {
        const auto answer = call.restore(task, query);
        CHECK(answer.status == 200);
        CHECK_MESSAGE(answer.body.find(told) != std::string::npos, answer.body);
    }
}

TEST_CASE("a restore says which rows triggers change in other tables on the way back") {
    // A row outside of the group was another one afterwards, and nothing told of it.
    Bench call;
    call.sql(
        "CREATE TABLE board (id int PRIMARY KEY, tasks int); INSERT INTO board VALUES (1, 1); "
        "CREATE TABLE hint (id int PRIMARY KEY, task int REFERENCES task ON DELETE SET NULL); "
        "INSERT INTO hint VALUES (1, 1); CREATE TABLE memo (n int); INSERT INTO memo VALUES (0);"
        "CREATE FUNCTION up() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN UPDATE board SET tasks = "
        "tasks + 1; UPDATE task SET title = title; RETURN NULL; END$$; CREATE TRIGGER up AFTER "
        "INSERT ON task FOR EACH ROW EXECUTE FUNCTION up(); CREATE FUNCTION note() RETURNS trigger "
        "LANGUAGE plpgsql AS $$BEGIN UPDATE memo SET n = n + 1; RETURN NULL; END$$; CREATE TRIGGER "
        "note AFTER UPDATE ON hint FOR EACH ROW EXECUTE FUNCTION note()");
    const auto task = call.trash("task/1");
    const std::string told = R"("written":[{"resource":"board","table":"public.board","count":1},)"
                             R"({"resource":"memo","table":"public.memo","count":1}])";
    for (const std::string query : {"?dryRun=true", ""}) {
        const auto answer = call.restore(task, query);
        CHECK(answer.status == 200);
        CHECK_MESSAGE(answer.body.find(told) != std::string::npos, answer.body);
        CHECK(answer.body.find("altered") == std::string::npos);
    }
    CHECK(TestConnection(call.database.url()).value("SELECT n FROM memo") == "2");
}

TEST_CASE("a trigger that lacks a privilege on the way back is named, and so in the log") {
    // Answered a conflict of a table that no client had named.
    TempDatabase database(std::string(kSchema) + R"-(
DROP ROLE IF EXISTS restore_weak; CREATE ROLE restore_weak LOGIN;
CREATE TABLE secret (n int);
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN INSERT INTO secret VALUES (1); RETURN NULL; END';
CREATE TRIGGER tell AFTER INSERT ON task FOR EACH ROW EXECUTE FUNCTION tell();
GRANT SELECT, INSERT, UPDATE, DELETE ON task TO restore_weak;
)-");
    TestConnection(database.url())
        ->exec("GRANT CREATE ON DATABASE " + database.name() + " TO restore_weak");
    {
        ServiceProcess weak(database.url("restore_weak"));
        const auto item = ask(weak.port(), "DELETE", "/v1/task/1").header("Location");
        check_conflicts(
            ask(weak.port(), "POST", item + "/$restore"), 1,
            R"({"kind":"constraint","resource":"task","id":"1","columns":[],"values":[],"detail":)"
            R"("the trigger tell of public.task lacks a privilege: the service's role may not use )"
            R"(table secret; GRANT SELECT, INSERT, UPDATE, DELETE on it to the role",)"
            R"("choices":["set"]})");
        weak.log_with("[42501: permission denied for table secret; context: SQL statement");
        TestConnection(database.url())->exec("GRANT INSERT ON secret TO restore_weak");
        CHECK(ask(weak.port(), "POST", item + "/$restore").status == 200);
    }
    TestConnection(database.url())->exec("DROP OWNED BY restore_weak");
}

TEST_CASE("a restore into a changed table names each change") {
    Bench call;
    const auto task = call.trash("task/1"), slot = call.trash("slot/1");
    const std::string start = R"({"kind":"schema-changed","resource":"task",)";
    call.sql("ALTER TABLE task ADD owner int NOT NULL, ALTER title TYPE int USING length(title)");
    check_conflicts(call.restore(task), 2,
                    start +
                        R"("id":"1","columns":["title"],"values":["one"],"detail":)"
                        R"("invalid input syntax for type integer: \"one\"","choices":["set"]},)" +
                        start +
                        R"("id":"1","columns":["owner"],"values":[null],"detail":"the column is )"
                        R"(new, must not be null and has no default","choices":["set"]})");
    call.sql("DROP TABLE slot");
    check_conflicts(call.restore(slot), 1,
                    R"({"kind":"schema-changed","resource":"slot","columns":[],"values":[],)"
                    R"("detail":"the table was dropped","choices":[]})");
}

TEST_CASE("a lossy restore leaves values of dropped columns behind and names them") {
    Bench call;
    const auto task = call.trash("task/1");
    call.sql("ALTER TABLE task DROP COLUMN title");
    check_conflicts(call.restore(task), 1,
                    R"({"kind":"schema-changed","resource":"task","id":"1","columns":["title"],)"
                    R"("values":["one"],"detail":"the column was dropped and held a value",)"
                    R"("choices":["lossy"]})");
    auto restored = call.restore(task, "?lossy=true");
    CHECK(restored.status == 200);
    CHECK(without_undo(restored.body) ==
          R"({"groupId":")" + group_of(task) +
              R"(","root":{"resource":"task","id":"1","href":"/v1/task/1"},)"
              R"("restored":1,"resources":[{"resource":"task","count":1}],)"
              R"("relinked":0,"notRelinked":0,"lost":[{"resource":"task",)"
              R"("id":"1","column":"title","value":"one"}]})");
    CHECK(call("GET", "/v1/task/1").body == R"({"id":1})");
}
