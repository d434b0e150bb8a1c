// What triggers of the database do during deletes, restores and writes, as clients see it.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "schema/error.hpp"
#include "schema/identifier.hpp"
#include "tests/support/database.hpp"
#include "tests/support/http.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

struct Bench {
    TempDatabase database;
    ServiceProcess service;
    explicit Bench(const std::string& script, const std::string& role = "",
                   const std::vector<std::string>& arguments = {})
        : database(script),
          service(role.empty() ? database.url() : database.url(role), arguments) {}

    Answer operator()(const std::string& verb, const std::string& address,
                      const std::string& body = "", const httplib::Headers& headers = {}) {
        auto all = headers;
        if (!body.empty()) all.emplace("Content-Type", "application/json");
        return request(service.port(), verb, address, all, body);
    }
    void sql(const std::string& script) { TestConnection(database.url())->script(script); }
    std::string value(const std::string& query) {
        return TestConnection(database.url()).value(query);
    }
};

// The sentence of a refusal; fails the test where it is none.
std::string refused(const Answer& answer, const std::string& code = "conflict") {
    CAPTURE(answer.body);
    CHECK(answer.status == 409);
    CHECK(answer.code() == code);
    return answer.json()["detail"].GetString();
}

// The detail of the only conflict.
std::string conflict(const Answer& answer) {
    CAPTURE(answer.body);
    CHECK(answer.status == 409);
    CHECK(answer.code() == "restore-conflict");
    const auto json = answer.json();
    REQUIRE(json["conflicts"].Size() == 1);
    CHECK(std::string(json["conflicts"][0]["kind"].GetString()) == "constraint");
    return json["conflicts"][0]["detail"].GetString();
}

const char* const kVeto = R"(
CREATE TABLE veto (code text PRIMARY KEY, note text);
INSERT INTO veto SELECT unnest('{P0001,P0002,P0004,23603,45000,AB123,55000,2F003,21000,42601,42P01,
  42501,0A000,23505,23503,22012,40001,57014,53100,TD404,XX000}'::text[]);
CREATE FUNCTION veto() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  RAISE EXCEPTION 'not this one' USING ERRCODE = CASE TG_OP WHEN 'DELETE' THEN OLD.code ELSE NEW.code END;
END $$;
CREATE TRIGGER veto BEFORE DELETE ON veto FOR EACH ROW EXECUTE FUNCTION veto();
)";

}  // namespace

// Most were 500, some 503 for ever or a missing GRANT, and only a restore showed the text.
TEST_CASE("what a trigger raises is a conflict in its own words, whatever its SQLSTATE") {
    Bench call(kVeto);
    const std::string said = "the trigger veto of public.veto refuses: not this one";
    const auto codes = ids(call("GET", "/v1/veto?limit=100"), "code");
    REQUIRE(codes.size() == 21);
    for (const auto& code : codes) {
        CAPTURE(code);
        CHECK(refused(call("DELETE", "/v1/veto/" + code)) == said);
        CHECK(refused(call("DELETE", "/v1/veto/" + code + "?hard=true")) == said);
        CHECK(refused(call("DELETE", "/v1/veto/" + code + "?dryRun=true")) == said);
        CHECK(refused(call("DELETE", "/v1/veto?ids=" + code)) == said);
    }
    call.sql("ALTER TABLE veto DISABLE TRIGGER veto");
    std::vector<std::string> items;
    for (const auto& code : codes)
        items.push_back(call("DELETE", "/v1/veto/" + code).header("Location"));
    call.sql("CREATE TRIGGER come BEFORE INSERT ON veto FOR EACH ROW EXECUTE FUNCTION veto()");
    for (std::size_t i = 0; i < items.size(); ++i) {
        CAPTURE(codes[i]);
        CHECK(conflict(call("POST", items[i] + "/$restore")) == "not this one");
        CHECK(refused(call("POST", "/v1/veto", R"({"code": ")" + codes[i] + R"("})")) ==
              "the trigger come of public.veto refuses: not this one");
    }
    CHECK(call.value("SELECT count(*) FROM trashd.item") == "21");
}

