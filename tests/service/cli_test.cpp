#include <doctest/doctest.h>
#include <pwd.h>
#include <unistd.h>

#include <filesystem>

#include "schema/error.hpp"
#include "service/config/did_you_mean.hpp"
#include "tests/support/database.hpp"
#include "tests/support/http.hpp"
#include "tests/support/tokens.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

const char* kSchema = R"(
CREATE TABLE project (id int PRIMARY KEY, name text);
CREATE TABLE task (id int PRIMARY KEY, project int REFERENCES project ON DELETE CASCADE);
CREATE TABLE bill (id int PRIMARY KEY, project int REFERENCES project);
CREATE INDEX ON task (project);
CREATE INDEX ON bill (project);
INSERT INTO project VALUES (1, E'first\tone'), (2, 'second'), (3, 'third');
INSERT INTO task VALUES (1, 1), (2, 1), (3, 2);
INSERT INTO bill VALUES (7, 3);
)";

struct Bench {
    TempDatabase database{kSchema};
    ServiceProcess service{database.url()};

    Finished run(std::vector<std::string> arguments) {
        arguments.insert(arguments.end(), {"--database", database.url()});
        return run_program(arguments);
    }
    Finished trash(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), "trash");
        return run(arguments);
    }
    std::string item_of(const std::string& address) {
        auto item = request(service.port(), "DELETE", address).header("Location");
        return item.substr(item.rfind('/') + 1);
    }
};

rapidjson::Document parsed(const std::string& text) {
    rapidjson::Document document;
    document.Parse(text.c_str());
    CAPTURE(text);
    REQUIRE_FALSE(document.HasParseError());
    return document;
}

}  // namespace

TEST_CASE("trash show tells an item line by line, and as JSON what HTTP tells") {
    Bench bench;
    const auto item = bench.item_of("/v1/project/1?reason=old");
    const auto shown = bench.trash({"show", item});
    CHECK(shown.status == 0);
    CHECK(shown.output.find("resource\tproject\n") != std::string::npos);
    CHECK(shown.output.find("groupSize\t3\n") != std::string::npos);
    CHECK(shown.output.find("object.name\tfirst\\tone\n") != std::string::npos);
    const auto json = bench.trash({"show", item, "--json"});
    CHECK(json.output == request(bench.service.port(), "GET", "/v1/trash/" + item).body + "\n");
}

TEST_CASE("trash list has a line for each delete and no header where no terminal is") {
    // it listed every row that had gone along, each with the size of the group
    Bench bench;
    const auto item = bench.item_of("/v1/project/2");
    const auto listed = bench.trash({"list"});
    CHECK(listed.status == 0);
    CHECK(listed.output.starts_with(item + "\tproject\t2\tsecond\t2\t"));
    CHECK(std::count(listed.output.begin(), listed.output.end(), '\n') == 1);
    CHECK(parsed(bench.trash({"list", "--json"}).output).Size() == 1);
    const auto all = bench.trash({"list", "--all"}).output;
    CHECK(std::count(all.begin(), all.end(), '\n') == 2);
    CHECK(parsed(bench.trash({"list", "--all", "--json"}).output).Size() == 2);
    CHECK(bench.trash({"list", "--all", "--limit", "1"}).output.find("raise --limit") !=
          std::string::npos);
    const auto none = bench.trash({"list", "--resource", "task"});
    CHECK(none.status == 0);
    CHECK(none.output == "trashd: none was deleted by name; --all lists what went along too\n");
}

TEST_CASE("trash restore puts a group back in the name of the user") {
    Bench bench;
    const auto item = bench.item_of("/v1/project/1");
    const auto dry = bench.trash({"restore", item, "--dry-run"});
    CHECK(dry.status == 0);
    CHECK(request(bench.service.port(), "GET", "/v1/project/1").status == 410);
    const auto restored = bench.trash({"restore", item});
    CHECK(restored.status == 0);
    CHECK(restored.output == "project\t1\ntask\t2\n");
    const auto history = request(bench.service.port(), "GET", "/v1/project/1/@history").json();
    const std::string by = history[0]["by"].GetString();
    CHECK(by == "cli:" + std::string(getpwuid(getuid())->pw_name));
    CHECK(history[0]["requestId"].IsNull());
    CHECK(bench.trash({"restore", item}).status == 3);
}

