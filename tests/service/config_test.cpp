#include "service/config/config.hpp"

#include <doctest/doctest.h>

#include <set>
#include <sstream>

#include "schema/error.hpp"
#include "service/http/url.hpp"
#include "service/parsing/cursor.hpp"
#include "tests/support/database.hpp"
#include "tests/support/http.hpp"
#include "tests/support/tokens.hpp"

using namespace trashd;
using namespace trashd::service;

namespace {

Config load(const std::string& toml, const Overrides& overrides = {},
            const std::map<std::string, std::string>& variables = {}) {
    return load_config(toml, overrides, [&](const std::string& name) -> std::optional<std::string> {
        auto found = variables.find(name);
        if (found == variables.end()) return std::nullopt;
        return found->second;
    });
}

std::vector<std::string> faults_of(const std::string& toml) {
    try {
        load(toml);
    } catch (const ConfigError& error) {
        return error.faults;
    }
    return {};
}

}  // namespace

TEST_CASE("nodb: the defaults are in force where nothing is said") {
    auto config = load("");
    CHECK(config.listen == "127.0.0.1:8080");
    CHECK(config.schemas == std::vector<std::string>{"public"});
    CHECK(config.limits.body_bytes == 1048576);
    CHECK(config.restore_by_get);
}

TEST_CASE("nodb: the command line goes before the environment, that before the file") {
    const std::string file = "listen = \"127.0.0.1:1\"\ndatabase = \"file\"";
    CHECK(load(file).database == "file");
    CHECK(load(file, {}, {{"TRASHD_DATABASE_URL", "env"}}).database == "env");
    Overrides overrides;
    overrides.listen = "127.0.0.1:3";
    CHECK(load(file, overrides, {{"TRASHD_LISTEN", "127.0.0.1:2"}}).listen == "127.0.0.1:3");
}

TEST_CASE("nodb: a pooler is one of three kinds") {
    CHECK(load("").pooler == schema::Pooler::kAuto);
    CHECK(load("pooler = \"session\"").pooler == schema::Pooler::kSession);
    CHECK(database_limits(load("pooler = \"transaction\"")).pooler == schema::Pooler::kTransaction);
    CHECK(dump(load("pooler = \"transaction\"")).find("pooler = 'transaction'") !=
          std::string::npos);
    CHECK(faults_of("pooler = \"statement\"") ==
          std::vector<std::string>{"pooler: must be auto, session or transaction"});
    CHECK(faults_of("pooler = true").front() == "pooler: must be a string");
}

TEST_CASE("nodb: all faults are listed at once") {
    auto faults = faults_of(
        "listne = 1\npool_size = 0\nthreads = \"x\"\n[limits]\nbody = 1\n"
        "[[resource]]\npath = \"/a/\"\ncolour = 1\non_delete = { c = \"drop\" }\n");
    CHECK(faults.size() == 8);
    std::string all;
    for (const auto& fault : faults) all += fault + "\n";
    for (const char* part :
         {"listne: unknown key", "pool_size: must be from 1", "threads: must be a",
          "limits.body: unknown", "resource[0].table: is missing", "resource[0].path",
          "resource[0].colour", "on_delete.c: must be"})
        CHECK_MESSAGE(all.find(part) != std::string::npos, part);
}

TEST_CASE("nodb: only loopback is listened on, and the refusal says why") {
    for (const char* listen :
         {"0.0.0.0:80", "[::]:80", "10.0.0.1:80", "example.org:80", "128.0.0.1:1"}) {
        auto faults = faults_of(std::string("listen = \"") + listen + "\"");
        REQUIRE(faults.size() == 1);
        CHECK(faults[0].find("no credentials are configured") != std::string::npos);
    }
    for (const char* listen : {"127.0.0.1:0", "localhost:80", "[::1]:80", "127.9.9.9:1"})
        CHECK(faults_of(std::string("listen = \"") + listen + "\"").empty());
    for (const char* listen : {"8080", ":80", "127.0.0.1:", "127.0.0.1:70000", "127.0.0.1:8x"})
        CHECK(faults_of(std::string("listen = \"") + listen + "\"").size() == 1);
}

TEST_CASE("nodb: what is in force is printed without passwords and can be read again") {
    auto text =
        dump(load("database = \"postgresql://u:geheim@h/d?sslpassword=geheim\"\n"
                  "[[resource]]\ntable = \"a.b\"\non_delete = { c = \"cascade\" }"));
    CHECK(text.find("geheim") == std::string::npos);
    auto again = load(text);
    CHECK(again.resources.at(0).table == schema::QualifiedName{"a", "b"});
    CHECK(again.resources.at(0).on_delete.at("c") == "cascade");
    CHECK(again.database.find("host='h'") != std::string::npos);
}

