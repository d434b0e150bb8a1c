// Erasure: personal values of an object, and of what hangs on it, are nowhere in the trash any
// more, and what lay there comes back without them.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <atomic>
#include <map>
#include <thread>

#include "schema/error.hpp"
#include "tests/support/served_database.hpp"
#include "tests/support/tokens.hpp"
#include "trash/records/api_keys.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

const char* kSchema = R"(
CREATE TABLE client (id int PRIMARY KEY, name text NOT NULL, email text, plan text);
CREATE TABLE project (id int PRIMARY KEY, client int REFERENCES client ON DELETE CASCADE, title text);
CREATE TABLE contact (id int PRIMARY KEY, project int NOT NULL REFERENCES project ON DELETE CASCADE,
  phone text, role text);
CREATE TABLE visit (id int PRIMARY KEY, client int REFERENCES client ON DELETE SET NULL, guest text);
CREATE TABLE remark (id int PRIMARY KEY, target_type text, target_id int, body text);
INSERT INTO client VALUES (1, 'zq-Ann', 'zq-ann@example.org', 'gold'), (2, 'zq-Bob', NULL, 'blue'),
  (3, 'zq-Cy', 'zq-cy@example.org', 'red');
INSERT INTO project VALUES (10, 1, 'house'), (20, 2, 'boat');
INSERT INTO contact VALUES (100, 10, 'zq-555', 'boss'), (101, 10, 'zq-556', 'clerk'), (200, 20, 'zq-777', 'x');
INSERT INTO visit VALUES (1000, 1, 'zq-guest'), (1001, 2, 'zq-other');
INSERT INTO remark VALUES (1, 'contact', 100, 'zq-talk'), (2, 'project', 100, 'zq-kept'), (3, 'contact', 200, 'zq-bobs');
)";
const std::string kPersonal = R"(
[[resource]]
table = "client"
personal = ["name", "email"]
[[resource]]
table = "contact"
personal = ["phone"]
[[resource]]
table = "visit"
personal = ["guest"]
[[resource]]
table = "remark"
personal = ["body"]
[[reference]]
table = "remark"
columns = ["target_id"]
where = "target_type = 'contact'"
to = "contact"
on_delete = "cascade"
)";

std::string asked(const std::string& resource, const std::string& id,
                  const std::string& more = "") {
    return fmt::format(R"({{"resource":"{}","id":"{}","reason":"asked by letter"{}}})", resource,
                       id, more);
}

Answer erase(ServedDatabase& call, const std::string& resource, const std::string& id) {
    const auto answer = call("POST", "/v1/erasures", asked(resource, id));
    CAPTURE(answer.body);
    CHECK(answer.status == 200);
    return answer;
}

Answer restore(ServedDatabase& call, const std::string& item) {
    const auto answer = call("POST", item + "/$restore");
    CAPTURE(answer.body);
    CHECK(answer.status == 200);
    return answer;
}

// All that the trash keeps, as text.
std::string kept(ServedDatabase& call) {
    return call.value(R"(SELECT concat(
  (SELECT string_agg(t::text, '') FROM trashd.item t), (SELECT string_agg(t::text, '') FROM trashd.link t),
  (SELECT string_agg(t::text, '') FROM trashd.ledger t), (SELECT string_agg(t::text, '') FROM trashd.trash_group t),
  (SELECT string_agg(t::text, '') FROM trashd.idempotency t), (SELECT string_agg(t::text, '') FROM trashd.operation t),
  (SELECT string_agg(t::text, '') FROM trashd.rehearsal t), (SELECT string_agg(t::text, '') FROM trashd.undo_item t)))");
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

bool keeps(ServedDatabase& call, const std::string& part) {
    return has(kept(call), part);
}

std::string counts_of(const Answer& answer) {
    const auto at = answer.body.find("\"counts\":");
    return answer.body.substr(at + 9, answer.body.find(']', at) - at - 8);
}

}  // namespace