// It said that the schema had changed, and to try again, for ever; the log had no more.
TEST_CASE("a trigger that names what is not there is no changed schema") {
    Bench call(R"(
CREATE TABLE bill (id int PRIMARY KEY);
INSERT INTO bill VALUES (1), (2);
CREATE FUNCTION note_bill() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN INSERT INTO bill_log VALUES (OLD.id); RETURN NULL; END $$;
CREATE TRIGGER note_bill AFTER DELETE ON bill FOR EACH ROW EXECUTE FUNCTION note_bill();
CREATE TABLE stamp (id int PRIMARY KEY);
CREATE FUNCTION stamp_it() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN NEW.at := now(); RETURN NEW; END $$;
CREATE TRIGGER stamp_it BEFORE INSERT ON stamp FOR EACH ROW EXECUTE FUNCTION stamp_it();
)");
    const std::string said =
        " fails: it names what is not there, or not in the search_path of the service's role; see "
        "the log of the service";
    for (const char* address :
         {"/v1/bill/1", "/v1/bill/1?hard=true", "/v1/bill?ids=1,2", "/v1/bill/1?dryRun=true"})
        CHECK(refused(call("DELETE", address)) == "the trigger note_bill of public.bill" + said);
    CHECK(refused(call("POST", "/v1/stamp", R"({"id": 1})")) ==
          "the trigger stamp_it of public.stamp" + said);
    call.service.stop();
    CHECK(call.service.log().find("[42P01: relation \"bill_log\" does not exist; context: PL/pgSQL "
                                  "function note_bill() line 1 at SQL statement") !=
          std::string::npos);
    CHECK(call.service.log().find("the catalog") == std::string::npos);
}

// They passed the guard, which counts deleted rows: their rows were gone for good.
TEST_CASE(
    "a trigger that empties or drops a table, or deletes a large object, refuses the delete") {
    Bench call(R"(
CREATE TABLE a (id int PRIMARY KEY, what text);
CREATE TABLE cache (x int); INSERT INTO cache VALUES (1), (2);
CREATE TABLE log_2 (at int); INSERT INTO log_2 VALUES (1);
CREATE SCHEMA t_3; CREATE TABLE t_3.data (x int); INSERT INTO t_3.data VALUES (1);
SELECT lo_create(4711);
INSERT INTO a VALUES (1, 'TRUNCATE cache'), (2, 'DROP TABLE log_2'), (3, 'DROP SCHEMA t_3 CASCADE'),
  (4, 'SELECT lo_unlink(4711)'), (5, 'DELETE FROM cache'), (6, 'SET ROLE pg_monitor'),
  (7, 'CREATE TEMP TABLE scratch ON COMMIT DROP AS SELECT 1; TRUNCATE scratch; DROP TABLE scratch'),
  (8, 'CREATE TABLE made AS SELECT 1; DROP TABLE made'), (9, 'ALTER TABLE cache DROP x');
CREATE FUNCTION act() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN EXECUTE OLD.what; RETURN NULL; END $$;
CREATE TRIGGER act AFTER DELETE ON a FOR EACH ROW EXECUTE FUNCTION act();
)");
    const auto says = [&](int id) {
        const auto address = fmt::format("/v1/a/{}", id);
        const auto detail = refused(call("DELETE", address));
        CHECK(refused(call("DELETE", address + "?dryRun=true")) == detail);
        CHECK(refused(call("DELETE", address + "?hard=true")) == detail);
        CHECK(refused(call("DELETE", fmt::format("/v1/a?ids={}", id))) == detail);
        return detail;
    };
    const std::string lost = ", whose rows would not be in the trash; change the trigger";
    CHECK(says(1) == "a trigger empties or rewrites the table public.cache" + lost);
    CHECK(says(2) == "a trigger drops the table public.log_2" + lost);
    CHECK(says(3) == "a trigger drops the table t_3.data" + lost);
    CHECK(says(9) == "a trigger drops a column of the table public.cache" + lost);
    CHECK(says(4) ==
          "a trigger or function deletes large objects, which would not be in the trash; change "
          "the trigger");
    CHECK(says(5) ==
          "a trigger deletes rows that would not be in the trash; change the trigger or delete "
          "those rows first");
    CHECK(says(6) == "a trigger changes the role; change the trigger");
    CHECK(call("DELETE", "/v1/a/7").status == 204);
    CHECK(call("DELETE", "/v1/a/8").status == 204);
    CHECK(call.value("SELECT count(*) FROM cache") == "2");
    CHECK(call.value("SELECT count(*) FROM log_2, t_3.data, pg_largeobject_metadata") == "1");
    CHECK(call.value("SELECT count(*) FROM a") == "7");
}

