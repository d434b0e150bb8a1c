// How long what is deleted is kept, and that the service itself purges what is due.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "tests/support/database.hpp"
#include "tests/support/http.hpp"
#include "tests/support/problem.hpp"
#include "tests/support/tokens.hpp"
#include "trash/records/api_keys.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

const char* kSchema = R"(
CREATE TABLE client (id int PRIMARY KEY, name text);
CREATE TABLE project (id int PRIMARY KEY, client int REFERENCES client ON DELETE CASCADE);
CREATE TABLE task (id int PRIMARY KEY, project int REFERENCES project ON DELETE CASCADE);
INSERT INTO client SELECT i, 'client ' || i FROM generate_series(1, 9) i;
INSERT INTO project SELECT i, i FROM generate_series(1, 5) i;
INSERT INTO task SELECT i, i FROM generate_series(1, 3) i;
)";

const char* kKept = R"([retention]
keep = "10d"
[[resource]]
table = "project"
keep = "30d"
[[resource]]
table = "task"
keep = "forever"
)";

const char* kForever = "[retention]\nkeep = \"forever\"\n";

// What is told of history that is kept for ever.
const char* kHistoryKept =
    ",\"history\":{\"keep\":\"forever\",\"oldEntries\":0,\"oldGroups\":0,\"prunedEntries\":0,"
    "\"prunedGroups\":0,\"prunedBefore\":null}}\n";

struct Bench {
    explicit Bench(const std::string& toml) : service(database.url(), {}, toml) {}

    Answer call(const std::string& verb, const std::string& address, const std::string& body = "") {
        httplib::Headers headers;
        if (!body.empty()) headers.emplace("Content-Type", "application/json");
        return request(service.port(), verb, address, headers, body);
    }
    // The id of the root's item.
    std::string trash(const std::string& path) {
        const auto gone = call("DELETE", "/v1/" + path);
        REQUIRE(gone.status == 204);
        return gone.header("Location").substr(std::string("/v1/trash/").size());
    }
    // Days from now until the item's group is due, "NULL": never.
    std::string days(const std::string& item) {
        return sql.value(
            fmt::format("SELECT round(extract(epoch FROM expires_at - created_at) / 86400) FROM "
                        "trashd.trash_group WHERE uuid = (SELECT '{}'::uuid)",
                        call("GET", "/v1/trash/" + item).json()["groupId"].GetString()));
    }
    bool purged_within(const std::string& item, int seconds) {
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
        while (std::chrono::steady_clock::now() < until) {
            if (call("GET", "/v1/trash/" + item).status == 410) return true;
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
        }
        return false;
    }

    TempDatabase database{kSchema};
    ServiceProcess service;
    TestConnection sql{database.url()};
};

Finished retention(const Bench& bench, std::vector<std::string> arguments,
                   const std::string& toml) {
    TempFile file(toml);
    arguments.insert(arguments.begin(), "retention");
    arguments.insert(arguments.end(),
                     {"--database", bench.database.url(), "--config", file.path()});
    return run_program(arguments);
}

}  // namespace

TEST_CASE("a group expires with its longest-lived member, whichever way it came into the trash") {
    Bench bench(std::string(kKept) + "capture = true\n");
    CHECK(bench.days(bench.trash("client/9")) == "10");
    CHECK(bench.days(bench.trash("project/5")) == "30");
    CHECK(bench.days(bench.trash("client/4")) == "30");
    CHECK(bench.days(bench.trash("client/1")) == "NULL");
    const auto many = bench.call("DELETE", "/v1/client?ids=7,8");
    REQUIRE(many.status == 200);
    CHECK(bench.sql.value("SELECT count(*) FROM trashd.trash_group WHERE root_object IN ('7', '8') "
                          "AND expires_at - created_at = interval '10 days'") == "2");
    bench.sql->script("DELETE FROM task WHERE id = 3");
    CHECK(bench.sql.value("SELECT expires_at FROM trashd.trash_group WHERE captured_in IS NOT "
                          "NULL") == "NULL");
}