TEST_CASE(
    "what hangs on a person in the trash loses personal values in every group and comes back") {
    ServedDatabase call(kSchema, kPersonal);
    const auto remark = call.trash("remark/1"), contact = call.trash("contact/100"),
               visit = call.trash("visit/1000"), other = call.trash("contact/200"),
               left = call.trash("remark/2"), client = call.trash("client/1");
    const auto dry = call("POST", "/v1/erasures", asked("client", "1", ",\"dryRun\":true"));
    const std::string counts =
        R"([{"resource":"client","count":1},{"resource":"contact","count":2},)"
        R"({"resource":"remark","count":1},{"resource":"visit","count":1}])";
    CHECK(dry.body == R"({"resource":"client","id":"1","groups":4,"counts":)" + counts + "}");
    CHECK(call("POST", "/v1/@erasures", R"({"resource":"client","id":1,"dryRun":true})").body ==
          dry.body);
    CHECK(keeps(call, "zq-Ann"));
    CHECK(call("GET", "/v1/history?action=erased").body == "[]");
    const auto answer = erase(call, "client", "1");
    CHECK(counts_of(answer) == counts);
    for (const char* gone : {"zq-Ann", "zq-ann", "zq-555", "zq-556", "zq-guest", "zq-talk"})
        CHECK_FALSE(keeps(call, gone));
    for (const char* stays : {"zq-777", "zq-kept"}) CHECK(keeps(call, stays));
    const auto item = call("GET", client).json();
    CHECK(item["object"]["name"] == "erased");
    CHECK(item["object"]["email"].IsNull());
    CHECK(item["object"]["plan"] == "gold");
    CHECK(item["displayName"] == "erased");
    const auto history = call("GET", "/v1/history?action=erased").json();
    REQUIRE(history.Size() == 1);
    CHECK(history[0]["objectId"] == "1");
    CHECK(history[0]["groupId"].IsNull());
    CHECK(history[0]["reason"] == "asked by letter");
    REQUIRE(history[0]["counts"].Size() == 4);
    CHECK(history[0]["counts"][0]["count"].GetInt() == 1);
    // it is the ledger's, sealed like any other entry
    const std::string receipt = answer.json()["receipt"].GetString();
    const auto verdict = call("POST", "/v1/history/$verify", R"({"receipt":")" + receipt + "\"}");
    CHECK(has(verdict.body, "\"good\":true"));
    CHECK(has(verdict.body, "\"receiptLost\":false"));
    // nothing is left to erase
    CHECK(counts_of(erase(call, "client", "1")) == "[]");
    for (const auto& one : {client, contact, remark, visit}) restore(call, one);
    CHECK(call.value("SELECT client::text FROM client WHERE id = 1") == "(1,erased,,gold)");
    CHECK(call.value("SELECT string_agg(contact::text, ' ' ORDER BY id) FROM contact") ==
          "(100,10,,boss) (101,10,,clerk)");
    CHECK(call.value("SELECT visit::text FROM visit WHERE id = 1000") == "(1000,1,)");
    CHECK(call.value("SELECT remark::text FROM remark WHERE id = 1") == "(1,contact,100,)");
    restore(call, other);
    restore(call, left);
    CHECK(call.value("SELECT count(*) FROM contact WHERE phone = 'zq-777'") == "1");
}

TEST_CASE("the object may be live, and then it stays as it is") {
    ServedDatabase call(kSchema, kPersonal);
    const auto visit = call.trash("visit/1000");
    const auto project = call.trash("project/10");
    CHECK(
        counts_of(erase(call, "client", "1")) ==
        R"([{"resource":"contact","count":2},{"resource":"remark","count":1},{"resource":"visit","count":1}])");
    CHECK(call.value("SELECT name FROM client WHERE id = 1") == "zq-Ann");
    for (const char* gone : {"zq-555", "zq-556", "zq-guest", "zq-talk"})
        CHECK_FALSE(keeps(call, gone));
    restore(call, project);
    restore(call, visit);
    // a person of whom nothing was deleted
    CHECK(erase(call, "client", "3").json()["groups"].GetInt() == 0);
}