// Another session's TRUNCATE, which the trigger has nothing to do with, is none of it.
TEST_CASE("what other sessions truncate meanwhile does not refuse a delete") {
    Bench call(R"(
CREATE EXTENSION dblink;
CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a VALUES (1);
CREATE TABLE staging (x int); INSERT INTO staging VALUES (1);
)");
    call.sql(fmt::format(R"(
CREATE FUNCTION act() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  PERFORM dblink_exec({}, 'TRUNCATE staging'); RETURN NULL; END $$;
CREATE TRIGGER act AFTER DELETE ON a FOR EACH ROW EXECUTE FUNCTION act();)",
                         schema::literal(call.database.url())));
    CHECK(call("DELETE", "/v1/a/1").status == 204);
    CHECK(call.value("SELECT count(*) FROM staging") == "0");
}

// No row had vanished: one stayed, and the dry run knew nothing of it.
TEST_CASE("a BEFORE trigger that keeps the row is named, and nobody is told to try again") {
    Bench call(R"(
CREATE TABLE a (id int PRIMARY KEY, deleted_at timestamptz);
INSERT INTO a VALUES (1), (2);
CREATE FUNCTION sd() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  UPDATE a SET deleted_at = now() WHERE id = old.id; RETURN NULL; END $$;
CREATE TRIGGER sd BEFORE DELETE ON a FOR EACH ROW EXECUTE FUNCTION sd();
CREATE TABLE p (id int PRIMARY KEY); INSERT INTO p VALUES (1);
CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p ON DELETE CASCADE); INSERT INTO c VALUES (1, 1);
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER keep BEFORE DELETE ON c FOR EACH ROW EXECUTE FUNCTION keep();
)");
    for (const char* address :
         {"/v1/a/1", "/v1/a/1?hard=true", "/v1/a/1?dryRun=true", "/v1/a?ids=1,2"})
        CHECK(refused(call("DELETE", address)) ==
              "the trigger sd of public.a kept the row; drop it or let it pass");
    CHECK(call.value("SELECT count(*) FROM a WHERE deleted_at IS NULL") == "2");
    CHECK(refused(call("DELETE", "/v1/p/1")).find("keep of public.c") != std::string::npos);
    CHECK(call.value("SELECT count(*) FROM p, c") == "1");
}

