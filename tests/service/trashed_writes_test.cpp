// POST and PUT of keys that lie in the trash: ?trashed=restore and ?trashed=replace.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "tests/support/database.hpp"
#include "tests/support/problem.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

const char* kSchema = R"(
CREATE TABLE project (id int PRIMARY KEY, name text CONSTRAINT project_name UNIQUE, note text DEFAULT 'none',
                      author text, meta jsonb);
CREATE TABLE task (id int PRIMARY KEY, project_id int CONSTRAINT task_project REFERENCES project ON DELETE CASCADE,
                   name text NOT NULL, author text);
CREATE TABLE place (x int, y text, name text, PRIMARY KEY (x, y));
CREATE TABLE counter (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, label text);
INSERT INTO project VALUES (1, 'one', 'kept', 'key:ann', '{"a":{"b":1}}'), (2, 'two', 'kept', 'key:bob', NULL);
INSERT INTO task VALUES (1, 1, 'first', 'key:ann'), (2, 1, 'second', 'key:ann'), (3, 2, 'third', 'key:bob');
INSERT INTO place VALUES (1, 'a,b', 'here');
INSERT INTO counter (label) VALUES ('first');
)";

struct Bench {
    TempDatabase database{kSchema};
    ServiceProcess service{database.url()};

    Answer operator()(const std::string& verb, const std::string& address,
                      const std::string& body = "", httplib::Headers headers = {}) {
        if (!body.empty()) headers.emplace("Content-Type", "application/json");
        return ask(service.port(), verb, address, headers, body);
    }
    // Gives the group.
    std::string trash(const std::string& address) {
        const auto answer = (*this)("DELETE", address);
        REQUIRE(answer.status == 204);
        return answer.header("X-Trash-Group");
    }
    std::string value(const std::string& sql) { return TestConnection(database.url()).value(sql); }
    std::string groups() {
        return value(
            "SELECT coalesce(string_agg(root_object || ' ' || state, ', ' ORDER BY id), '') "
            "FROM trashd.trash_group");
    }
    std::string project(int id) {
        return value(
            "SELECT coalesce((SELECT concat_ws(' ', name, note, author, meta) FROM project "
            "WHERE id = " +
            std::to_string(id) + "), 'none')");
    }
};

}  // namespace

TEST_CASE("PUT with trashed=restore brings the group back and replaces the row") {
    Bench call;
    const auto group = call.trash("/v1/project/1");
    const auto put = call("PUT", "/v1/project/1?trashed=restore", R"({"name":"new","author":"x"})");
    CHECK(put.status == 200);
    CHECK(put.header("X-Restored-Groups") == group);
    CHECK(put.body == R"({"id":1,"name":"new","note":"none","author":"x","meta":null})");
    CHECK(put.header("ETag") == call("GET", "/v1/project/1").header("ETag"));
    CHECK(
        call.value("SELECT string_agg(id::text, ' ' ORDER BY id) FROM task WHERE project_id = 1") ==
        "1 2");
    CHECK(call.groups() == "1 restored");
    CHECK(call.value("SELECT string_agg(action, ' ' ORDER BY id) FROM trashd.ledger") ==
          "trashed restored");
    CHECK(call.value("SELECT count(*) FROM trashd.item") == "0");
}

TEST_CASE("PUT with trashed= of what is live, or lies nowhere, is a PUT as ever") {
    Bench call;
    for (const char* how : {"restore", "replace"}) {
        CAPTURE(how);
        const auto live =
            call("PUT", fmt::format("/v1/project/1?trashed={}", how), R"({"name":"n"})");
        CHECK(live.status == 200);
        CHECK(live.header("X-Restored-Groups").empty());
        for (const char* id : {"77", "x", "1,2"})
            CHECK(call("PUT", fmt::format("/v1/project/{}?trashed={}", id, how), "{}").code() ==
                  "not-found");
    }
    // an older generation stays where it is while another is live
    call.trash("/v1/project/1");
    call.value("INSERT INTO project VALUES (1, 'again')");
    for (const char* how : {"restore", "replace"})
        CHECK(call("PUT", fmt::format("/v1/project/1?trashed={}", how), R"({"name":"m"})").status ==
              200);
    CHECK(call.groups() == "1 trashed");
    CHECK(call("PUT", "/v1/project/1?trashed=restore", R"({"name":"m"})",
               {{"Prefer", "return=minimal"}})
              .status == 204);
}