TEST_CASE("the object may be gone for good, and what it left in the trash is found") {
    ServedDatabase call(kSchema, kPersonal);
    call.trash("visit/1000");
    call.trash("project/10");
    CHECK(call("DELETE", "/v1/client/1?hard=true").status == 204);
    CHECK(
        counts_of(erase(call, "client", "1")) ==
        R"([{"resource":"contact","count":2},{"resource":"remark","count":1},{"resource":"visit","count":1}])");
    CHECK_FALSE(keeps(call, "zq-guest"));
    const auto none = call("POST", "/v1/erasures", asked("client", "99"));
    check_problem(none, "not-found",
                  "there is no such object, and nothing in the trash hangs on it");
    check_problem(call("POST", "/v1/erasures", asked("client", "x")), "not-found",
                  "there is no such object: that id cannot be a key of client");
}

TEST_CASE("every generation of an object in the trash is erased") {
    ServedDatabase call(kSchema, kPersonal);
    const auto first = call.trash("client/3");
    call.sql("INSERT INTO client VALUES (3, 'zq-Cyrus', NULL, 'new')");
    const auto second = call.trash("client/3");
    CHECK(counts_of(erase(call, "client", "3")) == R"([{"resource":"client","count":2}])");
    CHECK_FALSE(keeps(call, "zq-C"));
    restore(call, second);
}

TEST_CASE("an erasure that is not allowed or makes no sense is refused and changes nothing") {
    ServedDatabase call(kSchema, kPersonal);
    const auto item = call.trash("client/1");
    const auto post = [&](const std::string& body) { return call("POST", "/v1/erasures", body); };
    check_problem(post(R"({"resource":"client","id":"1"})"), "reason-required",
                  "a reason is needed; give it in 'reason'");
    check_problem(post(R"({"resource":"client","id":"1","reason":" "})"), "reason-required",
                  "a reason is needed; give it in 'reason'");
    for (const std::string body :
         {R"({"id":"1","reason":"r"})", R"({"resource":"client","reason":"r"})", "[]",
          R"({"resource":"client","id":"1","reason":"r","dryrun":true})",
          R"({"resource":"client","id":"1","reason":"r","dryRun":"yes"})"}) {
        CAPTURE(body);
        CHECK(post(body).code() == "bad-request");
    }
    CHECK(call("POST", "/v1/erasures?dryRun=true", asked("client", "1")).code() == "bad-request");
    check_problem(post(R"({"resource":"nothing","id":"1","reason":"r"})"), "not-found",
                  "there is no such resource; /v1/ lists those there are");
    CHECK(call("GET", "/v1/erasures").code() == "method-not-allowed");
    CHECK(keeps(call, "zq-Ann"));
}

TEST_CASE("without personal columns there is nothing to erase, and the answer says what to do") {
    ServedDatabase call(kSchema);
    call.trash("client/1");
    check_problem(call("POST", "/v1/erasures", asked("client", "1")), "conflict",
                  "no column is called personal, so nothing can be erased; name some in the "
                  "configuration, as in personal = [\\\"name\\\"] of a [[resource]]");
}