// The tombstone stayed without a word, and the second delete was refused by a constraint alone.
TEST_CASE("rows that triggers write elsewhere during a delete are told") {
    Bench call(R"(
CREATE TABLE doc (id int PRIMARY KEY, name text);
CREATE TABLE doc_gone (id int PRIMARY KEY, at timestamptz);
CREATE TABLE log (what text, who text, why text, at int) PARTITION BY LIST (at);
CREATE TABLE log_all PARTITION OF log DEFAULT;
INSERT INTO doc VALUES (1, 'x');
CREATE FUNCTION bury() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO doc_gone VALUES (OLD.id, now());
  INSERT INTO log VALUES (current_setting('trashd.action', true),
    current_setting('trashd.principal', true), current_setting('trashd.reason', true), 1), ('', '', '', 2);
  RETURN NULL; END $$;
CREATE TRIGGER bury AFTER DELETE ON doc FOR EACH ROW EXECUTE FUNCTION bury();
)");
    const std::string written =
        R"("written":[{"resource":"doc_gone","table":"public.doc_gone","count":1},)"
        R"({"resource":"log","table":"public.log","count":2}])";
    const auto dry = call("DELETE", "/v1/doc/1?dryRun=true");
    CAPTURE(dry.body);
    CHECK(dry.body.find(written) != std::string::npos);
    CHECK(call("DELETE", "/v1/doc?ids=1&dryRun=true").body.find(written) != std::string::npos);
    CHECK(call.value("SELECT count(*) FROM doc_gone") == "0");
    const auto gone = call("DELETE", "/v1/doc/1", "", {{"Prefer", "return=representation"}});
    REQUIRE(gone.status == 200);
    CHECK(gone.body.find(written) != std::string::npos);
    CHECK(call("POST", gone.header("Location") + "/$restore").status == 200);
    const std::string said =
        "the trigger bury of public.doc fails: unique constraint \\\"doc_gone_pkey\\\" of table "
        "\\\"public.doc_gone\\\" already holds these values; change them, or the row that has them";
    for (const char* address : {"/v1/doc/1", "/v1/doc/1?dryRun=true"}) {
        const auto again = call("DELETE", address);
        CHECK(again.status == 409);
        CHECK(again.body.find(said) != std::string::npos);
    }
}

// Only rows that came anew were told, so that a counter changed without a word.
TEST_CASE("rows that triggers change elsewhere are told, those that the delete cuts are not") {
    Bench call(R"(
CREATE TABLE doc (id int PRIMARY KEY, t text, after int REFERENCES doc ON DELETE SET NULL);
CREATE INDEX ON doc (after);
CREATE TABLE counter (id int PRIMARY KEY, n int);
INSERT INTO doc VALUES (1, 'a', NULL), (2, 'b', 1), (3, 'c', NULL), (4, 'd', 1);
INSERT INTO counter VALUES (1, 0), (2, 0);
CREATE FUNCTION count_up() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  UPDATE counter SET n = n + 1; RETURN NULL; END $$;
CREATE FUNCTION spread() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF NEW.id = 2 THEN UPDATE doc SET t = t || '!' WHERE id = 3; END IF; RETURN NULL; END $$;
CREATE TRIGGER count_up AFTER DELETE ON doc FOR EACH ROW EXECUTE FUNCTION count_up();
CREATE TRIGGER spread AFTER UPDATE ON doc FOR EACH ROW EXECUTE FUNCTION spread();
)");
    const auto told = [](const Answer& answer) {
        CAPTURE(answer.body);
        CHECK(answer.body.find(R"("table":"public.counter","count":2})") != std::string::npos);
        CHECK(answer.body.find(R"("table":"public.doc","count":1})") != std::string::npos);
    };
    told(call("DELETE", "/v1/doc/1?dryRun=true"));
    told(call("DELETE", "/v1/doc?ids=1&dryRun=true"));
    const auto gone = call("DELETE", "/v1/doc/1", "", {{"Prefer", "return=representation"}});
    told(gone);
    CHECK(call.value("SELECT string_agg(t, '' ORDER BY id) FROM doc") == "bc!d");
    CHECK(call("POST", gone.header("Location") + "/$restore").status == 200);
    CHECK(call.value("SELECT count(*) FROM doc WHERE after = 1") == "2");
}

