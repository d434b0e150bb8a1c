#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "schema/error.hpp"
#include "tests/support/database.hpp"
#include "tests/support/http.hpp"

using namespace trashd::test;

namespace {

const char* kSchema = R"(
CREATE TABLE project (id int PRIMARY KEY, name text NOT NULL UNIQUE);
CREATE TABLE task (id int PRIMARY KEY, project_id int NOT NULL REFERENCES project ON DELETE CASCADE,
                   title text);
CREATE TABLE bill (id int PRIMARY KEY, project_id int NOT NULL REFERENCES project);
CREATE TABLE note (id int PRIMARY KEY, project_id int REFERENCES project ON DELETE SET NULL);
CREATE TABLE member (project_id int, name text, PRIMARY KEY (project_id, name));
INSERT INTO project SELECT i, 'project ' || i FROM generate_series(1, 5) i;
INSERT INTO task SELECT i, 1, 'task ' || i FROM generate_series(1, 3) i;
INSERT INTO bill VALUES (1, 2), (2, 2);
INSERT INTO note VALUES (1, 1);
INSERT INTO member VALUES (1, 'a,b/c%'), (2, '');
)";

struct Bench {
    TempDatabase database{kSchema};
    ServiceProcess service;
    explicit Bench(const std::string& toml = "") : service(database.url(), {}, toml) {}

    Answer operator()(const std::string& verb, const std::string& address,
                      const httplib::Headers& headers = {}) {
        return request(service.port(), verb, address, headers);
    }
    std::string dump() {
        TestConnection connection(database.url());
        return copy_of_all_tables(connection.get());
    }
};

}  // namespace

TEST_CASE("a deleted object is seen in the trash and comes back as it was") {
    Bench call;
    const auto before = call.dump();
    auto deleted = call("DELETE", "/v1/project/1?reason=too%20old");
    REQUIRE(deleted.status == 204);
    const auto item = deleted.header("Location");
    CHECK(item.starts_with("/v1/trash/"));
    CHECK(deleted.header("X-Trash-Group").size() == 36);
    CHECK(call("GET", "/v1/task").body == "[]");
    CHECK(call("GET", "/v1/note/1").json()["project_id"].IsNull());

    auto shown = call("GET", item).json();
    CHECK(shown["displayName"] == "project 1");
    CHECK(shown["reason"] == "too old");
    CHECK(shown["groupSize"].GetInt() == 4);
    CHECK(shown["object"]["name"] == "project 1");

    auto restored = call("POST", item + "/$restore");
    REQUIRE(restored.status == 200);
    CHECK(restored.json()["root"]["href"] == "/v1/project/1");
    CHECK(restored.json()["restored"].GetInt() == 4);
    CHECK(restored.json()["relinked"].GetInt() == 1);
    CHECK(call.dump() == before);
}

TEST_CASE("GET and %24restore restore too") {
    Bench call;
    auto item = call("DELETE", "/v1/project/1").header("Location");
    CHECK(call("HEAD", item + "/$restore").header("Allow") == "GET, POST, OPTIONS");
    CHECK(call("GET", item + "/$restore", {{"Purpose", "prefetch"}}).code() == "forbidden");
    CHECK(call("GET", item + "/$restore", {{"Sec-Purpose", "prefetch;prerender"}}).status == 403);
    CHECK(call("GET", item + "/%24restore").status == 200);
    CHECK(call("GET", "/v1/project/1").status == 200);
}

TEST_CASE("a repeated delete answers the same and purges nothing") {
    Bench call;
    auto first = call("DELETE", "/v1/project/1");
    auto second = call("DELETE", "/v1/project/1");
    CHECK(second.status == 204);
    CHECK(second.header("Location") == first.header("Location"));
    CHECK(call("GET", first.header("Location")).status == 200);
}

TEST_CASE("Prefer: return=representation answers the TrashItem") {
    Bench call;
    auto answer = call("DELETE", "/v1/project/3", {{"Prefer", "return=representation"}});
    CHECK(answer.status == 200);
    CHECK(answer.json()["deletedObjectId"] == "3");
    CHECK(answer.json()["object"]["id"].GetInt() == 3);
}

TEST_CASE("a purged item is gone for good, and says so") {
    Bench call;
    auto item = call("DELETE", "/v1/project/1").header("Location");
    CHECK(call("DELETE", item).status == 204);
    auto again = call("DELETE", item);
    CHECK(again.status == 410);
    CHECK(again.code() == "gone");
    CHECK(again.json()["outcome"] == "purged");
    CHECK(call("POST", item + "/$restore").code() == "gone");
    CHECK(call("DELETE", "/v1/project/1").code() == "not-found");
}