TEST_CASE("nodb: the program refuses a foreign address and prints its configuration") {
    auto refused =
        test::run_program({"serve", "--listen", "0.0.0.0:8080", "--config", "/dev/null"});
    CHECK(refused.status == 1);
    auto printed =
        test::run_program({"config", "--schema", "a", "--schema", "b", "--listen", "[::1]:1"});
    CHECK(printed.status == 0);
    CHECK(printed.output.find("[::1]:1") != std::string::npos);
    CHECK(test::run_program({}).status != 0);
    CHECK(test::run_program({"--version"}).output.starts_with("trashd "));
    CHECK(test::run_program({"--version"}).status == 0);
}

TEST_CASE("nodb: the address of a next page is not much longer than that of the first") {
    // With its commas encoded it could be longer than the service itself takes.
    auto target = parse_target("/v1/a?where[t][in]=1,2,3&sort=b:c&resource=x/y&q=a%26b%3D+%22");
    CHECK(target.query.with("cursor", "z") ==
          "?cursor=z&q=a%26b%3D%20%22&resource=x/y&sort=b:c&where%5Bt%5D%5Bin%5D=1,2,3");
}

TEST_CASE("nodb: addresses are split first and decoded once") {
    auto target = parse_target("/v1/a%2Fb/%2525?x=1+2%2B");
    CHECK(target.segments == std::vector<std::string>{"v1", "a/b", "%25"});
    CHECK(target.query.text("x") == "1 2+");
    CHECK(split_id("a%2Cb,c", 2) == std::vector<std::string>{"a,b", "c"});
    CHECK(split_id("a,b", 1) == std::vector<std::string>{"a,b"});
    CHECK(encode_object_id("a%2Cb/,%25", 2) == "a%2Cb%2F,%25");
    CHECK_THROWS_AS(parse_target("http://x/"), Error);
    CHECK_THROWS_AS(percent_decode("%f4%90%80%80"), Error);
}

TEST_CASE("nodb: a cursor comes back as it went out, anything else is refused") {
    const trash::CursorValues values = {"a\"b", std::nullopt, "ä", ""};
    CHECK(decode_cursor(encode_cursor("mark", values), "mark", 4) == values);
    CHECK_THROWS_AS(decode_cursor(encode_cursor("other", values), "mark", 4), Error);
    CHECK_THROWS_AS(decode_cursor(encode_cursor("mark", values), "mark", 3), Error);
    for (const char* text : {"", "x", "!", "e30", "W10", "WzFd", "WyJtYXJrIiwxXQ"})
        CHECK_THROWS_AS(decode_cursor(text, "mark", 1), Error);
}

TEST_CASE("nodb: any address may be served once credentials are configured") {
    const std::string any = "listen = \"0.0.0.0:8080\"\n";
    CHECK(faults_of(any) ==
          std::vector<std::string>{
              "listen: '0.0.0.0:8080' is refused because no credentials are configured: anyone who "
              "reaches it could delete; configure [credentials], or use a loopback address such as "
              "127.0.0.1:8080"});
    CHECK(faults_of(any + "[credentials]\napi_keys = true\n[roles]\npeople = \"*\"").empty());
    CHECK(faults_of(any + "[credentials]\njwt_keys = \"k\"\n[roles]\npeople = \"*\"").empty());
}

TEST_CASE("nodb: roles and credentials that cannot be meant are faults") {
    const std::string keys = "[credentials]\napi_keys = true\n";
    const auto fault = [&](const std::string& toml) {
        const auto faults = faults_of(toml);
        REQUIRE(faults.size() == 1);
        return faults[0];
    };
    CHECK(fault(keys) == "roles: there is none, so nobody could do anything");
    CHECK(fault("[roles]\na = [\"read\"]") ==
          "roles: nobody can have one; set api_keys or jwt_keys under [credentials]");
    CHECK(fault(keys + "anonymous = \"b\"\n[roles]\na = []") ==
          "credentials.anonymous: there is no role 'b'");
    CHECK(fault(keys + "[roles]\na = [\"delete\"]") ==
          "roles.a: 'delete' is no right; there are read, write, trash, view-trash, restore, "
          "purge, hold, erase, admin, and * for all of them");
    CHECK(fault(keys + "[roles]\na = {read = [\"x\", \"/y\"]}") ==
          "roles.a.read: must name resources, as in \"time/*\" or \"*\"");
    CHECK(fault(keys + "[roles]\na = {restor = \"*\"}") ==
          "roles.a: 'restor' is no right; there are read, write, trash, view-trash, restore, "
          "purge, hold, erase, admin, and * for all of them; did you mean restore?");
    CHECK(fault(keys + "[roles]\na = 7") ==
          "roles.a: must be a list of rights, or a table of right = resources");
    CHECK(fault(keys + "clock_skew_seconds = -1\n[roles]\na = []") ==
          "credentials.clock_skew_seconds: must be from 0 to 3600");
}