// A trigger made a new row of a sibling after the old one had gone; no trigger was named.
TEST_CASE("a counter that a trigger keeps in a sibling table is named with its trigger") {
    Bench call(R"(
CREATE TABLE song (id int PRIMARY KEY);
CREATE TABLE score (song int PRIMARY KEY REFERENCES song, n int NOT NULL);
CREATE TABLE vote (song int REFERENCES song, voter int, PRIMARY KEY (song, voter));
CREATE FUNCTION count_it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF TG_OP = 'INSERT' THEN INSERT INTO score AS s VALUES (NEW.song, 1) ON CONFLICT (song) DO UPDATE SET n = s.n + 1;
  ELSE INSERT INTO score AS s VALUES (OLD.song, -1) ON CONFLICT (song) DO UPDATE SET n = s.n - 1; END IF; RETURN NULL; END $$;
CREATE TRIGGER count_it AFTER INSERT OR DELETE ON vote FOR EACH ROW EXECUTE FUNCTION count_it();
INSERT INTO song VALUES (1), (2);
INSERT INTO vote VALUES (1, 1), (1, 2), (2, 1);
)");
    for (const char* query : {"", "&dryRun=true"}) {
        const auto detail = refused(call("DELETE", std::string("/v1/song/1?cascade=true") + query));
        CHECK(detail.find("count_it of public.vote") != std::string::npos);
        CHECK(detail.find("public.score") != std::string::npos);
    }
    const auto bulk = refused(call("DELETE", "/v1/song?ids=1&cascade=true"));
    CHECK(bulk.find("count_it of public.vote") != std::string::npos);
    CHECK(call("DELETE", "/v1/vote/1,1").status == 204);
}

// They could not tell a restore from an insert, nor who asks.
TEST_CASE("triggers are told what happens, to whom it belongs, by whom and why") {
    Bench call(R"(
CREATE TABLE inv (id int PRIMARY KEY);
CREATE TABLE seen (no serial PRIMARY KEY, what text);
INSERT INTO inv VALUES (1), (2);
CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO seen (what) VALUES (concat_ws('|', current_setting('trashd.action', true),
    current_setting('trashd.principal', true), current_setting('trashd.reason', true),
    current_setting('trashd.request', true), current_setting('trashd.group', true)));
  RETURN NULL; END $$;
CREATE TRIGGER see AFTER INSERT OR DELETE ON inv FOR EACH ROW EXECUTE FUNCTION see();
)");
    const httplib::Headers as{{"X-Request-Id", "r-1"}};
    const auto gone = call("DELETE", "/v1/inv/1?reason=old", "", as);
    const auto group = gone.header("X-Trash-Group");
    const auto last = [&] { return call.value("SELECT what FROM seen ORDER BY no DESC LIMIT 1"); };
    CHECK(last() == "trash|anonymous|old|r-1|" + group);
    CHECK(call("POST", gone.header("Location") + "/$restore", "", as).status == 200);
    CHECK(last() == "restore|anonymous||r-1|" + group);
    CHECK(call("DELETE", "/v1/inv/2?hard=true", "", as).status == 204);
    CHECK(last().starts_with("hard|anonymous||r-1|"));
    CHECK(call("POST", "/v1/inv", R"({"id": 3})", as).status == 201);
    CHECK(last() == "||||");
    call.sql("CREATE TRIGGER see AFTER DELETE ON trashd.item FOR EACH ROW EXECUTE FUNCTION see()");
    const auto again = call("DELETE", "/v1/inv/3");
    CHECK(call("DELETE", again.header("Location"), "", as).status == 204);
    CHECK(last() == "purge|anonymous||r-1|" + again.header("X-Trash-Group"));
}

