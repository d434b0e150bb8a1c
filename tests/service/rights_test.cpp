// Who may do what, asked of the real service: every route with every right, and each refusal whole.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <chrono>

#include "schema/catalog/catalog.hpp"
#include "schema/error.hpp"
#include "service/config/roles.hpp"
#include "service/server/router.hpp"
#include "tests/support/database.hpp"
#include "tests/support/problem.hpp"
#include "tests/support/tokens.hpp"
#include "trash/records/api_keys.hpp"

using namespace trashd;
using namespace trashd::service;
using namespace trashd::test;

namespace {

const char* kSchema = R"(
CREATE TABLE project (id int PRIMARY KEY, name text NOT NULL UNIQUE);
CREATE TABLE task (id int PRIMARY KEY, project_id int REFERENCES project ON DELETE CASCADE);
CREATE TABLE bill (id int PRIMARY KEY, project_id int REFERENCES project);
CREATE TABLE note (project_id int REFERENCES project ON DELETE CASCADE, text text);
INSERT INTO project VALUES (1, 'one'), (2, 'two'), (3, 'three'), (4, 'four');
INSERT INTO task VALUES (1, 1), (2, 1), (3, 3), (4, NULL);
INSERT INTO bill VALUES (1, 2), (2, 2), (3, NULL);
)";

// A role for each right, and those of the sentence "people may trash, editors any, admins purge".
const char* kRoles = R"([credentials]
api_keys = true
[roles]
read = ["read"]
write = ["write"]
trash = ["trash"]
view-trash = ["view-trash"]
restore = ["restore"]
purge = ["purge"]
hold = ["hold"]
erase = ["erase"]
admin = ["admin"]
none = []
people = { read = "*", trash = "project" }
owner = "*"
)";

struct Bench {
    TempDatabase database{kSchema};
    ServiceProcess service;
    schema::Pool pool{database.url(), 1};
    trash::Keys keys{pool, "trashd"};
    explicit Bench(const std::string& toml = kRoles) : service(database.url(), {}, toml) {}

    std::string key(const std::string& role, const std::string& name = "ci") {
        return keys.create({name, {role}}).text;
    }
    // With a key of the role.
    Answer as(const std::string& role, const std::string& verb, const std::string& address,
              const std::string& body = "") {
        auto& known = known_[role];
        if (known.empty()) known = key(role);
        httplib::Headers headers = {{"X-API-Key", known}};
        if (!body.empty()) headers.emplace("Content-Type", "application/json");
        return ask(service.port(), verb, address, headers, body);
    }
    std::string trash(const std::string& address) {
        const auto answer = as("owner", "DELETE", address);
        REQUIRE(answer.status == 204);
        return answer.header("Location");
    }

  private:
    std::map<std::string, std::string> known_;
};

std::string missing(const std::string& right, const std::string& resource = "") {
    return fmt::format(R"(,"missing":[{{"right":"{}","resource":{}}}])", right,
                       resource.empty() ? "null" : '"' + resource + '"');
}

void check_forbidden(const Answer& answer, const std::string& right,
                     const std::string& resource = "") {
    check_problem(answer, "forbidden",
                  fmt::format("the right '{}'{} is missing; ask for a role that has it", right,
                              resource.empty() ? "" : " for " + resource),
                  missing(right, resource));
}

// An address of the route at which there is nothing: rights go before that.
std::string address_of(const Route& route) {
    std::string address(route.path);
    for (const auto& [mark, text] : {std::pair<std::string, std::string>{"{resource}", "project"},
                                     {"{trashItemId}", "01890000-0000-7000-8000-000000000001"},
                                     {"{holdId}", "01890000-0000-7000-8000-000000000001"},
                                     {"{id}", "999"},
                                     {"{code}", "held"}})
        if (const auto at = address.find(mark); at != std::string::npos)
            address.replace(at, mark.size(), text);
    return address;
}

}  // namespace