TEST_CASE("nodb: own-deletes is said of restore and of purge, and never names a resource") {
    const auto role = [](const std::string& text) {
        return "[credentials]\napi_keys = true\n[roles]\na = " + text + "\n";
    };
    const auto fault = [&](const std::string& text) {
        const auto faults = faults_of(role(text));
        REQUIRE(faults.size() == 1);
        return faults[0];
    };
    CHECK(fault("{trash = \"own-deletes\"}") ==
          "roles.a.trash: 'own-deletes' is for restore and purge alone");
    CHECK(fault("{\"*\" = [\"own-deletes\"]}") ==
          "roles.a.*: 'own-deletes' is for restore and purge alone");
    for (const char* word : {"own-delete", "own_deletes", "own", "own-rows"})
        CHECK(fault("{restore = [\"time/*\", \"" + std::string(word) + "\"]}") ==
              "roles.a.restore: there is no '" + std::string(word) +
                  "'; did you mean own-deletes?");
    CHECK(fault("[\"read\", \"own-deletes\"]") ==
          "roles.a: 'own-deletes' is no right; say of which, as in { restore = \"own-deletes\" }");
    CHECK(fault("{own-deletes = \"*\"}") ==
          "roles.a: 'own-deletes' is no right; say of which, as in { restore = \"own-deletes\" }");
    CHECK(faults_of(role("{restore = \"owners\"}")).empty());

    const auto all = load(role("{\"*\" = \"*\", restore = \"own-deletes\"}"));
    const auto& granted = all.roles.at("a");
    CHECK(granted.own_deletes == std::set{Right::kRestore});
    CHECK(granted.grants.at(Right::kRestore).at(0).everything());
    CHECK(dump(load(dump(all))) == dump(all));
    const auto some = load(role("{purge = [\"time/*\", \"own-deletes\"]}"));
    CHECK(some.roles.at("a").grants.at(Right::kPurge).size() == 1);
    CHECK(dump(some).find("purge = [ 'own-deletes', 'time/*' ]") != std::string::npos);
    CHECK(dump(load(dump(some))) == dump(some));
}

TEST_CASE("nodb: names with quotes and line ends are dumped as they are") {
    // the dump wrote such keys without quotes around them, so it could not be read again
    const auto config = load(
        "[credentials]\napi_keys = true\n[roles]\n\"it's\\n\" = [\"read\"]\n[[resource]]\n"
        "table = \"a\"\non_delete = {\"o'n\" = \"restrict\", \"\" = \"cascade\"}\n");
    const auto again = load(dump(config));
    CHECK(again.roles.contains("it's\n"));
    CHECK(again.resources.at(0).on_delete == config.resources.at(0).on_delete);
    CHECK(again.resources.at(0).on_delete.at("o'n") == "restrict");
}

TEST_CASE("nodb: what is dumped of roles and credentials is read as the same") {
    const auto config = load(
        "[credentials]\njwt_keys = \"keys.json\"\nissuer = \"me\"\nanonymous = \"b\"\n[roles]\n"
        "a = {\"*\" = \"time/*\", read = \"*\"}\nb = [\"read\"]\n");
    const auto text = dump(config);
    CHECK(dump(load(text)) == text);
    CHECK(config.roles.at("a").grants.size() == kRights.size());
    CHECK(config.roles.at("a").grants.at(Right::kRead).size() == 2);
    CHECK(config.roles.at("b").grants.size() == 1);
}

TEST_CASE("nodb: the panel signs in where its tokens are checked, and asks nobody else") {
    const std::string tokens =
        "[credentials]\njwt_keys = \"k\"\nissuer = \"https://id.example/realm\"\n"
        "[roles]\na = [\"read\"]\n[panel]\n";
    const auto config = load(tokens + "client_id = \"p\"");
    CHECK(config.panel.issuer == "https://id.example/realm");
    CHECK(config.panel.origins == std::set<std::string>{"https://id.example"});
    CHECK(dump(load(dump(config))) == dump(config));
    const auto two = load(tokens +
                          "client_id = \"p\"\nissuer = \"https://[::1]:9/\"\n"
                          "token_origin = \"https://tokens.example:8443\"");
    CHECK(two.panel.origins ==
          std::set<std::string>{"https://[::1]:9", "https://tokens.example:8443"});
    CHECK(load(tokens).panel.origins.empty());
    const auto fault = [](const std::string& toml) {
        const auto faults = faults_of(toml);
        REQUIRE(faults.size() == 1);
        return faults[0];
    };
    const std::string url = "panel.issuer: must be a URL, as in https://id.example/realm";
    for (const char* issuer :
         {"id.example", "ftp://id.example", "https://a b", "https://id.example; script-src *",
          "https://id.example?x", "https://user@id.example", "https://"})
        CHECK(fault(tokens + "client_id = \"p\"\nissuer = \"" + issuer + "\"") == url);
    CHECK(fault("[panel]\nissuer = \"https://id.example\"") ==
          "panel.client_id: is missing; the panel signs in by it");
    CHECK(fault("[panel]\nclient_id = \"p\"\nissuer = \"https://id.example\"") ==
          "panel.client_id: needs credentials.jwt_keys, which its tokens are checked with");
    CHECK(fault(tokens + "client_id = \"p\"\ntoken_origin = \"https://id.example/\"") ==
          "panel.token_origin: must be as in https://id.example");
}