// It was 500, and the dry run said yes.
TEST_CASE("a published table without a replica identity is refused with what gives it one") {
    Bench call(R"(
CREATE TABLE p (id int PRIMARY KEY);
CREATE TABLE k (p_id int REFERENCES p ON DELETE CASCADE, note text);
CREATE TABLE n (id int PRIMARY KEY, t text); ALTER TABLE n REPLICA IDENTITY NOTHING;
INSERT INTO p VALUES (1); INSERT INTO k VALUES (1, 'a'), (1, 'a'); INSERT INTO n VALUES (1);
CREATE TABLE split (id int, PRIMARY KEY (id)) PARTITION BY LIST (id);
CREATE TABLE split_1 PARTITION OF split FOR VALUES IN (1); ALTER TABLE split_1 REPLICA IDENTITY NOTHING;
INSERT INTO split VALUES (1);
CREATE PUBLICATION some_tables FOR TABLE p, k, n, split;
)");
    const std::string gives = "\" REPLICA IDENTITY FULL, or give it a primary key";
    for (const char* query : {"", "?dryRun=true", "?hard=true"}) {
        CHECK(refused(call("DELETE", std::string("/v1/p/1") + query)) ==
              "the table public.k is in a publication and has no replica identity; ALTER TABLE "
              "\"public\".\"k" +
                  gives);
        CHECK(refused(call("DELETE", std::string("/v1/n/1") + query)).find("public.n") !=
              std::string::npos);
        CHECK(refused(call("DELETE", std::string("/v1/split/1") + query)).find("public.split") !=
              std::string::npos);
    }
    CHECK(refused(call("PATCH", "/v1/n/1", R"({"t": "x"})")) ==
          "the table \"n\" is in a publication and has no replica identity; ALTER TABLE \"n\" "
          "REPLICA IDENTITY FULL, or give it a primary key");
    call.sql(
        "ALTER TABLE k REPLICA IDENTITY FULL; ALTER TABLE n REPLICA IDENTITY FULL;"
        "ALTER TABLE split_1 REPLICA IDENTITY FULL");
    const auto gone = call("DELETE", "/v1/p/1");
    CAPTURE(gone.body);
    CHECK(gone.status == 204);
    CHECK(call("DELETE", "/v1/n/1").status == 204);
    CHECK(call("DELETE", "/v1/split/1").status == 204);
}

// The connection of the pool stayed in the role, and later requests ran as it.
TEST_CASE("what a trigger sets for the session is undone before the next request") {
    Bench call(R"(
CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY);
CREATE FUNCTION lead_astray() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  SET ROLE pg_monitor; SET search_path = nowhere; RETURN NULL; END $$;
CREATE TRIGGER t AFTER INSERT ON a FOR EACH ROW EXECUTE FUNCTION lead_astray();
CREATE FUNCTION who() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  RAISE EXCEPTION '% in %', current_user, current_setting('search_path'); END $$;
CREATE TRIGGER t AFTER INSERT ON b FOR EACH ROW EXECUTE FUNCTION who();
)");
    const auto before = refused(call("POST", "/v1/b", R"({"id": 1})"));
    for (int id = 1; id <= 20; ++id) call("POST", "/v1/a", fmt::format(R"({{"id": {}}})", id));
    for (int i = 0; i < 20; ++i) CHECK(refused(call("POST", "/v1/b", R"({"id": 1})")) == before);
    CHECK(call("GET", "/v1/a?limit=1").status == 200);
}

// It was 500: the rule diverts what the database's own cascade does.
TEST_CASE("a rewrite rule on a table that the database cascades into is a conflict") {
    Bench call(R"(
CREATE TABLE rp (id int PRIMARY KEY); INSERT INTO rp VALUES (1);
CREATE TABLE rc (id int PRIMARY KEY, rp int REFERENCES rp ON DELETE CASCADE);
CREATE RULE none AS ON DELETE TO rc DO INSTEAD NOTHING;
)");
    const std::string said =
        "rewrite rules on public.rc divert what the foreign key rc_rp_fkey does when a row goes; "
        "drop the rules";
    CHECK(refused(call("DELETE", "/v1/rp/1")) == said);
    CHECK(refused(call("DELETE", "/v1/rp?ids=1")) == said);
    CHECK(call.value("SELECT count(*) FROM rp") == "1");
}