TEST_CASE("every route refuses every right but its own, and is refused without credentials") {
    Bench bench;
    for (const auto& route : routes()) {
        const auto address = address_of(route), verb = std::string(route.verb);
        CAPTURE(verb);
        CAPTURE(address);
        const auto alone = ask(bench.service.port(), verb, address);
        const bool open = route.need.of == Need::Of::kNothing;
        CHECK((alone.status == 401) == !open);
        for (const auto right : kRights) {
            const auto role = std::string(right_name(right));
            const auto answer = bench.as(role, verb, address);
            CAPTURE(role);
            if (right == route.need.right || open || route.need.of == Need::Of::kCredentials)
                CHECK((answer.status != 401 && answer.status != 403));
            else
                check_forbidden(answer, std::string(right_name(route.need.right)),
                                route.need.of == Need::Of::kResource ? "project" : "");
        }
    }
}

TEST_CASE("what nobody may use is nothing more than the pages and the probes") {
    std::vector<std::string_view> open;
    for (const auto& route : routes())
        if (route.need.of == Need::Of::kNothing) open.push_back(route.path);
    CHECK(open == std::vector<std::string_view>{
                      "/healthz", "/readyz", "/openapi.yaml", "/openapi.json", "/", "/docs",
                      "/privacy", "/problems", "/problems/{code}", "/panel", "/panel/{file}"});
}

TEST_CASE("without credentials a request learns how to sign in, and nothing of what there is") {
    Bench bench;
    for (const char* address : {"/v1/project/1", "/v1/project/999", "/v1/nothing", "/metrics"}) {
        const auto answer = ask(bench.service.port(), "GET", address);
        check_problem(answer, "unauthorized",
                      "credentials are needed; send an API key in the header X-API-Key");
        CHECK(answer.header("WWW-Authenticate") == "X-API-Key realm=\"trashd\"");
    }
    CHECK(ask(bench.service.port(), "OPTIONS", "/v1/project").status == 401);
    CHECK(ask(bench.service.port(), "PUT", "/v1/project").status == 401);
}

TEST_CASE("a key that is unknown, revoked or expired is refused, and so are two at once") {
    Bench bench;
    const auto send = [&](const httplib::Headers& headers, const std::string& detail) {
        const auto answer = ask(bench.service.port(), "GET", "/v1/project", headers);
        check_problem(answer, "unauthorized", detail);
        CHECK(answer.header("WWW-Authenticate") == "X-API-Key realm=\"trashd\"");
    };
    const auto text = bench.key("owner");
    CHECK(ask(bench.service.port(), "GET", "/v1/project", {{"X-API-Key", text}}).status == 200);
    auto other = text;
    other.back() = other.back() == '0' ? '1' : '0';
    for (const auto& wrong : {other, std::string("x"), std::string()})
        send({{"X-API-Key", wrong}}, "the API key is not known");
    send({{"X-API-Key", text}, {"X-API-Key", text}}, "credentials are given twice; send one");
    send({{"X-API-Key", text}, {"Authorization", "Bearer x"}},
         "credentials are given twice; send one");
    send({{"Authorization", "Bearer " + text}},
         "tokens are not taken here; send an API key in the header X-API-Key");
    TestConnection(bench.database.url())->exec("UPDATE trashd.key SET expires_at = now()");
    send({{"X-API-Key", text}}, "the API key has expired");
    bench.keys.revoke(text.substr(7, 16));
    send({{"X-API-Key", text}}, "the API key was revoked");
}

TEST_CASE("what is needed beyond the route's right is asked for before anything is looked up") {
    Bench bench;
    const auto call = [&](const std::string& verb, const std::string& address) {
        return bench.as("people", verb, address);
    };
    check_forbidden(call("DELETE", "/v1/bill/3"), "trash", "bill");
    check_forbidden(call("DELETE", "/v1/bill/999"), "trash", "bill");
    check_forbidden(call("GET", "/v1/project?deleted=null"), "view-trash", "project");
    check_forbidden(call("GET", "/v1/project/4?deleted=true"), "view-trash", "project");
    check_forbidden(call("PATCH", "/v1/project/4"), "write", "project");
    check_forbidden(call("PATCH", "/v1/project/4?deleted=true"), "restore", "project");
    check_forbidden(bench.as("trash", "DELETE", "/v1/bill/999?hard=true"), "purge", "bill");
    check_forbidden(bench.as("trash", "DELETE", "/v1/bill?hard=true&ids=9"), "purge", "bill");
    check_forbidden(bench.as("trash", "DELETE", "/v1/bill?where[id][equals]=9"), "read", "bill");
    check_problem(call("GET", "/v1/nothing"), "not-found",
                  "nothing is at this address; /v1/ lists what there is");
}