TEST_CASE("undo takes the number that a restore or an undo answers") {
    Bench bench;
    const auto item = bench.item_of("/v1/project/1");
    const auto restored = parsed(bench.trash({"restore", item, "--json"}).output);
    CHECK(std::string(restored["undo"]["href"].GetString()) == "/v1/history/2/$undo");
    const auto run = [&](std::vector<std::string> words) {
        words.insert(words.begin(), "undo");
        words.insert(words.end(), {"--database", bench.database.url()});
        return run_program(words);
    };
    TestConnection(bench.database.url())->exec("INSERT INTO task (id, project) VALUES (99, 1)");
    const auto refused = run({"2"});
    CHECK(refused.status == 4);
    CHECK(refused.output.find("project\t1\ttask\t99\ttask_project_fkey\n") != std::string::npos);
    TestConnection(bench.database.url())->exec("DELETE FROM task WHERE id = 99");
    CHECK(run({"2", "--dry-run"}).output == "3 rows back in the trash, 0 rows out of it\n");
    const auto undone = run({"2"});
    CHECK(undone.status == 0);
    const auto entry = undone.output.substr(undone.output.rfind(' ') + 1,
                                            undone.output.size() - undone.output.rfind(' ') - 2);
    CHECK(undone.output ==
          "3 rows back in the trash, 0 rows out of it\nundone by: trashd undo " + entry + "\n");
    CHECK(run({entry}).output.starts_with("0 rows back in the trash, 3 rows out of it\n"));
    CHECK(run({entry}).status == 3);
    CHECK(run({"x"}).status == 3);
}

TEST_CASE("a restore that conflicts is status 4 and lists every conflict") {
    Bench bench;
    const auto item = bench.item_of("/v1/project/1");
    TestConnection(bench.database.url())->exec("INSERT INTO project VALUES (1, 'other')");
    const auto refused = bench.trash({"restore", item});
    CHECK(refused.status == 4);
    CHECK(refused.output.find("primary-key-taken\tproject\t1\tproject_pkey") != std::string::npos);
    const auto json = parsed(bench.trash({"restore", item, "--json"}).output);
    CHECK(json["code"] == "restore-conflict");
    CHECK(json["conflicts"].Size() == 1);
}

TEST_CASE("trash restore takes a resource and ids, or several items, parents first") {
    // "argument was not expected"
    Bench bench;
    bench.item_of("/v1/task/3");
    bench.item_of("/v1/project/2");
    const auto both = bench.trash({"restore", "task", "3", "4"});
    CHECK(both.status == 3);
    CHECK(both.output == "trashd: task 4 is not in the trash\n");
    CHECK(bench.trash({"restore", "tsak", "3"}).output ==
          "trashd: there is no resource 'tsak'; did you mean task?\n");
    CHECK(bench.trash({"restore", "task"}).status == 3);
    const auto shown = bench.trash({"show", "project", "2"});
    CHECK(shown.output.find("displayName\tsecond\n") != std::string::npos);

    const auto task = parsed(bench.trash({"list", "--resource", "task", "--json"}).output);
    const auto project = parsed(bench.trash({"list", "--resource", "project", "--json"}).output);
    const auto restored =
        bench.trash({"restore", task[0]["id"].GetString(), project[0]["id"].GetString()});
    CHECK(restored.status == 0);
    CHECK(restored.output == "project\t1\ntask\t1\n");
    CHECK(request(bench.service.port(), "GET", "/v1/task/3").status == 200);
}

TEST_CASE("of several items that are restored those that cannot go back are told by name") {
    Bench bench;
    const auto one = bench.item_of("/v1/project/1"), two = bench.item_of("/v1/project/2");
    TestConnection(bench.database.url())->exec("INSERT INTO project VALUES (1, 'other')");
    const auto restored = bench.trash({"restore", "project", "1", "2"});
    CHECK(restored.status == 4);
    CHECK(restored.output.starts_with("project\t1\ntask\t1\ntrashd: " + one + ":\n"));
    CHECK(bench.trash({"restore", two}).status == 3);
    const auto json = bench.trash({"restore", one, two, "--json"});
    CHECK(parsed(json.output)[0]["code"] == "gone");
    CHECK(parsed(json.output)[1]["code"] == "restore-conflict");
}

