// What the service tells about itself, for people and for programs.
#include <doctest/doctest.h>

#include <sstream>

#include "schema/error.hpp"
#include "tests/support/database.hpp"
#include "tests/support/http.hpp"
#include "tests/support/tokens.hpp"

using namespace trashd;
using namespace trashd::test;

TEST_CASE("the log is JSON where that is configured, an object a line") {
    TempDatabase database("CREATE TABLE a (id int PRIMARY KEY)");
    ServiceProcess service(database.url(), {}, "log.format = \"json\"");
    service.stop();
    std::istringstream lines(service.log());
    int count = 0;
    for (std::string line; std::getline(lines, line); ++count) {
        rapidjson::Document entry;
        CAPTURE(line);
        REQUIRE_FALSE(entry.Parse(line.c_str()).HasParseError());
        CHECK(entry["level"] == "info");
        CHECK(std::string(entry["time"].GetString()).ends_with("Z"));
    }
    CHECK(count >= 3);  // listening, stopping, stopped
}

TEST_CASE("an error of several lines is one line of a log in JSON") {
    TempDatabase database("CREATE TABLE a (id int PRIMARY KEY)");
    std::string log;
    try {
        ServiceProcess service(database.url(), {"--schema", "b"}, "log.format = \"json\"");
    } catch (const std::exception& error) {
        log = error.what();
    }
    CHECK(log.find("\"level\":\"critical\",\"message\":\"the configuration cannot be used:\\n  "
                   "schemas: there is no schema 'b' in the database\"}\n") != std::string::npos);
}

TEST_CASE("what is less than the configured level is not said") {
    const auto said = [](const std::string& level) {
        const TempFile config("log.level = \"" + level + "\"");
        return run_program({"serve", "--listen", "127.0.0.1:0", "--wait", "1", "--database",
                            "host=/nowhere", "--config", config.path()})
            .output;
    };
    CHECK(said("warning").find("; waiting for it") != std::string::npos);
    const auto errors = said("error");
    CHECK(errors.find("; waiting for it") == std::string::npos);
    CHECK(errors.find("[critical] the database cannot be reached: ") != std::string::npos);
}