TEST_CASE("what is held is not erased, nor is what a held object left in the trash") {
    ServedDatabase call(kSchema, kPersonal);
    const auto contact = call.trash("contact/100");
    const auto hold = [&](const std::string& resource, const std::string& id) -> std::string {
        return call("POST", "/v1/holds", asked(resource, id)).json()["id"].GetString();
    };
    const auto on_object = hold("client", "1");
    const auto told = call("GET", "/v1/holds/" + on_object).body;
    const std::string words =
        "it is held, so nothing of it can be erased; the holds say why, and who made them may "
        "release them";
    check_problem(call("POST", "/v1/erasures", asked("client", "1")), "held", words,
                  ",\"holds\":[" + told + "]");
    CHECK(call("DELETE", "/v1/holds/" + on_object + "?reason=r").status == 204);
    const auto on_group = hold("contact", "100");
    for (const std::string more : {"", ",\"dryRun\":true"})
        CHECK(call("POST", "/v1/erasures", asked("client", "1", more)).code() == "held");
    CHECK(keeps(call, "zq-555"));
    CHECK(call("DELETE", "/v1/holds/" + on_group + "?reason=r").status == 204);
    erase(call, "client", "1");
    CHECK_FALSE(keeps(call, "zq-555"));
    restore(call, contact);
}

TEST_CASE(
    "kept answers and operations say nothing of what was erased, and are told again all the same") {
    ServedDatabase call(kSchema, kPersonal);
    const auto with = [](const std::string& key) {
        return httplib::Headers{{"Idempotency-Key", key}};
    };
    const std::string change = R"({"name":"zq-Anna","email":"zq-a@example.org"})";
    CHECK(call("PATCH", "/v1/client/1", change, with("a")).status == 200);
    CHECK(call("PATCH", "/v1/client/2", R"({"name":"zq-Bobby"})", with("b")).status == 200);
    auto headers = with("c");
    headers.emplace("Prefer", "return=representation");
    const auto gone = call("DELETE", "/v1/client/1", "", headers);
    CHECK(has(gone.body, "zq-Anna"));
    const std::string item = gone.json()["id"].GetString();
    // a restore that fails tells values of the row in its way
    call.sql(
        "CREATE UNIQUE INDEX ON client (email); INSERT INTO client VALUES (7, 'new', "
        "'zq-a@example.org', '')");
    const auto failed = call("POST", "/v1/trash/" + item + "/$restore", "", with("d"));
    CHECK(failed.code() == "restore-conflict");
    CHECK(has(failed.body, "zq-a@"));
    auto later = httplib::Headers{{"Prefer", "respond-async"}};
    const auto operation = call("POST", "/v1/trash/" + item + "/$restore", "", later);
    REQUIRE(operation.status == 202);
    for (int i = 0; i < 200; ++i) {
        if (has(call("GET", operation.header("Location")).body, "\"failed\"")) break;
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    CHECK(has(call("GET", operation.header("Location")).body, "zq-a@"));
    erase(call, "client", "1");
    CAPTURE(kept(call));
    CHECK_FALSE(keeps(call, "zq-Anna"));
    CHECK_FALSE(keeps(call, "zq-a@"));
    CHECK(keeps(call, "zq-Bobby"));
    const auto again = call("PATCH", "/v1/client/1", change, with("a"));
    CHECK(again.status == 200);
    CHECK(again.header("Idempotency-Replayed") == "true");
    CHECK(again.json()["name"].IsNull());
    CHECK(again.json()["plan"] == "gold");
    const auto replayed = call("DELETE", "/v1/client/1", "", headers);
    CHECK(replayed.header("Location") == gone.header("Location"));
    CHECK(replayed.json()["displayName"] == "1");
    CHECK(call("POST", "/v1/trash/" + item + "/$restore", "", with("d")).code() ==
          "restore-conflict");
}

TEST_CASE("an erasure that is sent again under its key is run once") {
    ServedDatabase call(kSchema, kPersonal);
    call.trash("client/1");
    const httplib::Headers headers = {{"Idempotency-Key", "e"}};
    const auto first = call("POST", "/v1/erasures", asked("client", "1"), headers);
    const auto again = call("POST", "/v1/erasures", asked("client", "1"), headers);
    CHECK(first.status == 200);
    CHECK(again.body == first.body);
    CHECK(again.header("Idempotency-Replayed") == "true");
    CHECK(call.value("SELECT count(*) FROM trashd.ledger WHERE action = 'erased'") == "1");
}

TEST_CASE(
    "rows that were noted beside their cut references are forgotten, the references come back") {
    const char* schema = R"(
CREATE TABLE team (id int PRIMARY KEY);
CREATE TABLE person (id int PRIMARY KEY, name text, team int REFERENCES team ON DELETE SET NULL, seen int DEFAULT 0);
CREATE TABLE badge (id int PRIMARY KEY, person int REFERENCES person, holder text, team int REFERENCES team ON DELETE SET NULL);
CREATE FUNCTION bump() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.seen := NEW.seen + 1; RETURN NEW; END';
CREATE TRIGGER counts BEFORE UPDATE ON person FOR EACH ROW EXECUTE FUNCTION bump();
CREATE FUNCTION same() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER same BEFORE UPDATE ON badge FOR EACH ROW EXECUTE FUNCTION same();
INSERT INTO team VALUES (1);
INSERT INTO person VALUES (1, 'zq-Ann', 1), (2, 'zq-Bob', 1);
INSERT INTO badge VALUES (5, 1, 'zq-badge', 1), (6, 2, 'zq-bobs', 1);
)";
    ServedDatabase call(schema,
                        "[[resource]]\ntable = \"person\"\npersonal = [\"name\"]\n"
                        "[[resource]]\ntable = \"badge\"\npersonal = [\"holder\"]\n");
    const auto team = call.trash("team/1");
    REQUIRE(keeps(call, "zq-Ann"));
    REQUIRE(keeps(call, "zq-badge"));
    erase(call, "person", "1");
    CHECK_FALSE(keeps(call, "zq-Ann"));
    CHECK_FALSE(keeps(call, "zq-badge"));
    CHECK(keeps(call, "zq-Bob"));
    CHECK(keeps(call, "zq-bobs"));
    const auto back = restore(call, team).json();
    CHECK(back["relinked"].GetInt() == 4);
    CHECK(call.value("SELECT string_agg(concat(id, name, team), ' ' ORDER BY id) FROM person") ==
          "1zq-Ann1 2zq-Bob1");
    CHECK(call.value("SELECT string_agg(concat(id, holder, team), ' ' ORDER BY id) FROM badge") ==
          "5zq-badge1 6zq-bobs1");
}