// The log referred to itself.
TEST_CASE("a start that an event trigger refuses says so, and what to do") {
    TempDatabase database(R"(
CREATE TABLE a (id int PRIMARY KEY);
DROP ROLE IF EXISTS no_ddl; CREATE ROLE no_ddl LOGIN;
CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
  IF current_user = 'no_ddl' THEN RAISE EXCEPTION 'no DDL here'; END IF; END $$;
CREATE EVENT TRIGGER refuse ON ddl_command_start EXECUTE FUNCTION refuse();
)");
    TestConnection(database.url())
        ->script("GRANT CREATE ON DATABASE " + database.name() + " TO no_ddl");
    const auto run =
        run_program({"serve", "--database", database.url("no_ddl"), "--listen", "127.0.0.1:0"});
    CHECK(run.status == 1);
    CHECK(run.output.find("the trash schema cannot be made: the function refuse refuses: no DDL "
                          "here; a role that may make it can do so for the service's: trashd "
                          "migrate --for ROLE") != std::string::npos);
}

// It was 404, the row was gone and in no trash; a restore took other groups' rows, and said 200. So
// did one that took, or changed, the references that others are to set back.
TEST_CASE("a trigger that takes rows out of the trash refuses the delete, and the restore") {
    Bench call(R"(
CREATE TABLE a (id int PRIMARY KEY, what text);
INSERT INTO a VALUES (1, 'SELECT'), (2, 'DELETE FROM trashd.item'), (3, 'TRUNCATE trashd.item'), (4, 'SELECT'),
  (5, 'UPDATE trashd.item SET payload = payload'), (6, 'UPDATE trashd.trash_group SET reason = reason');
CREATE TABLE q (id int PRIMARY KEY); INSERT INTO q VALUES (7);
CREATE TABLE c (id int PRIMARY KEY, q int REFERENCES q ON DELETE SET NULL); INSERT INTO c VALUES (8, 7);
CREATE INDEX ON c (q);
CREATE FUNCTION act() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  EXECUTE CASE TG_OP WHEN 'DELETE' THEN OLD.what ELSE NEW.what END; RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER act AFTER DELETE ON a DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION act();
)");
    CHECK(call("DELETE", "/v1/a/4").status == 204);
    for (const char* query : {"", "?dryRun=true"}) {
        CHECK(refused(call("DELETE", std::string("/v1/a/2") + query)) ==
              "a trigger deletes rows that would not be in the trash; change the trigger or delete "
              "those rows first");
        CHECK(refused(call("DELETE", std::string("/v1/a/3") + query))
                  .find("trashd.item, whose rows would not be in the trash") != std::string::npos);
        for (const char* object : {"/v1/a/5", "/v1/a/6"})
            CHECK(refused(call("DELETE", std::string(object) + query)) ==
                  "a trigger changes rows that are in the trash; change the trigger");
    }
    const auto parent = call("DELETE", "/v1/q/7").header("Location");
    const auto gone = call("DELETE", "/v1/a/1").header("Location");
    call.sql("CREATE TRIGGER come AFTER INSERT ON a FOR EACH ROW EXECUTE FUNCTION act()");
    const std::pair<std::string, std::string> acts[] = {
        {"DELETE FROM trashd.item WHERE object_id = '4'", "deletes rows from the trash"},
        {"DELETE FROM trashd.link", "deletes rows from the trash"},
        {"UPDATE trashd.link SET was = left_as", "changes rows that are in the trash"},
        {"UPDATE trashd.item SET payload[2] = 'x'", "changes rows that are in the trash"}};
    for (const auto& [act, what] : acts) {
        call.sql("UPDATE trashd.item SET payload[2] = " + schema::literal(act) +
                 " WHERE object_id = '1'");
        for (const char* query : {"?dryRun=true", ""})
            CHECK(conflict(call("POST", gone + "/$restore" + query)) ==
                  "a trigger " + what + "; look at the trigger come on public.a");
    }
    CHECK(call.value("SELECT count(*) FROM a, trashd.item") == "12");
    const auto back = call("POST", parent + "/$restore");
    CHECK(back.status == 200);
    CHECK(back.json()["relinked"].GetInt() == 1);
    CHECK(call.value("SELECT q FROM c") == "7");
}

