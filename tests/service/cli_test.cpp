#include <doctest/doctest.h>
#include <pwd.h>
#include <unistd.h>

#include <filesystem>

#include "service/table.hpp"
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

TEST_CASE("trash list has a line for each item and no header where no terminal is") {
    Bench bench;
    const auto item = bench.item_of("/v1/project/2");
    const auto listed = bench.trash({"list"});
    CHECK(listed.status == 0);
    CHECK(listed.output.starts_with(item + "\tproject\t2\tsecond\t2\t"));
    CHECK(std::count(listed.output.begin(), listed.output.end(), '\n') == 2);
    CHECK(parsed(bench.trash({"list", "--json"}).output).Size() == 2);
    CHECK(bench.trash({"list", "--limit", "1"}).output.find("raise --limit") != std::string::npos);
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

TEST_CASE("trash list and trash empty mean the same by their filters") {
    Bench bench;
    bench.item_of("/v1/project/1");
    const auto young = bench.item_of("/v1/project/2");
    TestConnection(bench.database.url())
        ->exec(
            "UPDATE trashd.trash_group SET created_at = created_at - '2 h'::interval WHERE "
            "root_object = '1'");
    CHECK(parsed(bench.trash({"list", "--json"}).output).Size() == 5);
    CHECK(parsed(bench.trash({"list", "--root", "--json"}).output).Size() == 2);
    CHECK(parsed(bench.trash({"list", "--older-than", "1h", "--json"}).output).Size() == 3);
    CHECK(parsed(bench.trash({"list", "--resource", "task", "--query", "3", "--json"}).output)
              .Size() == 1);
    CHECK(parsed(bench.trash({"list", "--by", "nobody", "--json"}).output).Empty());
    CHECK(bench.trash({"list", "--older-than", "soon"}).status == 2);
    CHECK(bench.trash({"empty", "--older-than", "1h"}).status == 2);
    CHECK(bench.trash({"empty", "--older-than", "soon", "--yes"}).status == 2);
    const auto emptied = bench.trash({"empty", "--older-than", "1h", "--reason", "old", "--yes"});
    CHECK(emptied.status == 0);
    CHECK(emptied.output == "forgotten: 1 groups, 3 rows\n");
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
        CHECK(request(service.port(), "GET", "/readyz").status == 200);
    }
    CHECK(run_program({"trash", "list", "--data-dir", directory}).status == 0);
    CHECK_FALSE(std::filesystem::exists(directory + "/data/postmaster.pid"));
    std::filesystem::remove_all(folder);
}

TEST_CASE("nodb: a table fits the terminal, and its first column is whole") {
    service::TextTable table{{"ITEM", "NAME"}, {{"0123456789", "a long name of a thing"}}, 1};
    CHECK(service::fitted(table, 80) == "ITEM        NAME\n0123456789  a long name of a thing\n");
    CHECK(service::fitted(table, 20) == "ITEM        NAME\n0123456789  a long …\n");
    CHECK(service::fitted(table, 5) == "ITEM        NAME\n0123456789  a lon…\n");
}

TEST_CASE("nodb: what a table shows can neither move the cursor nor end a line") {
    service::TextTable table{{"A", "B"}, {{"\x1b[2Jx\ny", "日本"}, {"a\tb\\", ""}}, 1};
    CHECK(service::fitted(table, 80) == "A        B\n [2Jx y  日本\na b\\\n");
    CHECK(service::tab_separated(table) == "\x1b[2Jx\\ny\t日本\na\\tb\\\\\t\n");
    CHECK(service::text_width("日本é") == 5);
    CHECK(service::text_width("\xff\xc3") == 2);
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
