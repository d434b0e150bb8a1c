// Deleting many objects over HTTP: the ways to name them, the answers, what is refused.
#include <doctest/doctest.h>

#include "schema/error.hpp"
#include "tests/support/served_database.hpp"

using namespace trashd::test;

namespace {

const char* kSchema = R"(
CREATE TABLE folder (id int PRIMARY KEY, parent_id int REFERENCES folder ON DELETE CASCADE, name text);
CREATE TABLE tag (folder_id int REFERENCES folder ON DELETE CASCADE, name text, PRIMARY KEY (folder_id, name));
CREATE TABLE lease (id int PRIMARY KEY, folder_id int REFERENCES folder);
CREATE TABLE code (code varchar(3) PRIMARY KEY);
INSERT INTO folder SELECT i, CASE WHEN i > 4 THEN i - 4 END, 'folder ' || i FROM generate_series(1, 8) i;
INSERT INTO tag VALUES (1, 'a'), (1, 'b,c'), (2, 'a');
INSERT INTO lease VALUES (1, 8);
INSERT INTO code VALUES ('USA'), ('a,b');
)";

struct Bench : ServedDatabase {
    explicit Bench(const std::string& toml = "") : ServedDatabase(kSchema, toml) {}
};

std::string statuses(const Answer& answer) {
    CAPTURE(answer.body);
    REQUIRE(answer.status == 200);
    std::string text;
    const auto list = answer.json();
    for (const auto& entry : list.GetArray())
        text += std::string(entry["id"].GetString()) + " " + entry["status"].GetString() + "; ";
    return text;
}

}  // namespace

TEST_CASE("ids in the address, in a body of DELETE and in a body of POST mean the same") {
    Bench call;
    CHECK(statuses(call("DELETE", "/v1/folder?ids=1,x,77")) ==
          "1 trashed; x not-found; 77 not-found; ");
    CHECK(statuses(call("DELETE", "/v1/folder?ids=2%2C1")) == "2 trashed; 1 already-trashed; ");
    CHECK(statuses(call("DELETE", "/v1/folder", R"({"ids": [3, "2", "x y"]})")) ==
          "3 trashed; 2 already-trashed; x y not-found; ");
    const auto last = call("POST", "/v1/folder/bulk-delete", R"({"ids": [7, 3]})");
    CHECK(statuses(last) == "7 already-trashed; 3 already-trashed; ");
    const auto list = last.json();
    CHECK(std::string(list[0]["trashItem"]["groupId"].GetString()) ==
          list[1]["trashItem"]["groupId"].GetString());
    CHECK(std::string(list[1]["trashItem"]["displayName"].GetString()) == "folder 3");
    CHECK(call.value("SELECT count(*) FROM folder") == "2");
}

TEST_CASE("keys of several columns and keys with commas can be named") {
    Bench call;
    CHECK(statuses(call("DELETE", "/v1/tag?ids=1,a;2,a;3,a")) ==
          "1,a trashed; 2,a trashed; 3,a not-found; ");
    CHECK(statuses(call("POST", "/v1/tag/bulk-delete", R"({"ids": [[1, "b,c"], "1,b%2Cc"]})")) ==
          "1,b%2Cc trashed; 1,b%2Cc trashed; ");
    CHECK(statuses(call("POST", "/v1/code/bulk-delete", R"({"ids": ["a,b", "USAX"]})")) ==
          "a,b trashed; USAX not-found; ");
    CHECK(call.value("SELECT count(*) FROM code") == "1");
}

TEST_CASE("a member answers its own item and one restore brings the group back") {
    Bench call;
    const auto list = call("DELETE", "/v1/folder?ids=5,1&reason=old").json();
    CHECK(list[0]["trashItem"]["root"].GetBool() == false);
    CHECK(std::string(list[0]["trashItem"]["deletedObjectId"].GetString()) == "5");
    CHECK(list[1]["trashItem"]["root"].GetBool() == true);
    CHECK(list[1]["trashItem"]["groupSize"].GetInt() == 4);
    CHECK(std::string(list[1]["trashItem"]["reason"].GetString()) == "old");
    const std::string item = list[0]["trashItem"]["id"].GetString();
    CHECK(call("POST", "/v1/trash/" + item + "/$restore").json()["restored"].GetInt() == 4);
}