TEST_CASE("of a group that came back in part the rest is erased") {
    ServedDatabase call(kSchema, kPersonal);
    const auto client = call.trash("client/1");
    const auto members = call("GET", "/v1/trash?resource=contact").json();
    const std::string one = members[0]["id"].GetString();
    const std::string body = fmt::format(R"({{"only":["{}"],"otherwise":"ancestors"}})", one);
    const auto part = call("POST", client + "/$restore", body);
    CAPTURE(part.body);
    REQUIRE(part.status == 200);
    CHECK(call.value("SELECT count(*) FROM contact WHERE project = 10") == "1");
    erase(call, "client", "1");
    CHECK(call.value("SELECT count(*) FROM contact WHERE phone LIKE 'zq-55%'") == "1");
    CHECK(call.value("SELECT count(*) FROM trashd.item WHERE payload::text LIKE '%zq-55%'") == "0");
    const std::string rest = call("GET", "/v1/trash?resource=contact").json()[0]["id"].GetString();
    restore(call, "/v1/trash/" + rest);
    CHECK(call.value("SELECT count(*) FROM contact WHERE project = 10 AND phone IS NULL") == "1");
}

TEST_CASE(
    "a restore that was planned before an erasure is not done after it as if nothing had been") {
    ServedDatabase call(kSchema, kPersonal);
    const auto client = call.trash("client/1");
    const auto dry = call("POST", client + "/$restore?dryRun=true").json();
    const std::string plan = dry["plan"].GetString();
    erase(call, "client", "1");
    const auto done = call("POST", client + "/$restore", "", {{"If-Match", "\"" + plan + "\""}});
    CHECK(done.status == 200);
    CHECK(call.value("SELECT name FROM client WHERE id = 1") == "erased");
    const auto undone = call("POST", done.json()["undo"]["href"].GetString());
    CHECK(undone.status == 200);
    CHECK_FALSE(keeps(call, "zq-Ann"));
}