TEST_CASE("what refers and refuses is a 409 that lists it; cascade=true takes it along") {
    Bench call;
    auto refused = call("DELETE", "/v1/project/2");
    REQUIRE(refused.status == 409);
    CHECK(refused.code() == "has-dependents");
    auto body = refused.json();
    REQUIRE(body["dependents"].Size() == 1);
    CHECK(body["dependents"][0]["resource"] == "bill");
    CHECK(body["dependents"][0]["count"].GetInt() == 2);
    auto item = call("DELETE", "/v1/project/2?cascade=true").header("Location");
    CHECK(call("GET", item).json()["groupSize"].GetInt() == 3);
}

TEST_CASE("a dry run answers the impact and changes nothing") {
    Bench call;
    const auto before = call.dump();
    auto impact = call("DELETE", "/v1/project/1?dryRun=true").json();
    CHECK(impact["total"].GetInt() == 4);
    CHECK(impact["root"]["resource"] == "project");
    auto blocked = call("DELETE", "/v1/project/2?dryRun=true");
    CHECK(blocked.status == 200);
    CHECK(blocked.json()["blockers"].Size() == 1);
    CHECK(call.dump() == before);
}

TEST_CASE("a hard delete leaves nothing in the trash") {
    Bench call;
    auto answer = call("DELETE", "/v1/project/1?permanent=true");
    CHECK(answer.status == 204);
    CHECK(answer.header("Location").empty());
    CHECK(call("GET", "/v1/trash").body == "[]");
    call("DELETE", "/v1/project/3");
    CHECK(call("DELETE", "/v1/project/3?hard=true").status == 204);
    CHECK(call("GET", "/v1/trash").body == "[]");
}

TEST_CASE("a member of a group is not purged by a hard delete, and the root is named") {
    Bench call;
    auto item = call("DELETE", "/v1/project/1").header("Location");
    auto answer = call("DELETE", "/v1/task/1?hard=true");
    CHECK(answer.status == 409);
    CHECK(answer.code() == "not-group-root");
    CHECK("/v1/trash/" + std::string(answer.json()["root"]["id"].GetString()) == item);
}

TEST_CASE("a restore over a taken key lists every conflict") {
    Bench call;
    auto item = call("DELETE", "/v1/project/3").header("Location");
    TestConnection(call.database.url())->exec("INSERT INTO project VALUES (3, 'other')");
    auto answer = call("POST", item + "/$restore");
    CHECK(answer.status == 409);
    CHECK(answer.code() == "restore-conflict");
    CHECK(answer.json()["conflicts"][0]["kind"] == "primary-key-taken");
    CHECK(call("POST", item + "/$restore?dryRun=true").status == 409);
}

TEST_CASE("a trashed object answers 410 with its item, and its row where it is asked for") {
    Bench call;
    auto item = call("DELETE", "/v1/project/4").header("Location");
    auto gone = call("GET", "/v1/project/4");
    CHECK(gone.status == 410);
    CHECK(gone.code() == "in-trash");
    CHECK("/v1/trash/" + std::string(gone.json()["trashItem"]["id"].GetString()) == item);
    for (const char* address : {"/v1/project/4/@deleted", "/v1/project/4?deleted=true",
                                "/v1/project/4?deleted=null", "/v1/project/4?trash=true"}) {
        auto row = call("GET", address).json();
        CHECK(row["name"] == "project 4");
        CHECK(row["deletedAt"] == row["trashItem"]["createdAt"]);
        CHECK_FALSE(row["trashItem"].HasMember("object"));
    }
    CHECK(call("GET", "/v1/project/5/@deleted").code() == "not-found");
}

TEST_CASE("lists page through live and trashed rows in key order, each exactly once") {
    Bench call;
    call("DELETE", "/v1/project/4");
    call("DELETE", "/v1/project/5");
    std::string ids, address = "/v1/project?deleted=null&limit=2";
    for (int pages = 0; pages < 5 && !address.empty(); ++pages) {
        auto answer = call("GET", address);
        REQUIRE(answer.status == 200);
        const auto rows = answer.json();
        for (const auto& row : rows.GetArray()) ids += std::to_string(row["id"].GetInt());
        auto link = answer.header("Link");
        address = link.empty() ? "" : link.substr(1, link.find('>') - 1);
    }
    CHECK(ids == "12345");
    CHECK(call("GET", "/v1/project/@deleted").json().Size() == 2);
    CHECK(call("GET", "/v1/project?deleted=true").json().Size() == 2);
    CHECK(call("GET", "/v1/trash?limit=1").json().Size() == 1);
}