TEST_CASE("conflicts show the value that is taken and name the option that helps") {
    // the table had neither, and said to restore again
    TempDatabase database(R"(
CREATE TABLE customer (id int PRIMARY KEY, email text UNIQUE, nick text);
CREATE TABLE bill (id int PRIMARY KEY, customer int NOT NULL REFERENCES customer);
INSERT INTO customer VALUES (1, 'ann@example.com', 'an');
INSERT INTO bill VALUES (7, 1);
)");
    ServiceProcess service(database.url());
    const auto run = [&](std::vector<std::string> arguments) {
        arguments.insert(arguments.end(), {"--database", database.url()});
        return run_program(arguments);
    };
    request(service.port(), "DELETE", "/v1/bill/7");
    request(service.port(), "DELETE", "/v1/customer/1");
    const auto lacking = run({"trash", "restore", "bill", "7"});
    CHECK(lacking.status == 4);
    CHECK(lacking.output.find("missing-parent\tbill\t7\t") != std::string::npos);
    CHECK(lacking.output.ends_with(
        "trashd: what is missing lies in the trash; --with-ancestors restores it first\n"));

    TestConnection(database.url())->exec("INSERT INTO customer VALUES (2, 'ann@example.com', 'b')");
    const auto taken = run({"trash", "restore", "customer", "1"});
    CHECK(taken.output.find("unique-taken\tcustomer\t1\tcustomer_email_key\temail = "
                            "ann@example.com\tcustomer 2\t\n") != std::string::npos);
    TestConnection(database.url())->script("DELETE FROM customer; ALTER TABLE customer DROP nick");
    CHECK(run({"trash", "restore", "customer", "1"})
              .output.ends_with(
                  "trashd: --lossy restores without the values of columns that are gone\n"));
    CHECK(run({"trash", "restore", "bill", "7", "--with-ancestors", "--lossy"}).status == 0);
}

TEST_CASE("choices of a restore are options of the command") {
    TempDatabase database(R"(
CREATE TABLE usr (id serial PRIMARY KEY, name text UNIQUE);
CREATE TABLE topic (id serial PRIMARY KEY, author int REFERENCES usr ON DELETE SET NULL,
  title text UNIQUE);
CREATE TABLE reply (id serial PRIMARY KEY, topic int NOT NULL REFERENCES topic ON DELETE CASCADE);
INSERT INTO usr (name) VALUES ('ann'), ('bob');
INSERT INTO topic (author, title) VALUES (1, 'x'), (2, 'y');
INSERT INTO reply (topic) VALUES (1), (1), (1);
)");
    ServiceProcess service(database.url());
    const auto run = [&](std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), {"trash", "restore"});
        arguments.insert(arguments.end(), {"--database", database.url()});
        return run_program(arguments);
    };
    const auto trash = [&](const std::string& address) {
        REQUIRE(request(service.port(), "DELETE", "/v1/" + address).status == 204);
    };
    const auto sql = [&](const std::string& script) {
        TestConnection(database.url())->script(script);
    };
    trash("topic/1");
    CHECK(run({"topic", "1", "--copy", "--set", "title=copy", "--dry-run"}).status == 0);
    const auto copied = run({"topic", "1", "--copy", "--set", "title=copy"});
    CHECK(copied.status == 0);
    CHECK(copied.output.starts_with("topic\t1\nreply\t3\nchanged\ttopic\t1\t"));
    CHECK(copied.output.find("\ncopied\ttopic\t1\t-> 4\n") != std::string::npos);
    sql("DELETE FROM topic WHERE title = 'copy'; DELETE FROM usr WHERE id = 1; INSERT INTO topic "
        "(title) VALUES ('x')");
    const auto lacks = run({"topic", "1"});
    CHECK(lacks.status == 4);
    CHECK(lacks.output.ends_with(
        "trashd: --set COLUMN=TEXT gives the row that is named another value\n"
        "trashd: --detach lets references whose parent is gone be null\n"
        "trashd: --swap puts the live rows in the way into the trash\n"));
    CHECK(run({"topic", "1", "--detach"}).status == 4);
    CHECK(run({"topic", "1", "--swap", "--detach"}).status == 2);
    CHECK(run({"topic", "1", "--set", "author"}).output ==
          "trashd: --set takes COLUMN=TEXT, or COLUMN:=JSON as in author:=null; 'author' is "
          "neither\n");
    const auto swapped = run({"topic", "1", "--swap", "--set", "author:=2"});
    CHECK(swapped.status == 0);
    CHECK(
        swapped.output.starts_with("topic\t1\nreply\t3\nchanged\ttopic\t1\tauthor = 2 (was 1)\n"
                                   "swapped\ttopic\t"));
    trash("topic/1");
    CHECK(run({"reply", "1", "2", "--only"}).status == 4);
    const auto part = run({"reply", "1", "2", "--only", "--with-ancestors"});
    CHECK(part.status == 0);
    CHECK(part.output ==
          "topic\t1\nreply\t2\ntrashd: 1 row of the same group stayed in the trash\n");
    CHECK(run({"reply", "3"}).output == "reply\t1\n");
}