TEST_CASE("what names nothing, too much, or in two ways is 400 and deletes nothing") {
    Bench call;
    std::string many = "1";
    for (int i = 2; i <= 1001; ++i) many += "," + std::to_string(i);
    for (const std::string address : {"/v1/folder", "/v1/folder?ids=", "/v1/folder?ids=1&limit=2"})
        CHECK(call("DELETE", address).code() == "bad-request");
    CHECK(call("DELETE", "/v1/folder?ids=" + many).code() == "bad-request");
    CHECK(call("DELETE", "/v1/folder?ids=1", R"({"ids": [1]})").code() == "bad-request");
    for (const char* body : {"{}", "[1]", R"({"ids": []})", R"({"ids": 1})", R"({"ids": [null]})",
                             R"({"ids": [1], "hard": true})", R"({"ids": [[[1]]]})"})
        CHECK(call("POST", "/v1/folder/bulk-delete", body).code() == "bad-request");
    CHECK(call("POST", "/v1/folder/bulk-delete").code() == "bad-request");
    CHECK(call("POST", "/v1/nothing/bulk-delete", R"({"ids": [1]})").code() == "not-found");
    CHECK(call.value("SELECT count(*) FROM folder") == "8");
}

TEST_CASE("one object that is referred to keeps all, and the answer names what refers") {
    Bench call;
    const auto refused = call("DELETE", "/v1/folder?ids=1,4");
    CHECK(refused.code() == "has-dependents");
    const auto body = refused.json();
    CHECK(std::string(body["dependents"][0]["resource"].GetString()) == "lease");
    CHECK(std::string(body["dependents"][0]["ids"][0].GetString()) == "1");
    CHECK(call.value("SELECT count(*) FROM folder") == "8");
    CHECK(statuses(call("DELETE", "/v1/folder?ids=1,4&cascade=true")) == "1 trashed; 4 trashed; ");
    CHECK(call.value("SELECT count(*) FROM lease") == "0");
}

TEST_CASE("a dry run answers one Impact over all, and hard leaves nothing in the trash") {
    Bench call;
    const auto impact = call("DELETE", "/v1/folder?ids=1,5,2,99&dryRun=true").json();
    CHECK(impact["total"].GetInt() == 7);
    CHECK(impact["root"]["id"].IsNull());
    CHECK(statuses(call("DELETE", "/v1/folder?ids=1,5,99&hard=true")) ==
          "1 deleted; 5 deleted; 99 not-found; ");
    CHECK(call("GET", "/v1/trash").body == "[]");
    CHECK(call.value("SELECT count(*) FROM trashd.ledger WHERE action = 'deleted'") == "1");
}

TEST_CASE("a resource that asks for confirmation and a reason asks for them once for all") {
    Bench call("[[resource]]\ntable = 'folder'\nconfirm = true\nrequire_reason = true\n");
    const auto asked = call("DELETE", "/v1/folder?ids=1,2");
    CHECK(asked.code() == "confirmation-required");
    CHECK(asked.json()["impact"]["total"].GetInt() == 7);
    CHECK(call("DELETE", "/v1/folder?ids=1,2&confirm=true").code() == "reason-required");
    CHECK(statuses(call("DELETE", "/v1/folder?ids=1,2&confirm=true&reason=x")) ==
          "1 trashed; 2 trashed; ");
}

TEST_CASE("where picks live objects, in the order of their keys") {
    Bench call;
    call("DELETE", "/v1/folder/2");
    CHECK(statuses(call("DELETE", "/v1/folder?where[id][in]=1,2,3")) == "1 trashed; 3 trashed; ");
    CHECK(statuses(call("DELETE", "/v1/folder?where[name][contains]=nothing")) == "");
    CHECK(call.value("SELECT count(*) FROM folder") == "2");
    TestConnection(call.database.url())
        ->exec("INSERT INTO folder SELECT i, NULL, '' FROM generate_series(100, 1100) i");
    const auto many = call("DELETE", "/v1/folder?where[id][greater_than]=99");
    CHECK(many.code() == "bad-request");
    CHECK(std::string(many.json()["detail"].GetString()).find("narrow") != std::string::npos);
    for (const char* query : {"where[nothing][equals]=1", "where[id][equals]=x",
                              "where[id]=1&ids=1", "where[deletedAt][exists]=true"})
        CHECK(call("DELETE", std::string("/v1/folder?") + query).code() == "bad-request");
    CHECK(call.value("SELECT count(*) FROM folder") == "1003");
}