TEST_CASE("an erasure needs its right on all that is concerned") {
    const std::string roles = R"(
[credentials]
api_keys = true
[roles]
all = "*"
clients = { erase = "client", read = "*" }
own = { "*" = "*", owner = "plan" }
binners = { "*" = "*", restore = "own-deletes", purge = "own-deletes" }
none = { purge = "*", restore = "*", hold = "*", view-trash = "*" }
)";
    ServedDatabase call(kSchema, roles + kPersonal);
    schema::Pool pool(call.database.url(), 1);
    trash::Keys keys(pool, "trashd");
    const auto as = [&](const std::string& role, const std::string& verb,
                        const std::string& address, const std::string& body = "") {
        return call(verb, address, body, {{"X-API-Key", keys.create({role, {role}, {}}).text}});
    };
    REQUIRE(as("all", "DELETE", "/v1/contact/100").status == 204);
    REQUIRE(as("all", "DELETE", "/v1/client/3").status == 204);
    const auto erasing = [&](const std::string& role, const std::string& id) {
        return as(role, "POST", "/v1/erasures", asked("client", id));
    };
    CHECK(erasing("none", "3").status == 403);
    CHECK(erasing("clients", "1").status == 403);
    CHECK(erasing("own", "3").status == 403);
    CHECK(as("own", "POST", "/v1/erasures", asked("contact", "100")).status == 403);
    CHECK(keeps(call, "zq-Cy"));
    CHECK(keeps(call, "zq-555"));
    CHECK(erasing("clients", "3").status == 200);
    CHECK(erasing("binners", "1").status == 200);
    CHECK_FALSE(keeps(call, "zq-Cy"));
    CHECK_FALSE(keeps(call, "zq-555"));
    CHECK(call("POST", "/v1/erasures", asked("client", "1")).status == 401);
}

TEST_CASE("another tenant's rows are neither erased nor told of") {
    const char* schema = R"(
CREATE TABLE person (id int PRIMARY KEY, tenant_id text, name text);
CREATE TABLE note (id int PRIMARY KEY, tenant_id text, person int REFERENCES person ON DELETE CASCADE, body text);
INSERT INTO person VALUES (1, 'acme', 'zq-Ann'), (2, 'bolt', 'zq-Bob');
INSERT INTO note VALUES (1, 'acme', 1, 'zq-acme'), (2, 'bolt', 1, 'zq-bolt'), (3, 'bolt', 2, 'zq-bobs');
)";
    ServedDatabase call(schema, R"([credentials]
api_keys = true
[roles]
owner = "*"
[tenant]
column = "tenant_id"
[[resource]]
table = "person"
personal = ["name"]
[[resource]]
table = "note"
personal = ["body"]
)");
    schema::Pool pool(call.database.url(), 1);
    trash::Keys keys(pool, "trashd");
    std::map<std::string, std::string> known;
    int turn = 0;
    for (const char* tenant : {"acme", "bolt"})
        known[tenant] = keys.create({"ci", {"owner"}, tenant}).text;
    const auto as = [&](const std::string& tenant, const std::string& verb,
                        const std::string& address, const std::string& body = "") {
        return call(verb, address, body,
                    {{"X-API-Key", known.at(tenant)}, {"Idempotency-Key", std::to_string(++turn)}});
    };
    REQUIRE(as("bolt", "DELETE", "/v1/note/2").status == 204);
    REQUIRE(as("acme", "DELETE", "/v1/note/1").status == 204);
    REQUIRE(as("bolt", "DELETE", "/v1/person/2").status == 204);
    const auto answer = as("acme", "POST", "/v1/erasures", asked("person", "1"));
    CHECK(counts_of(answer) == R"([{"resource":"note","count":1}])");
    CHECK_FALSE(keeps(call, "zq-acme"));
    CHECK(keeps(call, "zq-bolt"));
    check_problem(as("acme", "POST", "/v1/erasures", asked("person", "2")), "not-found",
                  "there is no such object, and nothing in the trash hangs on it");
    CHECK(keeps(call, "zq-Bob"));
    CHECK(as("bolt", "GET", "/v1/history?action=erased").body == "[]");
    CHECK(as("bolt", "POST", "/v1/erasures", asked("person", "2")).status == 200);
    CHECK_FALSE(keeps(call, "zq-bobs"));
    CHECK(call.value("SELECT string_agg(tenant, ',' ORDER BY id) FROM trashd.ledger WHERE action = "
                     "'erased'") == "acme,bolt");
}

