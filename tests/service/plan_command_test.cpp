// `trashd plan`: what people read of a delete before there is one.
#include <doctest/doctest.h>

#include "tests/support/database.hpp"
#include "tests/support/http.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

const char* kSchema = R"(
CREATE TABLE project (id int PRIMARY KEY, name text);
CREATE TABLE task (id int PRIMARY KEY, project int REFERENCES project ON DELETE CASCADE);
CREATE TABLE note (id int PRIMARY KEY, task int REFERENCES task ON DELETE CASCADE);
CREATE TABLE mark (id int PRIMARY KEY, task int REFERENCES task ON DELETE SET NULL);
CREATE TABLE bill (id int PRIMARY KEY, project int REFERENCES project);
CREATE TABLE part (id int PRIMARY KEY, whole int REFERENCES part ON DELETE CASCADE);
CREATE TABLE tag (id int PRIMARY KEY);
CREATE INDEX ON task (project);
INSERT INTO project VALUES (1, 'first');
INSERT INTO task VALUES (2, 1);
)";

struct Bench {
    TempDatabase database{kSchema};

    Finished plan(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), "plan");
        arguments.insert(arguments.end(), {"--database", database.url()});
        return run_program(arguments);
    }
};

}  // namespace

TEST_CASE("plan tells what a delete holds, locks, sets, takes and is refused by, in its order") {
    Bench bench;
    const auto told = bench.plan({"project"});
    CHECK(told.status == 0);
    CHECK(told.output ==
          "hold\tpublic.project\t\tROW EXCLUSIVE\tno foreign key comes meanwhile\n"
          "hold\tpublic.task\t\tROW EXCLUSIVE\tno foreign key comes meanwhile\n"
          "hold\tpublic.note\t\tROW EXCLUSIVE\tno foreign key comes meanwhile\n"
          "hold\tpublic.mark\t\tROW EXCLUSIVE\tno foreign key comes meanwhile\n"
          "lock\tpublic.project\t\tFOR UPDATE\tthe row that is asked for\n"
          "lock\tpublic.task\ttask_project_fkey\tFOR UPDATE\tON DELETE CASCADE\n"
          "set null\tpublic.mark\tmark_task_fkey\tFOR NO KEY UPDATE\tON DELETE SET NULL\n"
          "trash\tpublic.project\t\t\twhat was locked\n"
          "trash\tpublic.task\t\t\twhat was locked\n"
          "trash\tpublic.note\tnote_task_fkey\tDELETE\tON DELETE CASCADE\n"
          "refuse\tpublic.bill\tbill_project_fkey\t\tON DELETE NO ACTION\n");
    const auto all = bench.plan({"project", "--cascade"}).output;
    CHECK(all.find("trash\tpublic.bill\tbill_project_fkey\tDELETE\tcascade=true\n") !=
          std::string::npos);
    CHECK(all.find("refuse") == std::string::npos);
}

TEST_CASE("plan tells rows that are looked for again and again, and one that goes alone") {
    Bench bench;
    CHECK(bench.plan({"part"}).output ==
          "hold\tpublic.part\t\tROW EXCLUSIVE\tno foreign key comes meanwhile\n"
          "lock\tpublic.part\t\tFOR UPDATE\tthe row that is asked for\n"
          "lock\tpublic.part\tpart_whole_fkey\tFOR UPDATE\tON DELETE CASCADE, until no row is "
          "new\n"
          "trash\tpublic.part\t\t\twhat was locked\n");
    CHECK(bench.plan({"tag"}).output.find(
              "trash alone\tpublic.tag\t\tDELETE\tnothing refers to it: one statement, unless a "
              "version or hard is asked for\n") != std::string::npos);
}

TEST_CASE("plan --sql prints the functions that deletes call, as psql can run them") {
    Bench bench;
    const auto told = bench.plan({"project", "--sql"});
    CHECK(told.status == 0);
    CHECK(told.output.starts_with("CREATE OR REPLACE FUNCTION trashd.move_"));
    CHECK(told.output.find("CREATE OR REPLACE FUNCTION trashd.impact_") != std::string::npos);
    CHECK(bench.plan({"part", "--sql"}).output.find("FUNCTION trashd.owners_") !=
          std::string::npos);
    TestConnection connection(bench.database.url());
    connection->script(told.output);
    const auto deletes = connection.value(
        "SELECT pg_catalog.count(*)::text FROM pg_catalog.pg_proc WHERE proname LIKE 'move\\_%' "
        "AND prosrc LIKE '%DELETE FROM ONLY \"public\".\"project\"%'");
    CHECK(deletes == "1");
    CHECK(connection.value("SELECT name FROM project") == "first");
}

TEST_CASE("plan --json has the stages, and the functions where they are asked for") {
    Bench bench;
    rapidjson::Document plain, whole;
    plain.Parse(bench.plan({"project", "--json"}).output.c_str());
    REQUIRE_FALSE(plain.HasParseError());
    CHECK(plain["stages"].Size() == 11);
    CHECK(plain["stages"][5]["action"] == "lock");
    CHECK(plain["stages"][5]["foreignKeys"][0] == "task_project_fkey");
    CHECK(plain["stages"][7]["lock"].IsNull());
    CHECK(plain["refusals"].Empty());
    CHECK_FALSE(plain.HasMember("functions"));
    whole.Parse(bench.plan({"project", "--json", "--sql"}).output.c_str());
    REQUIRE_FALSE(whole.HasParseError());
    CHECK(whole["functions"].Size() == 2);
}

TEST_CASE("plan of what is not there is status 3, of what is refused 4 with the reason") {
    Bench bench;
    const auto misspelt = bench.plan({"projekt"});
    CHECK(misspelt.status == 3);
    CHECK(misspelt.output == "trashd: there is no resource 'projekt'; did you mean project?\n");
    CHECK(bench.plan({}).status == 2);
    TestConnection(bench.database.url())
        ->script("CREATE RULE keep AS ON DELETE TO tag DO INSTEAD NOTHING");
    const std::string why =
        "trashd: rewrite rules on public.tag would divert its rows; drop the rules\n";
    const auto refused = bench.plan({"tag"});
    CHECK(refused.status == 4);
    CHECK(refused.output.starts_with("hold\tpublic.tag\t"));
    CHECK(refused.output.ends_with(why));
    const auto sql = bench.plan({"tag", "--sql"});
    CHECK(sql.status == 4);
    CHECK(sql.output == why);
}