TEST_CASE("a delete needs its right on every resource that it may take") {
    Bench bench;
    const std::string detail =
        "the right 'trash' for task, 'trash' for * is missing; ask for a role that has it";
    const std::string members =
        R"(,"missing":[{"right":"trash","resource":"task"},{"right":"trash","resource":"*"}])";
    for (const char* address : {"/v1/project/1", "/v1/project/999", "/v1/project/4?dryRun=true",
                                "/v1/project?ids=1,2", "/v1/project?ids=999&dryRun=true"})
        check_problem(bench.as("people", "DELETE", address), "forbidden", detail, members);
    CHECK(bench.as("owner", "GET", "/v1/project/1").status == 200);
    CHECK(bench.as("trash", "DELETE", "/v1/project/1").status == 204);
    CHECK(bench.as("owner", "GET", "/v1/project/1").status == 410);
}

TEST_CASE("deletedBy is the principal, the name of the key") {
    Bench bench;
    const httplib::Headers ada = {{"X-API-Key", bench.key("owner", "ada")}};
    const auto item = ask(bench.service.port(), "DELETE", "/v1/task/4", ada).header("Location");
    CHECK(bench.as("owner", "GET", item).json()["deletedBy"] == "key:ada");
    CHECK(ask(bench.service.port(), "DELETE", item, ada).status == 204);
    CHECK(bench.as("owner", "GET", item).json()["by"] == "key:ada");
    CHECK(bench.as("owner", "GET", "/v1/history").json()[0]["by"] == "key:ada");
}

TEST_CASE("restoring and purging need their right on every resource of the group") {
    Bench bench(std::string(kRoles) + R"(
half = { restore = "project", purge = "project", view-trash = "project" }
blind = { restore = "bill", purge = "bill" }
)");
    const auto item = bench.trash("/v1/project/1");
    check_forbidden(bench.as("half", "POST", item + "/$restore"), "restore", "task");
    check_forbidden(bench.as("half", "POST", item + "/$restore?dryRun=true"), "restore", "task");
    check_forbidden(bench.as("half", "DELETE", item), "purge", "task");
    check_forbidden(bench.as("half", "PATCH", "/v1/project/1?deleted=true", "{\"deletedAt\":null}"),
                    "restore", "task");
    const auto& none = "there is no such TrashItem";
    check_problem(bench.as("blind", "POST", item + "/$restore"), "not-found", none);
    check_problem(bench.as("blind", "DELETE", item), "not-found", none);
    CHECK(bench.as("restore", "POST", item + "/$restore").status == 200);
    check_problem(bench.as("blind", "POST", item + "/$restore"), "not-found", none);
    CHECK(bench.as("restore", "POST", item + "/$restore").code() == "gone");
    const auto gone = bench.trash("/v1/project/1");
    CHECK(bench.as("purge", "DELETE", gone).status == 204);
    check_problem(bench.as("blind", "DELETE", gone), "not-found", none);
}

TEST_CASE("ancestors are restored only with the right on them") {
    Bench bench(std::string(kRoles) + "tasks = { restore = \"task\", read = \"*\" }\n");
    const auto child = bench.trash("/v1/task/3");
    const auto parent = bench.trash("/v1/project/3");
    const auto restored = bench.as("tasks", "POST", child + "/$restore?with=ancestors");
    check_forbidden(restored, "restore", "project");
    const auto conflicts = bench.as("tasks", "POST", child + "/$restore").json();
    CHECK(conflicts["conflicts"][0]["kind"] == "missing-parent");
    CHECK_FALSE(conflicts["conflicts"][0].HasMember("trashItem"));
    CHECK(bench.as("owner", "GET", parent).status == 200);
    CHECK(bench.as("owner", "POST", child + "/$restore?with=ancestors").status == 200);
}

