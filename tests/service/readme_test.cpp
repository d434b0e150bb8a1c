// The commands of the documentation, run as they stand there.
#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

#include "schema/session/cluster.hpp"
#include "tests/support/access.hpp"
#include "tests/support/database.hpp"
#include "tests/support/http.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

struct Section {
    const char *file, *heading;
};

constexpr Section kQuickStart{"README.md", "Quick start"},
    kOwn{"README.md", "On your own database"}, kWriting{"docs/http.md", "Writing"},
    kMany{"docs/http.md", "Many at once"},
    kTrigger{"docs/triggers.md", "Taking back what a trigger wrote"},
    kOwner{"docs/ledger.md", "A trash schema of another role"};

// The blocks of a language in the section, one after the other.
std::string blocks(const Section& section, const std::string& language) {
    std::istringstream lines(source_file(section.file));
    std::string found, line;
    bool inside = false, within = false;
    while (std::getline(lines, line)) {
        if (line.starts_with("## ")) inside = line.substr(3) == section.heading;
        if (line.starts_with("```")) {
            within = inside && line == "```" + language;
            continue;
        }
        if (within) found += line + "\n";
    }
    REQUIRE_FALSE(found.empty());
    return found;
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
    for (auto at = text.find(what); at != text.npos; at = text.find(what, at + by.size()))
        text.replace(at, what.size(), by);
    return text;
}

// What the script writes, with a line "status N" for each answer that curl gets.
std::string run_script(const std::string& script) {
    const auto file = temporary_directory() + "/script";
    std::ofstream(file) << "curl() { command curl -sS -w '%{stderr}\\nstatus %{http_code}\\n' "
                           "\"$@\"; echo; }\n"
                        << script;
    FILE* pipe = popen(("bash " + file + " 2>&1").c_str(), "r");
    std::string output;
    char buffer[4096];
    while (const auto length = fread(buffer, 1, sizeof buffer, pipe)) output.append(buffer, length);
    pclose(pipe);
    std::filesystem::remove_all(std::filesystem::path(file).parent_path());
    return output;
}

std::vector<int> statuses_of(const std::string& output) {
    static const std::regex kStatus("(?:^|\n)status (\\d+)");
    std::vector<int> statuses;
    for (std::sregex_iterator at(output.begin(), output.end(), kStatus), end; at != end; ++at)
        statuses.push_back(std::stoi((*at)[1]));
    return statuses;
}

// The demo on a data directory that goes with it.
struct Demo {
    std::string folder = temporary_directory();
    std::unique_ptr<ServiceProcess> service;

    Demo() {
        std::filesystem::permissions(folder, std::filesystem::perms(0755));
        service = std::make_unique<ServiceProcess>(
            "", std::vector<std::string>{"--data-dir", folder + "/data", "--demo"},
            source_file("demo/trashd.toml"));
    }
    ~Demo() {
        service.reset();
        std::filesystem::remove_all(folder);
    }
    std::string run(const Section& section) const {
        return run_script(replaced(replaced(blocks(section, "sh"), "script/run\n", ""),
                                   "127.0.0.1:8080",
                                   "127.0.0.1:" + std::to_string(service->port())));
    }
};

// A server that asks for passwords, but not its superuser at the socket.
class PasswordServer {
  public:
    PasswordServer() {
        auto postgres = as("postgres", "postgres");
        postgres->exec("CREATE ROLE owner LOGIN PASSWORD 'owned' CREATEDB CREATEROLE");
        postgres->exec("CREATE ROLE app ROLE owner");
        let_in(*cluster_, directory_, "local all postgres trust\nlocal all all scram-sha-256\n");
        setenv("PGPASSWORD", "owned", 1);
        as("owner", "postgres")->exec("CREATE DATABASE shop");
        as("owner", "shop")
            ->script(
                "CREATE TABLE customer (id int PRIMARY KEY, name text); CREATE TABLE item (id "
                "int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, note text);"
                "INSERT INTO customer VALUES (1, 'Ann'), (2, 'Bob');"
                "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT "
                "INTO item (note) VALUES (OLD.name); RETURN NULL; END';"
                "CREATE TRIGGER note AFTER UPDATE ON customer FOR EACH ROW EXECUTE FUNCTION "
                "note()");
    }
    PasswordServer(const PasswordServer&) = delete;
    ~PasswordServer() {
        unsetenv("PGPASSWORD");
        cluster_.reset();
        std::filesystem::remove_all(directory_);
    }
    // As it stands in a URI.
    std::string host() const { return replaced(socket(), "/", "%2F"); }
    TestConnection as(const std::string& role, const std::string& database) const {
        return TestConnection("postgresql://" + role + "@" + host() + "/" + database);
    }

  private:
    std::string socket() const {
        static const std::regex kHost("host='([^']+)'");
        std::smatch found;
        const auto url = cluster_->url("postgres");
        REQUIRE(std::regex_search(url, found, kHost));
        return found[1];
    }