TEST_CASE("POST with trashed=restore brings the group back and writes the values given") {
    Bench call;
    const auto group = call.trash("/v1/project/1");
    const auto post =
        call("POST", "/v1/project?trashed=restore", R"({"id":1,"name":"new","meta":{"c":2}})");
    CHECK(post.status == 200);
    CHECK(post.header("Location") == "/v1/project/1");
    CHECK(post.header("X-Restored-Groups") == group);
    CHECK(post.body == R"({"id":1,"name":"new","note":"kept","author":"key:ann","meta":{"c": 2}})");
    CHECK(post.header("ETag") == call("GET", "/v1/project/1").header("ETag"));
    CHECK(call.value("SELECT count(*) FROM task WHERE project_id = 1") == "2");
    // it is live now
    const auto again = call("POST", "/v1/project?trashed=restore", R"({"id":1,"name":"new"})");
    CHECK(again.code() == "conflict");
    CHECK(again.json()["constraint"] == "project_pkey");
    const auto made = call("POST", "/v1/project?trashed=restore", R"({"id":9,"name":"nine"})");
    CHECK(made.status == 201);
    CHECK(made.header("X-Restored-Groups").empty());
}

TEST_CASE("a key alone comes back as it was, and keys of several columns are found") {
    Bench call;
    call.trash("/v1/project/1");
    CHECK(call("POST", "/v1/project?trashed=restore", R"({"id":1})").status == 200);
    CHECK(call.project(1) == R"(one kept key:ann {"a": {"b": 1}})");
    call.trash("/v1/place/1,a%2Cb");
    const auto put = call("PUT", "/v1/place/1,a%2Cb?trashed=restore", R"({"name":"there"})");
    CHECK(put.body == R"({"x":1,"y":"a,b","name":"there"})");
    call.trash("/v1/place/1,a%2Cb");
    CHECK(call("POST", "/v1/place?trashed=restore", R"({"x":1,"y":"a,b","name":"back"})").status ==
          200);
    call.trash("/v1/place/1,a%2Cb");
    const auto made = call("PUT", "/v1/place/1,a%2Cb?trashed=replace", R"({"name":"new"})");
    CHECK(made.status == 201);
    CHECK(made.body == R"({"x":1,"y":"a,b","name":"new"})");
}

TEST_CASE("trashed=replace makes a new row, and the old generation stays in the trash") {
    Bench call;
    const auto first = call.trash("/v1/project/1");
    const auto put = call("PUT", "/v1/project/1?trashed=replace", R"({"id":1,"name":"new"})");
    CHECK(put.status == 201);
    CHECK(put.header("Location") == "/v1/project/1");
    CHECK(put.header("X-Restored-Groups").empty());
    CHECK(put.body == R"({"id":1,"name":"new","note":"none","author":null,"meta":null})");
    CHECK(put.header("ETag") == call("GET", "/v1/project/1").header("ETag"));
    CHECK(call.groups() == "1 trashed");
    call.trash("/v1/project/1");
    const auto post = call("POST", "/v1/project?trashed=replace", R"({"id":1,"name":"third"})");
    CHECK(post.status == 201);
    CHECK(call.groups() == "1 trashed, 1 trashed");
    CHECK(call.value("SELECT count(*) FROM task WHERE project_id = 1") == "0");
    // of several generations the newest comes back
    call.trash("/v1/project/1");
    CHECK(call("PUT", "/v1/project/1?trashed=restore", R"({"name":"x"})").status == 200);
    CHECK(call.groups() == "1 trashed, 1 trashed, 1 restored");
    CHECK(call.value("SELECT count(*) FROM task WHERE project_id = 1") == "0");
    const auto items = call("GET", "/v1/trash?groupId=" + first + "&root=true");
    CHECK(call("POST", "/v1/trash/" + ids(items).at(0) + "/$restore").code() == "restore-conflict");
}