TEST_CASE(
    "whatever runs beside an erasure, what was in the trash before it has no values after it") {
    ServedDatabase call(R"(
CREATE TABLE person (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE note (id int PRIMARY KEY, person int NOT NULL REFERENCES person ON DELETE CASCADE, body text);
CREATE INDEX ON note (person);
INSERT INTO person SELECT i, 'zq-person' FROM generate_series(1, 6) i;
INSERT INTO note SELECT p * 100 + n, p, 'zq-note' FROM generate_series(1, 6) p, generate_series(1, 30) n;
)",
                        "[[resource]]\ntable = \"person\"\npersonal = [\"name\"]\n"
                        "[[resource]]\ntable = \"note\"\npersonal = [\"body\"]\n");
    std::atomic<bool> over = false;
    std::atomic<int> faults = 0, moved = 0;
    const auto busy = [&](int seed) {
        for (int i = seed; !over; i += 7) {
            const int person = 1 + i % 6, note = person * 100 + 1 + i % 30;
            const auto what =
                i % 5 == 0 ? fmt::format("person/{}", person) : fmt::format("note/{}", note);
            const auto gone = call("DELETE", "/v1/" + what);
            if (gone.status != 204) continue;
            ++moved;
            if (i % 11 == 0) {
                if (call("DELETE", gone.header("Location")).status >= 500) ++faults;
            } else if (i % 3 != 0) {
                const auto back =
                    call("POST", gone.header("Location") + "/$restore?with=ancestors");
                if (back.status >= 500) ++faults;
                if (back.status == 200 && i % 2 == 0)
                    call("POST", back.json()["undo"]["href"].GetString());
            }
        }
    };
    int erased = 0;
    {
        std::vector<std::jthread> others;
        for (int n = 0; n < 3; ++n) others.emplace_back(busy, n);
        for (int round = 0; round < 60; ++round) {
            const auto id = std::to_string(1 + round % 6);
            // items that are committed by now, each with the row of the live table it came from
            const auto before = call.value(fmt::format(
                R"(SELECT coalesce(array_agg(i.group_id || ':' || i.ordinal || ':' || g.taken), '{{}}')::text
  FROM trashd.item i JOIN trashd.trash_group g ON g.id = i.group_id JOIN trashd.shape s ON s.id = i.shape
  WHERE (s.table_name = 'person' AND i.object_id = '{0}')
     OR (s.table_name = 'note' AND i.payload[2] = '{0}'))",
                id));
            const auto answer = call("POST", "/v1/erasures", asked("person", id));
            if (answer.status == 200)
                ++erased;
            else if (answer.status != 503 && answer.status != 404)
                ++faults;
            if (answer.status != 200) continue;
            const auto left = call.value(fmt::format(
                R"(SELECT count(*) FROM trashd.item i JOIN trashd.trash_group g ON g.id = i.group_id
  WHERE i.group_id || ':' || i.ordinal || ':' || g.taken = ANY ('{}') AND i.payload::text LIKE '%zq-%')",
                before));
            CHECK(left == "0");
        }
        over = true;
    }
    CHECK(faults == 0);
    CHECK(erased > 30);
    MESSAGE(erased << " erasures beside " << moved.load() << " deletes");
    // every row is once live or in the trash
    CHECK(call.value(R"(SELECT count(*) FROM (
  SELECT id::text FROM person UNION ALL SELECT i.object_id FROM trashd.item i
  JOIN trashd.shape s ON s.id = i.shape WHERE s.table_name = 'person') x GROUP BY id HAVING count(*) > 1)") ==
          "NULL");
}

