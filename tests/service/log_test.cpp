// What the service tells about itself, for people and for programs.
#include "service/server/log.hpp"

#include <doctest/doctest.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "schema/error.hpp"
#include "service/config/config.hpp"
#include "tests/support/database.hpp"
#include "tests/support/http.hpp"
#include "tests/support/tokens.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

std::string text_of(const std::string& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
}

// The log of this process, for the time of a case, in a file.
class OwnLog {
  public:
    explicit OwnLog(bool json) : before_(spdlog::default_logger()) {
        service::begin_log();
        service::LogConfig config;
        config.file = file_.path();
        config.json = json;
        service::use_log(config);
    }
    ~OwnLog() { spdlog::set_default_logger(before_); }
    std::string text() const { return text_of(file_.path()); }

  private:
    TempFile file_{""};
    std::shared_ptr<spdlog::logger> before_;
};

// Waits until the file ends so.
bool ends(const std::string& path, const std::string& text) {
    for (int i = 0; i < 2000; ++i, usleep(5000))
        if (text_of(path).ends_with(text)) return true;
    return false;
}

}  // namespace

TEST_CASE("nodb: what a message holds never makes two lines of it") {
    const std::string hostile = "table \"a\n[critical] b\r\x1b[2J\t\"";
    {
        const OwnLog log(false);
        spdlog::warn("{}", hostile);
        CHECK(log.text().ends_with(
            "] [trashd] [warning] table \"a\\n[critical] b\\x0d\\x1b[2J\\t\"\n"));
        CHECK(std::ranges::count(log.text(), '\n') == 1);
    }
    const OwnLog log(true);
    spdlog::warn("{}", hostile);
    CHECK(
        log.text().ends_with("\"level\":\"warning\",\"message\":\"table \\\"a\\n[critical] "
                             "b\\r\\u001B[2J\\t\\\"\"}\n"));
    CHECK(std::ranges::count(log.text(), '\n') == 1);
}

TEST_CASE("nodb: as text every fault of the configuration is a line") {
    const OwnLog log(false);
    service::log_end(service::ConfigError({"one: is wrong", "two: is, too"}));
    std::istringstream lines(log.text());
    for (const std::string end :
         {"the configuration cannot be used:", "  one: is wrong", "  two: is, too"}) {
        std::string line;
        std::getline(lines, line);
        CHECK(line.ends_with("] [trashd] [critical] " + end));
    }
    CHECK(lines.peek() == EOF);
}

TEST_CASE("the log goes to the file that is configured, which SIGHUP opens anew") {
    TempDatabase database("CREATE TABLE a (id int PRIMARY KEY)");
    const auto folder = temporary_directory();
    const auto file = folder + "/log", moved = folder + "/log.1";
    // At first it leads to standard error, where the test waits for the service.
    std::filesystem::create_symlink("/proc/self/fd/2", file);
    ServiceProcess service(database.url(), {}, "log.file = \"" + file + "\"");
    std::filesystem::remove(file);
    kill(service.pid(), SIGHUP);
    CHECK(ends(file, "] [trashd] [info] the log was opened again\n"));
    std::filesystem::rename(file, moved);
    const auto before = text_of(moved);
    kill(service.pid(), SIGHUP);
    CHECK(ends(file, "] [trashd] [info] the log was opened again\n"));
    CHECK(text_of(moved) == before);
    CHECK(service.stop() == 0);
    CHECK(text_of(file).ends_with("[info] stopped\n"));
    CHECK(service.log().find("stopped") == std::string::npos);
    std::filesystem::remove_all(folder);
}

TEST_CASE("a log file that cannot be written ends the start, and at SIGHUP the old one goes on") {
    TempDatabase database("CREATE TABLE a (id int PRIMARY KEY)");
    const TempFile config("log.file = \"/dev/null/log\"");
    const auto refused = run_program({"serve", "--listen", "127.0.0.1:0", "--database",
                                      database.url(), "--config", config.path()});
    CHECK(refused.status == 5);
    CHECK(refused.output.ends_with("[critical] log.file: /dev/null/log cannot be written\n"));

    const auto folder = temporary_directory();
    const auto file = folder + "/log";
    std::filesystem::create_symlink("/proc/self/fd/2", file);
    ServiceProcess service(database.url(), {}, "log.file = \"" + file + "\"");
    std::filesystem::remove(file);
    std::filesystem::create_directory(file);
    kill(service.pid(), SIGHUP);
    const auto said =
        "[error] log.file: " + file + " cannot be written; it is written where it was";
    CHECK(service.log_with(said).find(said) != std::string::npos);
    CHECK(service.stop() == 0);
    CHECK(service.log().find("stopped") != std::string::npos);
    std::filesystem::remove_all(folder);
}

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