TEST_CASE("of an array some come back and others are made, all or none") {
    Bench call;
    const auto first = call.trash("/v1/project/1"), second = call.trash("/v1/project/2");
    const auto both = call(
        "POST", "/v1/project?trashed=restore",
        R"([{"id":2,"note":"b"},{"id":9,"name":"nine"},{"id":1,"note":"a"},{"id":10,"name":"ten"}])");
    CHECK(both.status == 201);
    CHECK(both.header("X-Restored-Groups") == second + ", " + first);
    CHECK(ids(both) == std::vector<std::string>{"2", "9", "1", "10"});
    CHECK(call.project(1) == R"(one a key:ann {"a": {"b": 1}})");
    CHECK(call.project(2) == "two b key:bob");
    CHECK(call.value("SELECT count(*) FROM task") == "3");

    call.trash("/v1/project/1");
    call.trash("/v1/project/2");
    const auto same = call("POST", "/v1/project?trashed=restore", R"([{"id":1},{"id":2}])");
    CHECK(same.status == 200);
    call.trash("/v1/project/1");
    const auto taken = call("POST", "/v1/project?trashed=restore",
                            R"([{"id":1,"note":"x"},{"id":11,"name":"two"}])");
    CHECK(taken.code() == "conflict");
    CHECK(taken.json()["position"].GetInt() == 1);
    CHECK(taken.json()["constraint"] == "project_name");
    const auto twice =
        call("POST", "/v1/project?trashed=restore", R"([{"id":1},{"id":1,"name":"y"}])");
    CHECK(twice.code() == "conflict");
    CHECK(twice.json()["position"].GetInt() == 1);
    CHECK(call.project(1) == "none");
    CHECK(call.value("SELECT count(*) FROM trashd.item") == "3");
    // two members of one group come back once
    const auto members =
        call("POST", "/v1/task?trashed=restore",
             R"([{"id":1,"name":"a"},{"id":2,"name":"b"},{"id":30,"project_id":1,"name":"c"}])");
    CHECK(members.status == 201);
    CHECK(call.value("SELECT string_agg(name, ' ' ORDER BY id) FROM task WHERE project_id = 1") ==
          "a b c");
    CHECK(call.value("SELECT count(*) FROM trashd.item") == "0");
}

TEST_CASE("what keeps a group from coming back refuses the write, as it refuses a restore") {
    Bench call;
    call.trash("/v1/task/1");
    call.trash("/v1/project/1");
    const auto put = call("PUT", "/v1/task/1?trashed=restore", R"({"name":"x","project_id":2})");
    CHECK(put.code() == "restore-conflict");
    CHECK(put.json()["conflicts"][0]["kind"] == "missing-parent");
    CHECK(put.json()["conflicts"][0]["constraint"] == "task_project");
    const auto post =
        call("POST", "/v1/task?trashed=restore", R"([{"id":50,"name":"n"},{"id":1}])");
    CHECK(post.code() == "restore-conflict");
    CHECK(call.value("SELECT count(*) FROM task") == "1");
    call.value("UPDATE project SET name = 'one' WHERE id = 2");
    const auto unique = call("PUT", "/v1/project/1?trashed=restore", R"({"name":"free"})");
    CHECK(unique.json()["conflicts"][0]["kind"] == "unique-taken");
    CHECK(call.groups() == "1 trashed, 1 trashed");
}

TEST_CASE("a write that fails after the restore leaves the group in the trash") {
    Bench call;
    call.trash("/v1/task/1");
    check_problem(call("PUT", "/v1/task/1?trashed=restore", "{}"), "invalid",
                  R"(column \"name\" of table \"public.task\" must have a value; give one)",
                  R"(,"column":"name")");
    const auto parent =
        call("POST", "/v1/task?trashed=restore", R"({"id":1,"name":"x","project_id":77})");
    CHECK(parent.code() == "conflict");
    CHECK(parent.json()["constraint"] == "task_project");
    for (const char* verb : {"PUT", "POST"}) {
        const std::string address = verb == std::string("PUT") ? "/v1/task/1" : "/v1/task";
        check_problem(call(verb, address + "?trashed=restore", R"({"id":"x","name":"n"})"),
                      "invalid",
                      "the value of column 'id' does not fit its type, integer; send one that does",
                      R"(,"column":"id")");
        CHECK(call(verb, address + "?trashed=restore", R"({"id":1,"nome":"n"})").json()["column"] ==
              "nome");
    }
    check_problem(call("PUT", "/v1/task/1?trashed=restore", R"({"id":2,"name":"n"})"), "invalid",
                  "column 'id' is part of the key and cannot be changed; leave it out",
                  R"(,"column":"id")");
    check_problem(call("PUT", "/v1/task/1?trashed=replace", R"({"id":2,"name":"n"})"), "invalid",
                  "column 'id' is another than the address says; leave it out",
                  R"(,"column":"id")");
    CHECK(call.groups() == "1 trashed");
    CHECK(call.value("SELECT count(*) FROM task") == "2");
    CHECK(call.value("SELECT count(*) FROM trashd.ledger") == "1");
}