TEST_CASE("a captured delete is kept as long as one by the service, alone or in parts") {
    Bench bench(
        "[retention]\nkeep = \"10d\"\n[[resource]]\ntable = \"task\"\ncapture = true\n"
        "[[resource]]\ntable = \"project\"\ncapture = true\nkeep = \"20d\"\n");
    bench.sql->script("DELETE FROM task WHERE id = 1");
    bench.sql->script(
        "BEGIN; DELETE FROM task WHERE id = 2; DELETE FROM project WHERE id = 2; "
        "DELETE FROM task WHERE id = 3; COMMIT");
    CHECK(bench.sql.value("SELECT string_agg(extract(day FROM expires_at - created_at) || '/' || "
                          "size, ' ' ORDER BY id) FROM trashd.trash_group") == "10/1 20/2 10/1");
}

TEST_CASE("expiresAt is told of the item, its group, in lists, in their order and as CSV") {
    Bench bench(kKept);
    const auto first = bench.trash("client/9"), second = bench.trash("project/5"),
               third = bench.trash("task/3");
    const auto at = bench.sql.value(
        "SELECT to_char(expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') FROM "
        "trashd.trash_group ORDER BY id LIMIT 1");
    const auto item = bench.call("GET", "/v1/trash/" + first + "?expand=group").json();
    CHECK(item["expiresAt"] == at.c_str());
    CHECK(item["group"]["expiresAt"] == at.c_str());
    CHECK(bench.call("GET", "/v1/trash/" + third).json()["expiresAt"].IsNull());
    CHECK(ids(bench.call("GET", "/v1/trash?sort=expiresAt")) ==
          std::vector<std::string>{first, second, third});
    CHECK(ids(bench.call("GET", "/v1/trash?expiresBefore=" + at.substr(0, 10))).empty());
    const auto csv = request(bench.service.port(), "GET",
                             "/v1/trash?groupId=" + std::string(item["groupId"].GetString()),
                             {{"Accept", "text/csv"}});
    CHECK(csv.body.find(at) != std::string::npos);
    CHECK(bench.call("GET", "/v1/trash/$stats").body.find(at) != std::string::npos);
}

TEST_CASE("what is due is purged, and the ledger says that retention did it") {
    Bench bench("[retention]\nkeep = \"1s\"\nevery = \"1s\"\n");
    const auto item = bench.trash("client/1");
    REQUIRE(bench.purged_within(item, 30));
    const auto gone = bench.call("GET", "/v1/trash/" + item);
    CHECK(gone.json()["outcome"] == "purged");
    CHECK(gone.json()["by"] == "retention");
    const auto history = bench.call("GET", "/v1/history?action=purged").json();
    REQUIRE(history.Size() == 1);
    CHECK(history[0]["by"] == "retention");
    CHECK(history[0]["counts"].Size() == 3);
    const auto metrics = bench.call("GET", "/metrics").body;
    CHECK(metrics.find("trashd_retention_purged_groups_total 1\n") != std::string::npos);
    CHECK(metrics.find("trashd_retention_purged_items_total 3\n") != std::string::npos);
    CHECK(metrics.find("trashd_retention_errors_total 0\n") != std::string::npos);
    CHECK(metrics.find("trashd_retention_due_groups") != std::string::npos);
    CHECK(bench.sql.value("SELECT count(*) FROM trashd.item") == "0");
}

TEST_CASE("two instances purge what is due once, and leave what others hold for later") {
    const std::string toml = "[retention]\nkeep = \"1s\"\nevery = \"1s\"\n";
    Bench bench(toml);
    ServiceProcess second(bench.database.url(), {}, toml);
    TestConnection other(bench.database.url());
    const auto held = bench.trash("client/9");
    other->script("BEGIN; SELECT FROM trashd.trash_group WHERE root_object = '9' FOR UPDATE");
    const auto item = bench.trash("client/1");
    CHECK(bench.purged_within(item, 30));
    CHECK(bench.call("GET", "/v1/trash/" + held).status == 200);
    other->script("ROLLBACK");
    CHECK(bench.purged_within(held, 30));
    CHECK(bench.call("GET", "/v1/history?action=purged").json().Size() == 2);
}

