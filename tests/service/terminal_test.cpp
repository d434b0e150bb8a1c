// What the command line writes on a terminal, which is narrower than names may be.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <sstream>
#include <thread>

#include "service/cli/text_table.hpp"
#include "tests/support/database.hpp"
#include "tests/support/http.hpp"
#include "tests/support/tokens.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

// What the program writes on a terminal of 80 columns.
std::string said_on_terminal(const std::string& arguments) {
    const auto command = "stty cols 80; " + std::string(TRASHD_BINARY) + " " + arguments;
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(
        popen(("script -qc \"" + command + "\" /dev/null </dev/null").c_str(), "r"), pclose);
    std::string text;
    std::array<char, 4096> part{};
    while (const auto length = fread(part.data(), 1, part.size(), pipe.get()))
        text.append(part.data(), length);
    return text;
}

}  // namespace

TEST_CASE("nodb: a table fits the terminal, and its first column is whole") {
    service::TextTable table{{"ITEM", "NAME"}, {{"0123456789", "a long name of a thing"}}, 1};
    CHECK(service::fitted(table, 80) == "ITEM        NAME\n0123456789  a long name of a thing\n");
    CHECK(service::fitted(table, 20) == "ITEM        NAME\n0123456789  a long …\n");
    CHECK(service::fitted(table, 5) == "ITEM        NAME\n0123456789  a lon…\n");
}

TEST_CASE("nodb: a table that is too wide goes without its spare columns first") {
    const std::string id = "0191e0c1-7b2a-7c3d-9e4f-0123456789ab";
    service::TextTable table{{"ITEM", "RESOURCE", "ID", "NAME", "ROWS", "AGE", "BY", "REASON"},
                             {{id, "time/projects", "00000000-0000-4000-8000-000000000042",
                               "日本のウェブサイト", "57", "5m", "key:nightly", "old"},
                              {id, "customer", "7", "Ann", "1", "3h", "cli:root", ""}},
                             1,
                             {"REASON", "BY", "ID"}};
    const auto text = service::fitted(table, 80);
    CHECK(text.starts_with("ITEM                                  RESOURCE"));
    CHECK(text.find("REASON") == text.npos);
    CHECK(text.find("  ID") == text.npos);
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) CHECK(service::text_width(line) <= 80);
    CHECK(service::fitted(table, 200).find("REASON") != text.npos);
}

TEST_CASE("nodb: what a table shows can neither move the cursor nor end a line") {
    service::TextTable table{{"A", "B"}, {{"\x1b[2Jx\ny", "日本"}, {"a\tb\\", ""}}, 1};
    CHECK(service::fitted(table, 80) == "A        B\n [2Jx y  日本\na b\\\n");
    CHECK(service::tab_separated(table) == "\x1b[2Jx\\ny\t日本\na\\tb\\\\\t\n");
    CHECK(service::text_width("日本é") == 5);
    CHECK(service::text_width("\xff\xc3") == 2);
}

TEST_CASE("what is listed on a terminal of 80 columns fits it") {
    // names are as long as PostgreSQL has them
    const std::string longest(59, 'x');
    TempDatabase database("CREATE TABLE a_" + longest + " (id int PRIMARY KEY, b_" + longest +
                          " text);" + "CREATE TABLE c_" + longest + " (id int PRIMARY KEY, d_" +
                          longest + " int REFERENCES a_" + longest + " ON DELETE CASCADE);" +
                          "CREATE TABLE e_" + longest + " (id int PRIMARY KEY, f_" + longest +
                          " int REFERENCES a_" + longest + ");" + "INSERT INTO a_" + longest +
                          " VALUES (1, repeat('y', 200)), (2, 'z'); INSERT INTO c_" + longest +
                          " VALUES (1, 1); INSERT INTO e_" + longest + " VALUES (1, 2)");
    ServiceProcess service(database.url());
    const TempFile config("credentials.api_keys = true\nroles.\"" + longest + "\" = [\"read\"]\n");
    const auto listed = [&](const std::string& arguments) {
        const auto out = said_on_terminal(arguments + " --database '" + database.url() + "'");
        CAPTURE(out);
        CHECK(std::ranges::count(out, '\n') > 1);
        std::istringstream lines(out);
        for (std::string line; std::getline(lines, line);) {
            if (line.ends_with('\r')) line.pop_back();
            CAPTURE(line);
            const bool sentence = line.starts_with("trashd: ") || line.find(" INDEX ") != line.npos;
            CHECK((sentence || service::text_width(line) <= 80));
        }
        return out;
    };
    const auto table = "a_" + longest;
    listed("impact " + table + " 1");
    listed("impact " + table + " 2");
    listed("plan " + table);
    listed("doctor");
    REQUIRE(request(service.port(), "DELETE", "/v1/" + table + "/1").status == 204);
    listed("trash list");
    listed("trash list --all");
    listed("trash show " + table + " 1");
    TestConnection(database.url())->exec("INSERT INTO " + table + " VALUES (1, 'new')");
    listed("trash restore " + table + " 1");
    listed("trash restore " + table + " 1 --swap");
    run_program({"key", "create", longest, "--role", longest, "--tenant", longest, "--expires",
                 "2999-01-31", "--config", config.path(), "--database", database.url()});
    const auto keys = listed("key list --config " + config.path());
    CHECK(keys.find("  2999-01-31") != keys.npos);
    // the service seals every two seconds
    TestConnection ledger(database.url());
    for (int look = 0; look < 300 && ledger.value("SELECT count(*) FROM trashd.ledger_seal") == "0";
         ++look)
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    listed("ledger verify");
}