TEST_CASE("trashed= says restore or replace, of POST and PUT alone") {
    Bench call;
    call.trash("/v1/project/1");
    for (const char* word : {"", "Restore", "true", "ignore"}) {
        CAPTURE(word);
        check_problem(call("PUT", fmt::format("/v1/project/1?trashed={}", word), "{}"),
                      "bad-request", "'trashed' must be restore or replace");
        check_problem(call("POST", fmt::format("/v1/project?trashed={}", word), R"({"id":1})"),
                      "bad-request", "'trashed' must be restore or replace");
    }
    CHECK(call("PATCH", "/v1/project/1?trashed=restore", "{}").code() == "bad-request");
    CHECK(call("PUT", "/v1/project/1?trashed=restore&trashed=replace", "{}").code() ==
          "bad-request");
    CHECK(call("PUT", "/v1/project/1", "{}").code() == "in-trash");
    CHECK(call("POST", "/v1/project", R"({"id":1})").code() == "in-trash");
    CHECK(call.groups() == "1 trashed");
}

TEST_CASE("a key that the database makes comes back, and is not made again") {
    Bench call;
    call.trash("/v1/counter/1");
    check_problem(
        call("PUT", "/v1/counter/1?trashed=replace", R"({"label":"x"})"), "invalid",
        "the database itself fills column 'id', so that no new row can have this key; send "
        "trashed=restore",
        R"(,"column":"id")");
    CHECK(call("PUT", "/v1/counter/1?trashed=restore", R"({"label":"x"})").body ==
          R"({"id":1,"label":"x"})");
    // an object without a key is a new one
    call.trash("/v1/counter/1");
    CHECK(call("POST", "/v1/counter?trashed=restore", R"({"label":"y"})").body ==
          R"({"id":2,"label":"y"})");
    CHECK(call.groups() == "1 restored, 1 trashed");
}

TEST_CASE("If-Match is compared with the row that came back") {
    Bench call;
    const auto etag = call("GET", "/v1/project/1").header("ETag");
    call.trash("/v1/project/1");
    for (const char* verb : {"PUT", "POST"}) {
        const std::string address = verb == std::string("PUT") ? "/v1/project/1" : "/v1/project";
        CHECK(call(verb, address + "?trashed=restore", R"({"id":1,"name":"x"})",
                   {{"If-Match", "\"other\""}})
                  .code() == "stale");
    }
    check_problem(call("PUT", "/v1/project/1?trashed=replace", "{}", {{"If-Match", etag}}), "stale",
                  "the object is in the trash, and no version of it is live; leave If-Match out");
    CHECK(call.groups() == "1 trashed");
    CHECK(call("PUT", "/v1/project/1?trashed=restore", R"({"name":"x"})", {{"If-Match", etag}})
              .status == 200);
}

TEST_CASE("the same request under one key is run once, and answered alike") {
    Bench call;
    const auto group = call.trash("/v1/project/1");
    const httplib::Headers once = {{"Idempotency-Key", "k1"}};
    const auto first = call("PUT", "/v1/project/1?trashed=restore", R"({"name":"x"})", once);
    call.trash("/v1/project/1");
    const auto second = call("PUT", "/v1/project/1?trashed=restore", R"({"name":"x"})", once);
    CHECK(second.header("Idempotency-Replayed") == "true");
    CHECK(second.status == 200);
    CHECK(second.body == first.body);
    CHECK(second.header("X-Restored-Groups") == group);
    CHECK(call.groups() == "1 restored, 1 trashed");
    CHECK(call("POST", "/v1/project?trashed=restore", R"({"id":1})", once).status == 422);
    const httplib::Headers other = {{"Idempotency-Key", "k2"}};
    const auto posted = call("POST", "/v1/project?trashed=restore", R"({"id":1})", other);
    CHECK(call("POST", "/v1/project?trashed=restore", R"({"id":1})", other).body == posted.body);
    CHECK(posted.status == 200);
}