TEST_CASE("ids on the command line are what they are, not what stands in an address") {
    // 'XMAS/10%' had to be typed XMAS%2F10%25
    TempDatabase database(R"(
CREATE TABLE "my coupon" (code text PRIMARY KEY);
INSERT INTO "my coupon" VALUES ('XMAS/10%'), ('XMAS%2F10%25'), ('@deleted'), ('a,b');
CREATE TABLE stay (hotel text, room text, PRIMARY KEY (hotel, room));
INSERT INTO stay VALUES ('Ritz', '10%'), ('a,b', '%2C');
)");
    ServiceProcess service(database.url());
    const auto status = [&](const std::string& resource, const std::string& id) {
        return run_program({"impact", resource, id, "--database", database.url()}).status;
    };
    for (const char* id : {"XMAS/10%", "XMAS%2F10%25", "@deleted", "a,b"}) {
        CHECK(status("my coupon", id) == 0);
        CHECK(status("my%20coupon", id) == 0);
    }
    CHECK(status("my coupon", "XMAS%2F10%") == 3);
    CHECK(status("stay", "Ritz,10%") == 0);
    CHECK(status("stay", "a%2Cb,%252C") == 0);
    CHECK(status("stay", "a,b,%252C") == 3);
    request(service.port(), "DELETE", "/v1/my%20coupon/XMAS%2F10%25");
    CHECK(run_program({"trash", "restore", "my coupon", "XMAS/10%", "--database", database.url()})
              .output == "my%20coupon\t1\n");
}

TEST_CASE("trash purge forgets a group, and never without being told so") {
    Bench bench;
    const auto item = bench.item_of("/v1/project/2");
    const auto unasked = bench.trash({"purge", item});
    CHECK(unasked.status == 2);
    CHECK(unasked.output.find("give --yes") != std::string::npos);
    CHECK(bench.trash({"show", item}).status == 0);
    CHECK(bench.trash({"purge", item, "--yes"}).status == 0);
    CHECK(bench.trash({"purge", item, "--yes"}).status == 3);
    const auto gone = request(bench.service.port(), "GET", "/v1/trash/" + item);
    CHECK(gone.code() == "gone");
}

TEST_CASE("several items are shown and purged in one command, and none where one is not there") {
    // "give one TrashItem at a time"
    Bench bench;
    const auto one = bench.item_of("/v1/project/1"), two = bench.item_of("/v1/project/2");
    const auto shown = bench.trash({"show", "project", "1", "2"});
    CHECK(shown.status == 0);
    CHECK(shown.output.find("displayName\tsecond\n") > shown.output.find("\n\n"));
    const auto both = parsed(bench.trash({"show", one, two, "--json"}).output);
    CHECK(both[0]["id"].GetString() == one);
    CHECK(both[1]["id"].GetString() == two);

    const auto unasked = bench.trash({"purge", one, two, one});
    CHECK(unasked.status == 2);
    CHECK(unasked.output ==
          "trashd: this forgets 2 groups, 5 rows for good; purging asks first, and there is no "
          "terminal; give --yes\n");
    CHECK(bench.trash({"purge", "project", "1", "9", "--yes"}).status == 3);
    CHECK(bench.trash({"show", one}).status == 0);
    CHECK(bench.trash({"purge", "project", "1", "2", "--yes"}).status == 0);
    CHECK(bench.trash({"show", one}).status == 3);
    CHECK(bench.trash({"show", two}).status == 3);
}