TEST_CASE("composite ids are split before they are decoded") {
    Bench call;
    CHECK(call("GET", "/v1/member/1,a%2Cb%2Fc%25").json()["name"] == "a,b/c%");
    CHECK(call("GET", "/v1/member/2,").status == 200);
    CHECK(call("GET", "/v1/member/1").code() == "not-found");
    CHECK(call("GET", "/v1/member/1,a,b").code() == "not-found");
    auto item = call("DELETE", "/v1/member/1,a%2Cb%2Fc%25").header("Location");
    CHECK(call("GET", item).json()["deletedObjectId"] == "1,a%2Cb/c%25");
    CHECK(call("POST", item + "/$restore").json()["root"]["href"] == "/v1/member/1,a%2Cb%2Fc%25");
}

TEST_CASE("If-Match lets through only what the client saw") {
    Bench call;
    auto etag = call("GET", "/v1/project/5").header("ETag");
    CHECK(call("GET", "/v1/project/5", {{"If-None-Match", etag}}).status == 304);
    TestConnection(call.database.url())->exec("UPDATE project SET name = 'new' WHERE id = 5");
    auto stale = call("DELETE", "/v1/project/5", {{"If-Match", etag}});
    CHECK(stale.status == 412);
    CHECK(stale.code() == "stale");
    etag = call("GET", "/v1/project/5").header("ETag");
    CHECK(call("DELETE", "/v1/project/5", {{"If-Match", "\"x\", " + etag}}).status == 204);
}

TEST_CASE("confirmation and a reason are asked for where they are configured") {
    Bench call(
        "[[resource]]\ntable = \"project\"\npath = \"time/projects\"\nclass = \"Project\"\n"
        "confirm = true\nrequire_reason = true\n");
    auto asked = call("DELETE", "/v1/time/projects/1");
    CHECK(asked.status == 400);
    CHECK(asked.code() == "confirmation-required");
    CHECK(asked.json()["impact"]["total"].GetInt() == 4);
    CHECK(call("DELETE", "/v1/time/projects/1?confirm=true").code() == "reason-required");
    auto item = call("DELETE", "/v1/time/projects/1?confirm=true&reason=r");
    CHECK(item.status == 204);
    CHECK(call("GET", item.header("Location")).json()["deletedObjectClass"] == "Project");
    CHECK(call("DELETE", "/v1/time/projects/1").status == 204);
    CHECK(call("DELETE", "/v1/project/1").status == 404);
}

TEST_CASE("an object that goes into the trash and back is never missed by who asks for it") {
    // A restore between the two looks of a GET took the item that was to be told, and the process.
    TempDatabase database("CREATE TABLE note (id int PRIMARY KEY); INSERT INTO note VALUES (1)");
    ServiceProcess service(database.url());
    std::atomic<bool> over = false;
    std::thread mover([&] {
        for (int i = 0; i < 150; ++i) {
            const auto gone = request(service.port(), "DELETE", "/v1/note/1");
            CHECK(request(service.port(), "POST", gone.header("Location") + "/$restore").status ==
                  200);
        }
        over = true;
    });
    while (!over) {
        const int seen = request(service.port(), "GET", "/v1/note/1").status;
        CAPTURE(seen);
        CHECK((seen == 200 || seen == 410));
        const int both = request(service.port(), "GET", "/v1/note/1?deleted=null").status;
        CHECK(both == 200);
    }
    mover.join();
    CHECK(request(service.port(), "GET", "/v1/note/1").status == 200);
}

TEST_CASE("deletes that race with restores find the object live or in the trash") {
    // What was restored between the two looks of a delete was answered with 404.
    TempDatabase database("CREATE TABLE note (id int PRIMARY KEY); INSERT INTO note VALUES (1)");
    ServiceProcess service(database.url());
    std::vector<std::thread> clients;
    for (int client = 0; client < 3; ++client)
        clients.emplace_back([&] {
            for (int i = 0; i < 60; ++i) {
                const auto gone = request(service.port(), "DELETE", "/v1/note/1");
                CHECK(gone.status == 204);
                request(service.port(), "POST", gone.header("Location") + "/$restore");
            }
        });
    for (auto& client : clients) client.join();
}