TEST_CASE("nodb: a pattern means a path, or all that is below one") {
    const auto matches = [](const char* pattern, const std::vector<std::string>& path) {
        return ResourcePattern(pattern).matches(path);
    };
    CHECK(matches("*", {"time", "projects"}));
    CHECK(matches("time/*", {"time", "projects"}));
    CHECK_FALSE(matches("time/*", {"time"}));
    CHECK_FALSE(matches("time/*", {"timex", "projects"}));
    CHECK(matches("time/projects", {"time", "projects"}));
    CHECK_FALSE(matches("time", {"time", "projects"}));
    CHECK_FALSE(matches("time/projects", {"time", "projects", "old"}));
    CHECK(matches("n%C3%A4me", {"n\u00e4me"}));
    CHECK(matches("a%2Fb", {"a/b"}));
    CHECK_FALSE(matches("a/b", {"a/b"}));
    CHECK(matches("%2A", {"*"}));
    CHECK_FALSE(matches("%2A", {"x"}));
}

TEST_CASE("nodb: a fault is told with its line, and what a misspelt key was meant to be") {
    const auto said = [](const std::string& toml) -> std::string {
        try {
            load(toml);
        } catch (const ConfigError& error) {
            return error.what();
        }
        return "";
    };
    const std::string intro = "the configuration cannot be used:\n";
    CHECK(said("\n\nlistne = \"x\"") ==
          intro + "  line 3: listne: unknown key; did you mean listen?");
    CHECK(said("[limits]\n\nbody_bytes = \"x\"\nwhatever = 1") ==
          intro +
              "  line 3: limits.body_bytes: must be a whole number\n"
              "  line 4: limits.whatever: unknown key");
    CHECK(said("[[resource]]\ntable = \"a\"\n[[resource]]\npath = \"b\"") ==
          intro + "  line 3: resource[1].table: is missing");
    CHECK(said("\nlisten = \n").starts_with(intro + "  line 2: Error while parsing"));
    CHECK(said("pool_size = 700") == intro + "  threads: must be more than pool_size");
}

TEST_CASE("nodb: the log has a format and a level") {
    CHECK_FALSE(load("").log.json);
    const auto config = load("[log]\nformat = \"json\"\nlevel = \"warning\"");
    CHECK(config.log.json);
    CHECK(dump(config).find("level = 'warning'") != std::string::npos);
    CHECK(faults_of("[log]\nformat = \"xml\"\nlevel = \"loud\"") ==
          std::vector<std::string>{"log.format: must be text or json",
                                   "log.level: must be debug, info, warning or error"});
}

TEST_CASE("nodb: the sample configuration says the defaults, and can be used when all of it is") {
    const auto sample = test::source_file("docs/trashd.toml");
    CHECK(dump(load(sample)) == dump(load("")));
    std::string all;
    std::istringstream lines(sample);
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with("#") && !line.starts_with("# ")) all += line.substr(1) + "\n";
    const auto used = load(all);
    CHECK(used.resources.size() == 1);
    CHECK(used.limits.statement_timeout_ms == 30000);
    std::istringstream known(dump(load("")));
    for (std::string line; std::getline(known, line);) {
        const auto key = line.substr(0, line.find(" ="));
        CHECK_MESSAGE(sample.find("\n#" + key) != sample.npos, key);
    }
}

TEST_CASE("an empty file is a configuration of defaults, and what is no file is told") {
    using trashd::test::run_program, trashd::test::TempFile;
    const TempFile empty("");
    const auto printed = run_program({"config", "--config", empty.path()});
    CHECK(printed.status == 0);
    CHECK(printed.output ==
          run_program({"config", "--config", TempFile("# nothing\n").path()}).output);
    for (const std::string path : {"/nowhere/trashd.toml", "/tmp"}) {
        const auto refused = run_program({"config", "--config", path});
        CHECK(refused.status == 1);
        CHECK(refused.output ==
              "the configuration cannot be used:\n  " + path + ": cannot be read\n");
    }
}