TEST_CASE("a group stays until nothing in the trash needs it to come back") {
    Bench bench(
        "[retention]\nkeep = \"1s\"\nevery = \"1s\"\n[[resource]]\ntable = \"task\"\n"
        "keep = \"forever\"\n");
    const auto task = bench.trash("task/1"), project = bench.trash("project/1"),
               client = bench.trash("client/1"), other = bench.trash("client/9");
    REQUIRE(bench.purged_within(other, 30));
    std::this_thread::sleep_for(std::chrono::milliseconds(2500));
    // the task needs the project, and the project its client
    CHECK(bench.call("GET", "/v1/trash/" + project).status == 200);
    CHECK(bench.call("GET", "/v1/trash/" + client).status == 200);
    const auto metrics = bench.call("GET", "/metrics").body;
    CHECK(metrics.find("trashd_retention_kept_groups 2\n") != std::string::npos);
    CHECK(metrics.find("trashd_retention_due_groups 2\n") != std::string::npos);
    const auto back =
        bench.call("POST", "/v1/trash/" + task + "/$restore?with=ancestors&dryRun=true");
    CHECK(back.status == 200);
    CHECK(bench.call("DELETE", "/v1/trash/" + task).status == 204);
    CHECK(bench.purged_within(project, 30));
    CHECK(bench.purged_within(client, 30));
}

TEST_CASE("expiresAt is set by hand, and then stays whatever the configuration says") {
    Bench bench("");
    const auto item = bench.trash("client/1"), other = bench.trash("client/9");
    const auto patch = [&](const std::string& body) {
        return bench.call("PATCH", "/v1/trash/" + item, body);
    };
    const auto set = patch("{\"expiresAt\": \"2099-01-31T10:00:00+02:00\"}");
    CHECK(set.status == 200);
    CHECK(set.json()["expiresAt"] == "2099-01-31T08:00:00.000000Z");
    CHECK(set.json()["id"] == item.c_str());
    CHECK(patch("{\"expiresAt\": null}").json()["expiresAt"].IsNull());
    CHECK(patch("{\"expiresAt\": \"2099-02-01\"}").status == 200);
    const auto history = bench.call("GET", "/v1/history?action=expiry-set").json();
    CHECK(history.Size() == 3);
    CHECK(history[0]["by"] == "anonymous");
    const auto before = retention(bench, {"apply", "--dry-run", "--json"}, kKept);
    CHECK(before.output == std::string("{\"groups\":1,\"due\":0,\"byHand\":1") + kHistoryKept);
    CHECK(bench.call("GET", "/v1/trash/" + other).json()["expiresAt"].IsNull());
    CHECK(retention(bench, {"apply"}, kKept).output ==
          "1 groups have got another time, of which 0 are due at once; 1 keep the time that was "
          "set by hand\nhistory is kept for ever\n");
    CHECK(bench.call("GET", "/v1/trash/" + item).json()["expiresAt"] ==
          "2099-02-01T00:00:00.000000Z");
    CHECK(bench.days(other) == "10");
    const auto state = retention(bench, {"status", "--json"}, kKept).output;
    CHECK(state.starts_with(
        "{\"groups\":2,\"expiring\":2,\"due\":0,\"overdueSeconds\":0,\"next\":\""));
    CHECK(retention(bench, {"apply", "--json"}, kForever).output ==
          std::string("{\"groups\":1,\"due\":0,\"byHand\":1") + kHistoryKept);
    CHECK(retention(bench, {"status"}, kForever).output ==
          "2 groups are in the trash, 1 of them for ever\n0 are due\nthe next is due at "
          "2099-02-01T00:00:00.000000Z\nhistory is kept for ever\n");
}

TEST_CASE("what is no time, no item, or no change of one is refused") {
    Bench bench("");
    const auto item = bench.trash("client/1");
    const auto patch = [&](const std::string& body) {
        return bench.call("PATCH", "/v1/trash/" + item, body);
    };
    for (const char* text : {"\"tomorrow\"", "\"infinity\"", "5", "true", "\"2099-01\"", "{}"}) {
        CAPTURE(text);
        const auto refused = patch(std::string("{\"expiresAt\": ") + text + "}");
        CHECK(refused.status == 422);
        CHECK(refused.code() == "invalid");
        CHECK(refused.json()["detail"] ==
              "'expiresAt' must be a time as in RFC 3339, a date, or null for ever");
    }
    const auto nowhen = patch("{\"expiresAt\": \"2099-02-30\"}");
    CHECK(nowhen.status == 422);
    CHECK(nowhen.json()["detail"] == "'expiresAt' must be a time that exists");
    CHECK(patch("{}").code() == "bad-request");
    CHECK(patch("{\"expiresAt\": null, \"reason\": \"x\"}").code() == "bad-request");
    CHECK(patch("[]").code() == "bad-request");
    CHECK(bench
              .call("PATCH", "/v1/trash/01890a5d-ac96-774b-bcce-000000000001",
                    "{\"expiresAt\": null}")
              .code() == "not-found");
    REQUIRE(bench.call("DELETE", "/v1/trash/" + item).status == 204);
    CHECK(patch("{\"expiresAt\": null}").code() == "gone");
}

