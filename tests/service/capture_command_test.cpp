// `trashd capture`, and tables that the configuration has captured.
#include <doctest/doctest.h>

#include <chrono>
#include <thread>

#include "schema/error.hpp"
#include "tests/support/database.hpp"
#include "tests/support/http.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

const char* kSchema = R"(
CREATE TABLE project (id int PRIMARY KEY, name text);
CREATE TABLE task (id int PRIMARY KEY, project int REFERENCES project ON DELETE CASCADE);
INSERT INTO project VALUES (1, 'first'), (2, 'second');
INSERT INTO task VALUES (1, 1), (2, 2);
)";

struct Bench {
    TempDatabase database{kSchema};
    TestConnection client{database.url()};

    Finished capture(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), "capture");
        arguments.insert(arguments.end(), {"--database", database.url()});
        return run_program(arguments);
    }
};

// As a client that tries again, for as long as capture may take to be renewed.
bool deleted_within(TestConnection& client, const std::string& sql, std::chrono::seconds longest) {
    const auto until = std::chrono::steady_clock::now() + longest;
    while (std::chrono::steady_clock::now() < until) {
        try {
            client->script(sql);
            return true;
        } catch (const Error&) {
            std::this_thread::sleep_for(std::chrono::milliseconds(200));
        }
    }
    return false;
}

}  // namespace

TEST_CASE("capture on, status, renew and off say what is captured") {
    Bench bench;
    CHECK(bench.capture({"status"}).output.empty());
    const auto on = bench.capture({"on", "project"});
    CHECK(on.status == 0);
    CHECK(on.output == "public.project\ton\tcommand\npublic.task\ton\ta table that it refers to\n");
    CHECK(bench.capture({"status", "--json"}).output ==
          "[{\"table\":\"public.project\",\"state\":\"on\",\"asked\":\"command\"},"
          "{\"table\":\"public.task\",\"state\":\"on\",\"asked\":null}]\n");
    bench.client->script("ALTER TABLE task ADD note text");
    CHECK(bench.capture({"status"}).status == 4);
    CHECK(bench.capture({"renew"}).status == 0);
    bench.client->script("DELETE FROM project WHERE id = 1");
    CHECK(bench.client.value("SELECT size FROM trashd.trash_group") == "2");
    CHECK(bench.capture({"off"}).status == 2);
    CHECK(bench.capture({"off", "task"}).status == 3);
    CHECK(bench.capture({"off", "--all"}).output.empty());
    bench.client->script("DELETE FROM project WHERE id = 2");
    CHECK(bench.client.value("SELECT count(*) FROM trashd.trash_group") == "1");
}

TEST_CASE("capture on --sql prints the triggers for who may make them") {
    Bench bench;
    const auto printed = bench.capture({"on", "project", "--sql"});
    CHECK(printed.status == 0);
    CHECK(bench.capture({"status"}).status == 4);
    CHECK(run_program({"doctor", "--database", bench.database.url()})
              .output.find("not-captured\tpublic.task") != std::string::npos);
    bench.client->script(printed.output);
    CHECK(bench.capture({"status"}).status == 0);
    bench.client->script("DELETE FROM project WHERE id = 1");
    CHECK(bench.client.value("SELECT size FROM trashd.trash_group") == "2");
}

TEST_CASE(
    "a table that the configuration has captured is, through migrations, until it says no more") {
    Bench bench;
    {
        ServiceProcess service(bench.database.url(), {},
                               "[[resource]]\ntable = \"project\"\ncapture = true\n");
        bench.client->script("DELETE FROM task WHERE id = 1");
        CHECK(bench.client.value("SELECT count(*) FROM trashd.trash_group") == "1");
        bench.client->script("ALTER TABLE project ADD budget int DEFAULT 7");
        CHECK(deleted_within(bench.client, "DELETE FROM project WHERE id = 2",
                             std::chrono::seconds(30)));
        const auto item =
            bench.client.value("SELECT uuid FROM trashd.trash_group ORDER BY id DESC LIMIT 1")
                .substr(0, 28) +
            "00000001";
        const auto shown = request(service.port(), "GET", "/v1/trash/" + item);
        CHECK(shown.status == 200);
        CHECK(shown.body.find("\"deletedBy\":\"sql:") != std::string::npos);
        CHECK(request(service.port(), "POST", "/v1/trash/" + item + "/$restore").status == 200);
        CHECK(bench.client.value("SELECT row(id, name, budget) FROM project WHERE id = 2") ==
              "(2,second,7)");
    }
    ServiceProcess service(bench.database.url());
    bench.client->script("DELETE FROM project");
    CHECK(bench.client.value("SELECT count(*) FROM trashd.trash_group WHERE state = 'trashed'") ==
          "1");
}