TEST_CASE("a resource that is misspelt in a filter is told, and one whose table is gone is not") {
    // 'resource' is none
    Bench bench;
    bench.item_of("/v1/task/3");
    TestConnection(bench.database.url())->exec("DROP TABLE task");
    CHECK(parsed(bench.trash({"list", "--resource", "task", "--json"}).output).Size() == 1);
    for (const char* command : {"list", "empty"}) {
        const auto misspelt = bench.trash({command, "--resource", "porject"});
        CHECK(misspelt.status == 3);
        CHECK(misspelt.output == "trashd: there is no resource 'porject'; did you mean project?\n");
    }
}

TEST_CASE("nodb: commands of others, paths and options with one dash are told what was meant") {
    CHECK(run_program({"restore", "x"})
              .output.starts_with(
                  "trashd: there is no command 'restore'; did you mean trash restore?\n"));
    CHECK(run_program({"list"}).output.starts_with(
        "trashd: there is no command 'list'; did you mean trash list or key list?\n"));
    CHECK(run_program({"trash", "list", "-json"})
              .output.starts_with("trashd: there is no option '-json'; did you mean --json?\n"));
    CHECK(service::did_you_mean("project", {"time/projects", "clients"}) ==
          "; did you mean time/projects?");
    CHECK(service::did_you_mean("time", {"time/projects"}).empty());
}

TEST_CASE("trash list and trash empty mean the same by their filters") {
    Bench bench;
    bench.item_of("/v1/project/1");
    const auto young = bench.item_of("/v1/project/2");
    TestConnection(bench.database.url())
        ->exec(
            "UPDATE trashd.trash_group SET created_at = created_at - '2 h'::interval WHERE "
            "root_object = '1'");
    CHECK(parsed(bench.trash({"list", "--all", "--json"}).output).Size() == 5);
    CHECK(parsed(bench.trash({"list", "--json"}).output).Size() == 2);
    CHECK(parsed(bench.trash({"list", "--older-than", "1h", "--all", "--json"}).output).Size() ==
          3);
    CHECK(parsed(
              bench.trash({"list", "--all", "--resource", "task", "--query", "3", "--json"}).output)
              .Size() == 1);
    CHECK(parsed(bench.trash({"list", "--by", "nobody", "--json"}).output).Empty());
    CHECK(bench.trash({"list", "--older-than", "soon"}).status == 2);
    const auto unasked = bench.trash({"empty", "--older-than", "1h"});
    CHECK(unasked.status == 2);
    CHECK(unasked.output ==
          "trashd: this forgets 1 group, 3 rows for good; purging asks first, and there is no "
          "terminal; give --yes\n");
    const auto dry = bench.trash({"empty", "--dry-run"});
    CHECK(dry.status == 0);
    CHECK(dry.output == "would be forgotten: 2 groups, 5 rows\n");
    CHECK(bench.trash({"empty", "--dry-run", "--json"}).output == "{\"groups\":2,\"items\":5}\n");
    CHECK(bench.trash({"empty", "--older-than", "soon", "--yes"}).status == 2);
    const auto emptied = bench.trash({"empty", "--older-than", "1h", "--reason", "old", "--yes"});
    CHECK(emptied.status == 0);
    CHECK(emptied.output == "forgotten: 1 group, 3 rows\n");
    CHECK(bench.trash({"show", young}).status == 0);
    CHECK(TestConnection(bench.database.url())
              .value("SELECT reason || object_id FROM trashd.ledger WHERE action = 'purged'") ==
          "old1");
    CHECK(bench.trash({"empty", "--yes", "--json"}).output == "{\"groups\":1,\"items\":2}\n");
}

TEST_CASE("impact shows what a delete takes, and what refuses it with status 4") {
    Bench bench;
    const auto free = bench.run({"impact", "project", "1"});
    CHECK(free.status == 0);
    CHECK(free.output ==
          "project\ttrash\t1\tnamed\n"
          "task\ttrash\t2\ttask_project_fkey: ON DELETE CASCADE\n");
    const auto blocked = bench.run({"impact", "project", "3"});
    CHECK(blocked.status == 4);
    CHECK(blocked.output.find("bill\tbill_project_fkey\t1\t7\n") != std::string::npos);
    CHECK(bench.run({"impact", "project", "3", "--cascade"}).status == 0);
    CHECK(bench.run({"impact", "project", "9"}).status == 3);
    CHECK(bench.run({"impact", "nothing", "1"}).status == 3);
    CHECK(parsed(bench.run({"impact", "project", "3", "--json"}).output)["blockers"].Size() == 1);
}