TEST_CASE("lists over all show what may be seen, and count no more") {
    Bench bench(std::string(kRoles) + R"(
tasks = { read = "task", view-trash = "task", purge = "task" }
)");
    bench.trash("/v1/project/1");
    const auto own = bench.trash("/v1/task/4");
    bench.trash("/v1/bill/3");
    const auto listed = bench.as("tasks", "GET", "/v1/trash?count=true");
    const auto items = listed.json();
    CHECK(items.Size() == 3);
    CHECK(listed.header("X-Total-Count") == "3");
    for (const auto& item : items.GetArray()) CHECK(item["resource"] == "task");
    CHECK(bench.as("tasks", "GET", "/v1/trash?root=true&count=true").header("X-Total-Count") ==
          "1");
    check_forbidden(bench.as("tasks", "GET", "/v1/trash?resource=bill"), "view-trash", "bill");
    const auto all = bench.as("owner", "GET", "/v1/trash?root=true").json();
    check_problem(bench.as("tasks", "GET", "/v1/trash/" + std::string(all[0]["id"].GetString())),
                  "not-found", "there is no such TrashItem");
    CHECK(bench.as("tasks", "GET", "/v1/").json().Size() == 1);
    const auto history = bench.as("tasks", "GET", "/v1/history").json();
    CHECK(history.Size() == 1);
    CHECK(history[0]["resource"] == "task");
    check_forbidden(bench.as("tasks", "GET", "/v1/history?resource=bill"), "view-trash", "bill");
    CHECK(bench.as("tasks", "GET", "/v1/task/1/@history").json().Size() == 0);
    CHECK(bench.as("owner", "GET", "/v1/task/1/@history").json().Size() == 1);
    const auto counts = bench.as("tasks", "DELETE", "/v1/trash").json();
    CHECK(counts["groups"].GetInt() == 1);
    check_forbidden(bench.as("tasks", "DELETE", "/v1/trash?q=x"), "view-trash");
    CHECK(bench.as("tasks", "DELETE", "/v1/trash?confirm=true").json()["items"].GetInt() == 1);
    CHECK(bench.as("owner", "GET", own).code() == "gone");
    CHECK(bench.as("owner", "GET", "/v1/trash?root=true").json().Size() == 2);
}

TEST_CASE("dependents and impacts show no resources that may not be read") {
    Bench bench(std::string(kRoles) + "blind = { trash = \"*\", read = \"project\" }\n");
    const std::string others = R"({"resource":null,"constraint":null,"count":2,"ids":[]})";
    check_problem(bench.as("blind", "DELETE", "/v1/project/2"), "has-dependents",
                  "other rows refer to this object; delete them first, or take them along with "
                  "cascade=true",
                  ",\"dependents\":[" + others + "]");
    const auto impact = bench.as("blind", "DELETE", "/v1/project/2?dryRun=true");
    CHECK(impact.body.ends_with("\"blockers\":[" + others + "]}"));
    CHECK(bench.as("owner", "DELETE", "/v1/project/2?dryRun=true").body.find("bill") !=
          std::string::npos);
}

TEST_CASE("conflicts of a restore show no rows, ids or counts that may not be seen") {
    Bench bench(std::string(kRoles) + R"(
blind = { restore = "*", view-trash = "task" }
half = { restore = "*", view-trash = "project" }
)");
    const auto item = bench.trash("/v1/project/1");
    CHECK(bench.as("owner", "POST", "/v1/project", R"({"id":7,"name":"one"})").status == 201);
    const auto conflict = [&](const std::string& role) {
        const auto answer = bench.as(role, "POST", item + "/$restore");
        CHECK(answer.code() == "restore-conflict");
        return answer.body.substr(answer.body.find("\"conflicts\""));
    };
    const std::string start = R"("conflicts":[{"kind":"unique-taken","resource":"project")",
                      id = R"(,"id":"1")",
                      middle = R"(,"constraint":"project_name_key","columns":["name"],"values":)";
    CHECK(conflict("owner") ==
          start + id + middle +
              R"(["one"],"with":{"resource":"project","id":"7"},"choices":["set","swap"]}]})");
    CHECK(conflict("half") == start + id + middle + R"(["one"],"choices":["set"]}]})");
    CHECK(conflict("blind") == start + middle + R"([],"choices":["set"]}]})");
}

TEST_CASE("as many conflicts as there may be, who may not see them learns of one") {
    Bench bench(std::string(kRoles) + "blind = { restore = \"*\" }\n");
    const auto parent = bench.trash("/v1/project/3");
    bench.as("owner", "POST", parent + "/$restore");
    const auto tasks = bench.trash("/v1/project/1");
    TestConnection(bench.database.url())->exec("INSERT INTO task VALUES (1, NULL), (2, NULL)");
    const auto all = bench.as("owner", "POST", tasks + "/$restore").json();
    CHECK(all["conflicts"].Size() == 2);
    CHECK(all["detail"] ==
          "the group cannot go back as it is: 2 conflicts; resolve them and restore again");
    const auto one = bench.as("blind", "POST", tasks + "/$restore").json();
    CHECK(one["conflicts"].Size() == 1);
    CHECK(one["detail"] ==
          "the group cannot go back as it is; resolve the conflicts and restore again");
}