TEST_CASE("to set expiresAt takes the right to purge all of the group") {
    TempDatabase database(kSchema);
    ServiceProcess service(database.url(), {}, R"([credentials]
api_keys = true
[roles]
boss = "*"
some = { read = "*", trash = "*", view-trash = "*", purge = "client" }
)");
    schema::Pool pool(database.url(), 1);
    trash::Keys keys(pool, "trashd");
    const auto as = [&](const std::string& role) {
        return httplib::Headers{{"X-API-Key", keys.create({role, {role}, {}, {}}).text},
                                {"Content-Type", "application/json"}};
    };
    const auto boss = as("boss"), some = as("some");
    const auto gone = request(service.port(), "DELETE", "/v1/client/1", boss);
    REQUIRE(gone.status == 204);
    const auto refused =
        request(service.port(), "PATCH", gone.header("Location"), some, "{\"expiresAt\": null}");
    CHECK(refused.status == 403);
    CHECK(refused.code() == "forbidden");
    CHECK(request(service.port(), "PATCH", gone.header("Location"), boss, "{\"expiresAt\": null}")
              .status == 200);
}

TEST_CASE("an undone restore begins anew to count") {
    Bench bench(kKept);
    const auto item = bench.trash("client/9");
    REQUIRE(bench.call("PATCH", "/v1/trash/" + item, "{\"expiresAt\": null}").status == 200);
    const auto back = bench.call("POST", "/v1/trash/" + item + "/$restore");
    REQUIRE(back.status == 200);
    REQUIRE(bench.call("POST", back.json()["undo"]["href"].GetString()).status == 200);
    CHECK_FALSE(bench.call("GET", "/v1/trash/" + item).json()["expiresAt"].IsNull());
}

TEST_CASE("a tenant's own length stands in the place of the general one") {
    TempDatabase database(R"(CREATE TABLE doc (id int PRIMARY KEY, tenant_id text);
        INSERT INTO doc VALUES (1, 'acme'), (2, 'bolt'))");
    ServiceProcess service(database.url(), {}, R"([credentials]
api_keys = true
[roles]
owner = "*"
[tenant]
column = "tenant_id"
[retention]
keep = "10d"
[retention.tenants]
acme = "90d"
)");
    schema::Pool pool(database.url(), 1);
    trash::Keys keys(pool, "trashd");
    TestConnection sql(database.url());
    for (const auto& [tenant, id, days] : {std::tuple("acme", 1, "90"), {"bolt", 2, "10"}}) {
        const auto key = keys.create({tenant, {"owner"}, tenant, {}}).text;
        REQUIRE(
            request(service.port(), "DELETE", fmt::format("/v1/doc/{}", id), {{"X-API-Key", key}})
                .status == 204);
        CHECK(sql.value(fmt::format("SELECT extract(day FROM expires_at - created_at) FROM "
                                    "trashd.trash_group WHERE tenant = '{}'",
                                    tenant)) == days);
    }
}

TEST_CASE("nodb: lengths of time are told when they are none") {
    TempFile file(R"([retention]
keep = "30"
every = "2d"
[retention.tenants]
acme = "0s"
bolt = "1d"
[[resource]]
table = "doc"
keep = "soon"
)");
    const auto refused = run_program({"config", "--config", file.path()});
    CHECK(refused.status == 1);
    for (const char* fault :
         {"retention.keep: must be a number and a unit of s, m, h, d, w or y, as in \"30d\", or "
          "\"forever\"",
          "retention.every: must be from \"1s\" to \"1d\"", "retention.tenants.acme: must be",
          "resource[0].keep: must be", "retention.tenants: needs tenant.column"}) {
        CAPTURE(fault);
        CHECK(refused.output.find(fault) != std::string::npos);
    }
}