TEST_CASE("statuses tell scripts what went wrong") {
    TempDatabase database(kSchema);
    CHECK(run_program({"trash"}).status == 2);
    CHECK(run_program({"trash", "show"}).status == 2);
    CHECK(run_program({"nonsense"}).status == 2);
    CHECK(run_program({"serv"}).output.starts_with(
        "trashd: there is no command 'serv'; did you mean serve?\n"));
    CHECK(run_program({"trash", "lst"}).status == 2);
    CHECK(run_program({"trash", "lst"})
              .output.starts_with("trashd: there is no command 'lst'; did you mean list?\n"));
    CHECK(run_program({"trash", "list", "--al"})
              .output.starts_with("trashd: there is no option '--al'; did you mean --all?\n"));
    CHECK(run_program({"trash", "purge", "x", "--yess=1"}).status == 2);
    CHECK(run_program({"trash", "list", "--limit", "0"}).status == 2);
    const auto help = run_program({"trash", "list", "--help"});
    CHECK(help.status == 0);
    CHECK(help.output.find("3 not found or gone, 4 conflict") != std::string::npos);
    CHECK(run_program({"trash", "show", "x", "--database", database.url()}).status == 3);
    CHECK(run_program({"trash", "list", "--database", "host=/nowhere"}).status == 5);
    const auto none = run_program({"trash", "list", "--data-dir", "/tmp/trashd-no-such"});
    CHECK(none.status == 5);
    CHECK_FALSE(std::filesystem::exists("/tmp/trashd-no-such"));
}

TEST_CASE("a private server is joined while its service runs, and runs for the command else") {
    std::string folder = "/tmp/trashd-test-XXXXXX";
    REQUIRE(mkdtemp(folder.data()) != nullptr);
    std::filesystem::permissions(folder, std::filesystem::perms(0755));
    const auto directory = folder + "/data";
    {
        ServiceProcess service("", {"--data-dir", directory, "--demo"});
        CHECK(run_program({"trash", "list", "--data-dir", directory}).status == 0);
        // the demo's paths were unknown to commands
        const std::string project = "00000000-0000-4000-8000-000000000042";
        CHECK(run_program({"impact", "time/projects", project, "--data-dir", directory}).status ==
              0);
        CHECK(request(service.port(), "GET", "/readyz").status == 200);
    }
    CHECK(run_program({"trash", "list", "--data-dir", directory}).status == 0);
    CHECK_FALSE(std::filesystem::exists(directory + "/data/postmaster.pid"));
    std::filesystem::remove_all(folder);
}

TEST_CASE("a key is printed once, listed without its secret, and revoked") {
    Bench bench;
    const TempFile config(
        "credentials.api_keys = true\nroles.people = [\"read\"]\nroles.other = []\n");
    const auto key = [&](std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), "key");
        arguments.insert(arguments.end(), {"--config", config.path()});
        return bench.run(arguments);
    };
    const auto made = key({"create", "ci", "--role", "people", "--role", "other", "--tenant",
                           "acme", "--expires", "2999-01-31"});
    CHECK(made.status == 0);
    CHECK(made.output.starts_with("trashd_"));
    CHECK(made.output.size() == 89);
    const auto id = made.output.substr(7, 16);
    const auto listed = key({"list"}).output;
    CHECK(listed.starts_with(id + "\tci\tvalid\tpeople other\tacme\t"));
    CHECK(listed.ends_with("\t2999-01-31T00:00:00.000000Z\t\n"));
    CHECK(key({"revoke", id}).output == "the key of ci is refused from now on\n");
    CHECK(parsed(key({"list", "--json"}).output)[0]["state"] == "revoked");
    CHECK(key({"revoke", "none"}).status == 3);
    CHECK(key({"create", "ci"}).status == 2);
    CHECK(key({"create", "", "--role", "people"}).status == 2);
    CHECK(key({"create", "ci", "--role", "people", "--expires", "now"}).status == 2);
    const auto unknown = key({"create", "ci", "--role", "poeple"});
    CHECK(unknown.status == 2);
    CHECK(unknown.output ==
          "trashd: there is no role 'poeple' in the configuration; it has other, people\n");
}