// It said that rows changed meanwhile, and to try again.
TEST_CASE("a trigger that keeps a reference to what would go is named") {
    Bench call(R"(
CREATE TABLE p (id int PRIMARY KEY); INSERT INTO p VALUES (1);
CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p ON DELETE SET NULL);
CREATE INDEX ON c (p); INSERT INTO c VALUES (1, 1);
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER keep BEFORE UPDATE ON c FOR EACH ROW EXECUTE FUNCTION keep();
)");
    for (const char* address : {"/v1/p/1", "/v1/p/1?dryRun=true", "/v1/p?ids=1"})
        CHECK(refused(call("DELETE", address)) ==
              "the trigger keep of public.c keeps a reference to what would go; drop it or let the "
              "row pass");
}

// The dry run said yes, and the delete 422 with the advice to change the values.
TEST_CASE("a table that refuses to have a reference cut refuses the delete and its dry run") {
    Bench call(R"(
CREATE DOMAIN known AS int CHECK (VALUE IS NOT NULL);
CREATE TABLE p (id int PRIMARY KEY); INSERT INTO p SELECT generate_series(0, 5);
CREATE TABLE arc (id int PRIMARY KEY, p int REFERENCES p ON DELETE SET NULL, q int, CHECK (num_nonnulls(p, q) = 1));
CREATE TABLE dom (id int PRIMARY KEY, p known REFERENCES p ON DELETE SET NULL);
CREATE TABLE one (id int PRIMARY KEY, p int UNIQUE NULLS NOT DISTINCT REFERENCES p ON DELETE SET NULL);
CREATE TABLE def (id int PRIMARY KEY, p int UNIQUE DEFAULT 0 REFERENCES p ON DELETE SET DEFAULT);
INSERT INTO arc VALUES (1, 1, NULL); INSERT INTO dom VALUES (1, 2);
INSERT INTO one VALUES (1, 3), (2, NULL); INSERT INTO def VALUES (1, 4), (2, 0);
)");
    const std::string refuses[] = {
        "check constraint \"arc_check\"", "check constraint \"known_check\"",
        "unique constraint \"one_p_key\"", "unique constraint \"def_p_key\""};
    for (int id = 1; id <= 4; ++id)
        for (const auto& address :
             {fmt::format("/v1/p/{}", id), fmt::format("/v1/p/{}?dryRun=true", id),
              fmt::format("/v1/p/{}?hard=true", id), fmt::format("/v1/p?ids={}", id),
              fmt::format("/v1/p?ids={}&dryRun=true", id)}) {
            CAPTURE(address);
            CHECK(refused(call("DELETE", address))
                      .starts_with("rows that refer to what would go have their references set to "
                                   "NULL or a default, which is refused: " +
                                   refuses[id - 1]));
        }
    CHECK(call("DELETE", "/v1/p/5").status == 204);
}

// Of other tables alone it was told; what is the group's own, or is set back, is not beside.
TEST_CASE("a restore says which other rows of the same table triggers change") {
    Bench call(R"(
CREATE TABLE place (id int PRIMARY KEY, up int REFERENCES place ON DELETE SET NULL, main bool, n int DEFAULT 0);
CREATE INDEX ON place (up);
INSERT INTO place VALUES (1, NULL, true), (2, 1, false), (3, NULL, false), (4, NULL, false);
CREATE FUNCTION alone() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  UPDATE place SET n = n + 1 WHERE id = NEW.id;
  UPDATE place SET main = false, n = 7 WHERE id IN (3, 4); RETURN NULL; END $$;
CREATE TRIGGER alone AFTER INSERT ON place FOR EACH ROW EXECUTE FUNCTION alone();
)");
    const auto gone = call("DELETE", "/v1/place/1").header("Location");
    for (const char* query : {"?dryRun=true", ""}) {
        const auto back = call("POST", gone + "/$restore" + query);
        CAPTURE(back.body);
        CHECK(back.status == 200);
        CHECK(back.body.find(R"("relinked":1,"notRelinked":0,"written":[{"resource":"place",)"
                             R"("table":"public.place","count":2}])") != std::string::npos);
    }
    CHECK(call.value("SELECT n FROM place WHERE id = 1") == "0");
}