    const std::string directory_ = temporary_directory();
    std::unique_ptr<schema::Cluster> cluster_ = std::make_unique<schema::Cluster>(directory_);
};

// The line of the section that begins so, word by word, with the test's server in it.
std::vector<std::string> words_of(const Section& section, const std::string& begin,
                                  const PasswordServer& server) {
    std::istringstream lines(blocks(section, "sh"));
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with("build/trashd " + begin)) continue;
        std::istringstream words(replaced(line, "db.example", server.host()));
        std::vector<std::string> all;
        for (std::string word; words >> word && !word.starts_with("#");) all.push_back(word);
        return {all.begin() + 1, all.end()};
    }
    FAIL(section.file, " has no such line: ", begin);
    return {};
}

std::string after(const std::vector<std::string>& words, const std::string& option) {
    const auto at = std::find(words.begin(), words.end(), option);
    REQUIRE(at != words.end());
    return *(at + 1);
}

}  // namespace

TEST_CASE("the commands of the quick start do on the demo what they say") {
    const Demo demo;
    const auto output = demo.run(kQuickStart);
    CAPTURE(output);
    CHECK(statuses_of(output) ==
          std::vector<int>{200, 200, 200, 204, 200, 200, 200, 200, 204, 204, 410});
    CHECK(output.find("Website relaunch") != std::string::npos);
}

TEST_CASE("the commands that write, and take many at once, find the demo's objects") {
    // ids=1,2,3 were none of the demo's
    const Demo demo;
    CHECK(statuses_of(demo.run(kWriting)) == std::vector<int>{201});
    const auto output = demo.run(kMany);
    CHECK(statuses_of(output) == std::vector<int>{200, 200, 200});
    CHECK(output.find("not-found") == std::string::npos);
    CHECK(output.find("\"status\":\"trashed\"") != std::string::npos);
}

TEST_CASE("the role, the doctor and the service of the documentation work as they stand there") {
    // the role was called like the trash schema, and the service refused to start
    const PasswordServer server;
    server.as("owner", "shop")->script(blocks(kOwn, "sql"));
    setenv("PGPASSWORD", "a secret of your own", 1);
    CHECK(blocks(kOwn, "sh").find("PGPASSWORD='a secret of your own'") != std::string::npos);
    const auto examined = run_program(words_of(kOwn, "doctor", server));
    CAPTURE(examined.output);
    CHECK(examined.status == 0);
    CHECK(examined.output.find("0 errors") != std::string::npos);
    const auto words = words_of(kOwn, "serve", server);
    ServiceProcess service(after(words, "--database"), {"--schema", after(words, "--schema")});
    const auto item = request(service.port(), "DELETE", "/v1/customer/1").header("Location");
    CHECK(request(service.port(), "POST", item + "/$restore").status == 200);
    CHECK(request(service.port(), "PATCH", "/v1/customer/2", {{"Content-Type", "application/json"}},
                  R"({"name": "Eve"})")
              .status == 200);
    // the trigger's unqualified name meant the application's table, not the trash's
    CHECK(request(service.port(), "GET", "/v1/item?select=note").body.find("Bob") !=
          std::string::npos);
}

TEST_CASE("the trigger of the documentation tells what is gone and what came back") {
    // it deleted its row in the restore, which was refused for that, and failed on every INSERT
    TempDatabase database("CREATE TABLE doc (id int PRIMARY KEY); INSERT INTO doc VALUES (1)");
    TestConnection(database.url())->script(blocks(kTrigger, "sql"));
    ServiceProcess service(database.url());
    const auto gone = [&] {
        return TestConnection(database.url())
            .value("SELECT string_agg(concat_ws('|', id, who, back IS NULL), ' ') FROM doc_gone");
    };
    for (int round = 1; round <= 2; ++round) {
        const auto item = request(service.port(), "DELETE", "/v1/doc/1").header("Location");
        CHECK(gone() == "1|anonymous|t");
        CHECK(request(service.port(), "POST", item + "/$restore").status == 200);
        CHECK(gone() == "1|anonymous|f");
    }
    CHECK(request(service.port(), "POST", "/v1/doc", {{"Content-Type", "application/json"}},
                  R"({"id": 2})")
              .status == 201);
}

TEST_CASE("a trash schema that another role owns is made and used as the documentation says") {
    const PasswordServer server;
    server.as("owner", "shop")->script(blocks(kOwn, "sql"));
    server.as("owner", "shop")->exec("REVOKE CREATE ON DATABASE shop FROM trashd");
    const auto made = run_program(words_of(kOwner, "migrate", server));
    CAPTURE(made.output);
    CHECK(made.status == 0);
    setenv("PGPASSWORD", "a secret of your own", 1);
    ServiceProcess service(after(words_of(kOwn, "serve", server), "--database"));
    CHECK(request(service.port(), "DELETE", "/v1/customer/1").status == 204);
    CHECK(run_program(words_of(kOwn, "doctor", server)).status == 0);
}