TEST_CASE(
    "an erasure waits for a delete's group that is locked, and takes in what came meanwhile") {
    ServedDatabase call(kSchema, kPersonal);
    const auto visit = call.trash("visit/1000");
    TestConnection other(call.database.url());
    other->script("BEGIN; SELECT FROM trashd.trash_group FOR UPDATE");
    Answer answer;
    std::string late;
    {
        const std::jthread eraser(
            [&] { answer = call("POST", "/v1/erasures", asked("client", "1")); });
        std::this_thread::sleep_for(std::chrono::milliseconds(500));
        late = call.trash("contact/100");
        other->script("COMMIT");
    }
    CHECK(answer.status == 200);
    CHECK_FALSE(keeps(call, "zq-guest"));
    CHECK_FALSE(keeps(call, "zq-555"));
    restore(call, late);
}

TEST_CASE("twenty thousand rows are erased at once and come back") {
    ServedDatabase call(R"(
CREATE TABLE person (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE note (id int PRIMARY KEY, person int REFERENCES person ON DELETE CASCADE, body text NOT NULL);
CREATE INDEX ON note (person);
INSERT INTO person VALUES (1, 'zq-Ann');
INSERT INTO note SELECT i, 1, 'zq-' || i FROM generate_series(1, 20000) i;
)",
                        "[[resource]]\ntable = \"person\"\npersonal = [\"name\"]\n"
                        "[[resource]]\ntable = \"note\"\npersonal = [\"body\"]\n");
    const auto item = call.trash("person/1");
    CHECK(counts_of(erase(call, "person", "1")) ==
          R"([{"resource":"note","count":20000},{"resource":"person","count":1}])");
    CHECK_FALSE(keeps(call, "zq-"));
    restore(call, item);
    CHECK(call.value("SELECT count(*) FROM note WHERE body = 'erased'") == "20000");
}

TEST_CASE("trashd erase says how much it was, and a dry run changes nothing") {
    ServedDatabase call(kSchema, kPersonal);
    call.trash("client/1");
    const TempFile config(kPersonal);
    const auto run = [&](std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), "erase");
        arguments.insert(arguments.end(),
                         {"--database", call.database.url(), "--config", config.path()});
        return run_program(arguments);
    };
    const auto dry = run({"client", "1", "--reason", "asked", "--dry-run"});
    CHECK(dry.status == 0);
    CHECK(has(dry.output, "client"));
    CHECK_FALSE(has(dry.output, "receipt"));
    CHECK(keeps(call, "zq-Ann"));
    CHECK(run({"client", "1"}).status == 2);
    CHECK(run({"client", "77", "--reason", "r"}).status == 3);
    const auto done = run({"client", "1", "--reason", "asked", "--json"});
    CAPTURE(done.output);
    CHECK(done.status == 0);
    CHECK(has(done.output, R"("counts":[{"resource":"client","count":1})"));
    CHECK_FALSE(keeps(call, "zq-Ann"));
    CHECK(
        run({"client", "1", "--reason", "asked"}).output.starts_with("nothing was to be erased\n"));
    const auto hold = call("POST", "/v1/holds", asked("client", "1"));
    REQUIRE(hold.status == 201);
    CHECK(run({"client", "1", "--reason", "asked"}).status == 4);
}