TEST_CASE(
    "triggers are told of the restore while it lasts, and of none while the values are written") {
    Bench call;
    TestConnection(call.database.url())
        ->script(
            "CREATE TABLE told (what text, action text);"
            "CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO told "
            "VALUES (TG_OP, coalesce(current_setting('trashd.action', true), '')); RETURN NEW; "
            "END $$; CREATE TRIGGER tell AFTER INSERT OR UPDATE ON place FOR EACH ROW EXECUTE "
            "FUNCTION tell()");
    call.trash("/v1/place/1,a%2Cb");
    CHECK(call("PUT", "/v1/place/1,a%2Cb?trashed=restore", R"({"name":"x"})").status == 200);
    CHECK(call.value("SELECT string_agg(what || ':' || action, ' ') FROM told") ==
          "INSERT:restore UPDATE:");
}

TEST_CASE("constraints that wait to the end of a write wait after a restore as well") {
    TempDatabase database(
        "CREATE TABLE pair (id int PRIMARY KEY, other int CONSTRAINT pair_other REFERENCES pair "
        "DEFERRABLE INITIALLY DEFERRED); INSERT INTO pair VALUES (1, NULL)");
    ServiceProcess service(database.url());
    const auto post = [&](const std::string& body) {
        return ask(service.port(), "POST", "/v1/pair?trashed=restore",
                   {{"Content-Type", "application/json"}}, body);
    };
    REQUIRE(ask(service.port(), "DELETE", "/v1/pair/1").status == 204);
    CHECK(post(R"([{"id":1,"other":3},{"id":2,"other":9}])").code() == "conflict");
    CHECK(post(R"([{"id":1,"other":3},{"id":3,"other":1}])").status == 201);
}

TEST_CASE("two who put the same trashed object at once both write it, and it is there once") {
    Bench call;
    std::atomic<int> restored = 0;
    for (int round = 0; round < 25; ++round) {
        call.trash("/v1/project/1");
        std::atomic<int> ready = 0, fine = 0;
        const auto put = [&](const char* name) {
            const auto body = fmt::format(R"({{"name":"{}"}})", name);
            ++ready;
            while (ready < 2) {
            }
            const auto answer = ask(call.service.port(), "PUT", "/v1/project/1?trashed=restore",
                                    {{"Content-Type", "application/json"}}, body);
            if (answer.status == 200) ++fine;
            if (!answer.header("X-Restored-Groups").empty()) ++restored;
        };
        {
            std::jthread one([&] { put("a"); }), other([&] { put("b"); });
        }
        CHECK(fine == 2);
        CHECK(restored == round + 1);
        CHECK(call.value("SELECT count(*) FROM project WHERE id = 1") == "1");
        CHECK(call.value("SELECT count(*) FROM task WHERE project_id = 1") == "2");
        CHECK(call.value("SELECT count(*) FROM trashd.item") == "0");
    }
}

TEST_CASE("puts, posts and deletes of one object race, and it is live or in the trash, once") {
    Bench call;
    std::atomic<bool> over = false;
    std::atomic<int> odd = 0, written = 0;
    const auto race = [&](const char* verb, const char* address, const char* body,
                          std::vector<int> known) {
        return std::jthread([&, verb, address, body, known] {
            while (!over) {
                httplib::Headers headers;
                if (*body) headers.emplace("Content-Type", "application/json");
                const auto answer = ask(call.service.port(), verb, address, headers, body);
                if (std::ranges::count(known, answer.status) == 0) {
                    ++odd;
                    MESSAGE(verb << ' ' << address << ' ' << answer.status << ' ' << answer.body);
                }
                if (answer.status < 300) ++written;
            }
        });
    };
    {
        const auto one =
                       race("PUT", "/v1/project/1?trashed=restore", R"({"name":"a"})", {200, 409}),
                   two =
                       race("PUT", "/v1/project/1?trashed=restore", R"({"name":"b"})", {200, 409}),
                   three = race("POST", "/v1/project?trashed=restore", R"({"id":1,"name":"c"})",
                                {200, 409}),
                   four = race("DELETE", "/v1/project/1", "", {204});
        for (int look = 0; look < 60; ++look) {
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
            CHECK(
                call.value("SELECT (SELECT count(*) FROM project WHERE id = 1) + (SELECT count(*) "
                           "FROM trashd.item i JOIN trashd.shape s ON s.id = i.shape WHERE "
                           "s.table_name = 'project' AND i.object_id = '1')") == "1");
        }
        over = true;
    }
    CHECK(odd == 0);
    CHECK(written > 20);
    CHECK(call.value("SELECT (SELECT count(*) FROM task WHERE id < 3) + (SELECT count(*) FROM "
                     "trashd.item i JOIN trashd.shape s ON s.id = i.shape WHERE s.table_name = "
                     "'task')") == "2");
}