TEST_CASE("an Idempotency-Key is its principal's own") {
    Bench bench;
    const auto send = [&](const std::string& name) {
        return ask(bench.service.port(), "DELETE", "/v1/task/4",
                   {{"X-API-Key", bench.key("owner", name)}, {"Idempotency-Key", "one"}});
    };
    CHECK(send("ada").header("Idempotency-Replayed").empty());
    CHECK(send("ada").header("Idempotency-Replayed") == "true");
    CHECK(send("eve").header("Idempotency-Replayed").empty());
    const auto refused = ask(bench.service.port(), "DELETE", "/v1/task/4",
                             {{"X-API-Key", bench.key("none", "ada")}, {"Idempotency-Key", "one"}});
    check_forbidden(refused, "trash", "task");
}

TEST_CASE("a trashed object is not there for who may not view the trash") {
    Bench bench;
    bench.trash("/v1/project/4");
    check_problem(bench.as("read", "GET", "/v1/project/4"), "not-found",
                  "there is no such object in project");
    CHECK(bench.as("owner", "GET", "/v1/project/4").status == 410);
    check_problem(bench.as("write", "PATCH", "/v1/project/4", R"({"name":"x"})"), "not-found",
                  "there is no such object in project");
    const auto taken = bench.as("write", "POST", "/v1/project", R"({"id":4,"name":"x"})");
    CHECK(taken.code() == "in-trash");
    CHECK_FALSE(taken.json().HasMember("trashItem"));
    const auto bulk = bench.as("trash", "DELETE", "/v1/task?ids=4").json();
    CHECK(bulk[0]["status"] == "trashed");
    CHECK(bulk[0]["trashItem"].IsNull());
}

TEST_CASE("who may write and not read gets no row back") {
    Bench bench;
    const auto made = bench.as("write", "POST", "/v1/project", R"({"id":9,"name":"x"})");
    CHECK(made.status == 201);
    CHECK(made.body.empty());
    CHECK(made.header("Location") == "/v1/project/9");
    CHECK(bench.as("write", "PATCH", "/v1/project/9", "{}").status == 204);
    CHECK(bench.as("owner", "PATCH", "/v1/project/9", "{}").body == R"({"id":9,"name":"x"})");
}

TEST_CASE("requests without credentials may have a role, and are asked to sign in for more") {
    std::string toml = kRoles;
    toml.insert(toml.find("api_keys"), "anonymous = \"read\"\n");
    Bench bench(toml);
    CHECK(ask(bench.service.port(), "GET", "/v1/project/1").status == 200);
    const auto answer = ask(bench.service.port(), "DELETE", "/v1/project/1");
    check_problem(answer, "unauthorized",
                  "the right 'trash' for project is missing; ask for a role that has it; send an "
                  "API key in the header X-API-Key");
    CHECK(answer.header("WWW-Authenticate") == "X-API-Key realm=\"trashd\"");
    CHECK(ask(bench.service.port(), "GET", "/v1/project/1", {{"X-API-Key", "x"}}).status == 401);
}

TEST_CASE("an operation runs with the rights of who asked for it, who alone sees it") {
    Bench bench(std::string(kRoles) + "blind = { trash = \"*\", read = \"project\" }\n");
    const httplib::Headers headers = {{"X-API-Key", bench.key("blind", "eve")},
                                      {"Prefer", "respond-async"}};
    check_forbidden(bench.as("people", "DELETE", "/v1/bill/1"), "trash", "bill");
    const auto accepted = ask(bench.service.port(), "DELETE", "/v1/project/2", headers);
    CHECK(accepted.status == 202);
    const auto address = accepted.header("Location");
    check_problem(bench.as("people", "GET", address), "not-found", "there is no such operation");
    CHECK(bench.as("admin", "GET", address).status == 200);
    std::string state;
    rapidjson::Document operation;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (state != "failed") {
        REQUIRE(std::chrono::steady_clock::now() < deadline);
        operation = ask(bench.service.port(), "GET", address, headers).json();
        state = operation["state"].GetString();
    }
    CHECK(operation["by"] == "key:eve");
    CHECK(operation["error"]["dependents"][0]["resource"].IsNull());
}

TEST_CASE("tokens sign in beside keys; a bad one is told apart from none") {
    const SigningKey key("ES256", "one");
    const TempFile file(jwks({key}));
    std::string toml = kRoles;
    toml.insert(toml.find("api_keys"), "jwt_keys = \"" + file.path() + "\"\n");
    Bench bench(toml);
    const auto with = [&](const std::string& authorization) {
        return ask(bench.service.port(), "DELETE", "/v1/task/4",
                   {{"Authorization", authorization}});
    };
    const std::string none = "Bearer realm=\"trashd\", X-API-Key realm=\"trashd\"",
                      bad =
                          "Bearer realm=\"trashd\", error=\"invalid_token\", X-API-Key "
                          "realm=\"trashd\"";
    const auto missing = ask(bench.service.port(), "DELETE", "/v1/task/4");
    check_problem(missing, "unauthorized",
                  "credentials are needed; send a token in the header Authorization, as Bearer, or "
                  "an API key in the header X-API-Key");
    CHECK(missing.header("WWW-Authenticate") == none);
    const auto wrong = with("Bearer " + SigningKey("ES256").sign(claims("ada", "owner")));
    check_problem(wrong, "unauthorized", "the signature of the token is wrong");
    CHECK(wrong.header("WWW-Authenticate") == bad);
    check_problem(with("Basic YTpi"), "unauthorized",
                  "the header Authorization must be Bearer and a token");
    check_forbidden(with("Bearer " + key.sign(claims("ada", "read"))), "trash", "task");
    const auto item = with("bearer " + key.sign(claims("ada", "owner"))).header("Location");
    CHECK(bench.as("owner", "GET", item).json()["deletedBy"] == "ada");
}

TEST_CASE("people may trash, editors any, admins purge: three lines say so") {
    Bench bench(R"([credentials]
api_keys = true
[roles]
people = ["read", "trash"]
editors = ["read", "write", "trash", "view-trash", "restore"]
admins = "*"
owner = "*"
)");
    const auto item = bench.as("people", "DELETE", "/v1/task/4").header("Location");
    check_forbidden(bench.as("people", "POST", item + "/$restore"), "restore");
    CHECK(bench.as("editors", "POST", item + "/$restore").status == 200);
    const auto again = bench.as("editors", "DELETE", "/v1/task/4").header("Location");
    check_forbidden(bench.as("editors", "DELETE", again), "purge");
    CHECK(bench.as("admins", "DELETE", again).status == 204);
}

TEST_CASE("who may write but not read learns no ETag, and with read does") {
    Bench bench(std::string(kRoles) + "both = [\"read\", \"write\"]\n");
    const std::string body = R"({"name":"x"})";
    const auto blind = bench.as("write", "PATCH", "/v1/project/4", body);
    CHECK(blind.status == 204);
    CHECK(blind.header("ETag").empty());
    const auto seeing = bench.as("both", "PATCH", "/v1/project/4", body);
    CHECK(seeing.header("ETag") == bench.as("read", "GET", "/v1/project/4").header("ETag"));
    CHECK(!seeing.header("ETag").empty());
}

TEST_CASE("an answer that was kept for a key is not for the same principal with fewer rights") {
    Bench bench(std::string(kRoles) + "both = [\"read\", \"write\"]\n");
    const auto post = [&](const std::string& key) {
        return ask(
            bench.service.port(), "POST", "/v1/project",
            {{"X-API-Key", key}, {"Idempotency-Key", "k"}, {"Content-Type", "application/json"}},
            R"({"id":9,"name":"nine"})");
    };
    const auto full = bench.key("both", "one"), less = bench.key("write", "one");
    CHECK(post(full).json()["name"].GetString() == std::string("nine"));
    const auto replayed = post(less);
    CHECK(replayed.header("Idempotency-Replayed").empty());
    CHECK(replayed.code() == "invalid");
    CHECK(replayed.body.find("nine") == std::string::npos);
    CHECK(post(full).header("Idempotency-Replayed") == "true");
}
