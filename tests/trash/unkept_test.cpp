// Rows that are not kept, trash = false of the configuration: they go for good with what they hang
// on, as guarded as all others, and nothing of them lies in the trash or comes back.
#include <doctest/doctest.h>

#include <future>

#include "schema/catalog/declared_reference.hpp"
#include "schema/catalog/reader.hpp"
#include "schema/error.hpp"
#include "schema/session/transaction.hpp"
#include "tests/trash/guarded.hpp"
#include "trash/capture/capture.hpp"
#include "trash/delete_outline.hpp"
#include "trash/records/holds.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

// Of usr 1 go for good 2 sessions with 3 hits, 3 nodes and 1 clue; post and note are kept.
constexpr const char* kTables = R"(
CREATE TABLE usr (id int PRIMARY KEY, name text, latest int);
CREATE TABLE session (id int PRIMARY KEY, usr int REFERENCES usr ON DELETE CASCADE, token text);
CREATE TABLE hit (session int REFERENCES session ON DELETE CASCADE, at text);
CREATE TABLE node (id int PRIMARY KEY, usr int REFERENCES usr ON DELETE CASCADE,
                   parent int REFERENCES node ON DELETE CASCADE);
CREATE TABLE post (id int PRIMARY KEY, usr int REFERENCES usr ON DELETE CASCADE, body text);
CREATE TABLE note (id int PRIMARY KEY, usr int REFERENCES usr ON DELETE CASCADE,
                   session int REFERENCES session ON DELETE SET NULL);
CREATE TABLE mark (id int PRIMARY KEY, session int REFERENCES session ON DELETE SET NULL);
CREATE TABLE device (id int PRIMARY KEY, usr int REFERENCES usr ON DELETE SET NULL);
CREATE TABLE bill (id int PRIMARY KEY, usr int REFERENCES usr);
CREATE TABLE clue (post int REFERENCES post ON DELETE CASCADE, word text);
ALTER TABLE usr ADD FOREIGN KEY (latest) REFERENCES session ON DELETE SET NULL;
INSERT INTO usr VALUES (1, 'Ann'), (2, 'Bob'), (3, 'Cy');
INSERT INTO session VALUES (10, 1, 'zq-ten'), (11, 1, 'zq-eleven'), (20, 2, 'zq-twenty');
UPDATE usr SET latest = 11 WHERE id = 1;
INSERT INTO hit VALUES (10, 'a'), (10, 'a'), (11, 'b'), (20, 'c');
INSERT INTO node VALUES (1, 1, NULL), (2, NULL, 1), (3, NULL, 2), (4, 2, NULL);
INSERT INTO post VALUES (100, 1, 'x'), (101, 2, 'y');
INSERT INTO note VALUES (200, 1, 10), (201, 1, NULL);
INSERT INTO mark VALUES (300, 11), (301, 20);
INSERT INTO device VALUES (400, 1), (401, 2);
INSERT INTO clue VALUES (100, 'x');
)";

struct Unkept : Guarded {
    explicit Unkept(const std::string& more = "") : Guarded(kTables + more) {
        say({"session", "hit", "node", "device", "bill", "clue"});
    }
    void say(const std::vector<std::string>& tables,
             std::vector<schema::DeclaredReference> references = {}) {
        schema::OptionsOfTables options;
        for (const auto& table : tables) options[{"public", table}].kept = false;
        bin.catalog().set_keys({}, std::move(references), std::move(options));
    }
    std::string items() {
        return value(R"(SELECT coalesce(string_agg(t, ' ' ORDER BY t), '') FROM (
  SELECT s.table_name || ' ' || count(*) AS t FROM trashd.item i JOIN trashd.shape s ON s.id = i.shape
  GROUP BY s.table_name) x)");
    }
    std::string ledger() {
        return value(R"(SELECT coalesce(string_agg(concat_ws(' ', action, table_name, object_id,
    counts), '; ' ORDER BY id), '') FROM trashd.ledger)");
    }
    trash::DeleteResult gone(const std::string& table, const std::string& id,
                             const trash::DeleteOptions& options = {}) {
        return bin.remove({"public", table}, {id}, options, {});
    }
    // What it says, after which nothing has changed.
    template <typename Work>
    std::string refusal(Work work) {
        const auto before = all(), trash = items() + ledger();
        std::string said = "nothing";
        try {
            work();
        } catch (const Error& error) {
            said = error.what();
        }
        CHECK((all() == before));
        CHECK(items() + ledger() == trash);
        return said;
    }
    void hold(const std::string& table, const std::string& id) {
        bin.run(schema::Mode::kWrite, [&](schema::Transaction& transaction) {
            trash::NewHold wanted;
            wanted.table = schema::QualifiedName{"public", table};
            wanted.objects = {id};
            trash::create_hold(transaction, "trashd", wanted, {"judge", "lawsuit", {}, {}});
        });
    }
};

std::string text_of(const std::vector<trash::ImpactLine>& lines) {
    std::string text;
    for (const auto& line : lines)
        text += (text.empty() ? "" : ", ") + line.action + " " + std::to_string(line.count) + " " +
                line.table.name;
    return text;
}

std::vector<trash::ImpactLine> deleted_in(const trash::Impact& impact) {
    std::vector<trash::ImpactLine> lines;
    for (const auto& line : impact.lines)
        if (line.action == "delete") lines.push_back(line);
    return lines;
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("rows that are not kept go for good with what they hang on, and the rest comes back") {
    Unkept db;
    const auto impact = db.bin.impact({"public", "usr"}, {"1"}, false);
    CHECK(impact.total == 13);
    const auto result = db.gone("usr", "1");
    CHECK(db.items() == "note 2 post 1 usr 1");
    CHECK(result.rows == impact.total);
    CHECK(result.item->group_size == 4);
    CHECK(text_of(result.dropped) == text_of(deleted_in(impact)));
    CHECK(has(text_of(result.dropped), "delete 2 session"));
    CHECK(has(text_of(result.dropped), "delete 3 hit"));
    CHECK(has(text_of(result.dropped), "delete 3 node"));
    CHECK(has(text_of(result.dropped), "delete 1 clue"));
    CHECK(db.value("SELECT size || ' ' || links || ' ' || counts::text FROM trashd.trash_group") ==
          "4 1 {1,1,2}");
    CHECK(db.value("SELECT count(*) FROM trashd.item i WHERE i::text LIKE '%zq-%'") == "0");
    CHECK(db.value("SELECT count(DISTINCT group_uuid) || ' ' || count(group_uuid) FROM "
                   "trashd.ledger") == "1 5");
    CHECK(db.value("SELECT count(*) FROM session") == "1");
    CHECK(db.value("SELECT count(*) FROM mark WHERE session IS NULL") == "1");
    const auto restored = db.restore(result.item->id);
    CHECK(restored.restored == 4);
    CHECK(restored.lost.empty());
    CHECK(db.value("SELECT name || coalesce(latest, 0) FROM usr WHERE id = 1") == "Ann0");
    CHECK(db.value("SELECT string_agg(id || ' ' || coalesce(session, 0), ', ' ORDER BY id) FROM "
                   "note") == "200 0, 201 0");
    CHECK(db.value("SELECT usr FROM device WHERE id = 400") == "1");
    CHECK(db.value("SELECT count(*) FROM mark WHERE session IS NULL") == "1");
    CHECK(db.value("SELECT count(*) FROM session") == "1");
}

TEST_CASE("the ledger has an entry for each table whose rows went for good, with the group") {
    Unkept db;
    db.gone("usr", "1");
    for (const char* entry : {"deleted session", "deleted hit", "deleted node", "deleted clue"})
        CHECK(has(db.ledger(), entry));
    CHECK(has(db.ledger(), "{\"public.session\": 2}"));
    CHECK(has(db.ledger(), "{\"public.hit\": 3}"));
    CHECK(
        has(db.ledger(), R"(trashed usr 1 {"public.usr": 1, "public.note": 2, "public.post": 1})"));
    CHECK(db.value("SELECT action FROM trashd.ledger ORDER BY id DESC LIMIT 1") == "trashed");
}

TEST_CASE("a hard delete counts rows that are not kept as all others") {
    Unkept db;
    trash::DeleteOptions options;
    options.hard = true;
    const auto result = db.gone("usr", "1", options);
    CHECK(result.rows == 13);
    CHECK(result.dropped.empty());
    CHECK(db.items().empty());
    CHECK(db.value("SELECT count(*) || action || (counts ->> 'public.hit') FROM trashd.ledger "
                   "GROUP BY action, counts") == "1deleted3");
}

TEST_CASE("a row that is not kept goes for good by itself, with its entry in the ledger") {
    Unkept db;
    const auto impact = db.bin.impact({"public", "session"}, {"10"}, false);
    CHECK(text_of(deleted_in(impact)) == "delete 1 session, delete 2 hit");
    CHECK(impact.total == 3);
    const auto result = db.gone("session", "10");
    CHECK(!result.item);
    CHECK(result.entry.empty());
    CHECK(result.rows == 3);
    CHECK(db.items().empty());
    CHECK(db.value("SELECT count(*) FROM trashd.trash_group") == "0");
    CHECK(db.ledger() == R"(deleted session 10 {"public.hit": 2, "public.session": 1})");
    CHECK(db.value("SELECT count(*) FROM trashd.link") == "0");
    CHECK(db.value("SELECT session IS NULL FROM note WHERE id = 200") == "t");
    CHECK(db.gone("device", "401").rows == 1);
    CHECK(db.refusal([&] { db.gone("session", "10"); }) == "there is no such object");
}

TEST_CASE("what was trashed before such rows were not kept stays as it is, and comes back") {
    Unkept db;
    db.say({});
    const auto item = db.remove("session", "20");
    db.say({"session", "hit", "node", "device", "bill", "clue"});
    const auto again = db.gone("session", "20");
    CHECK(again.already);
    CHECK(again.item->id == item);
    CHECK(db.restore(item).restored == 2);
    trash::DeleteOptions hard;
    hard.hard = true;
    db.gone("session", "20", hard);
    CHECK(db.items().empty());
}

TEST_CASE("rows that refuse go for good with cascade=true alone, and what is kept refuses") {
    Unkept db(
        "INSERT INTO bill VALUES (1, 3);"
        "CREATE TABLE claim (id int PRIMARY KEY, session int REFERENCES session);"
        "INSERT INTO claim VALUES (1, 20);");
    db.sql("INSERT INTO session VALUES (30, 3, 'z')");
    CHECK(has(db.refusal([&] { db.gone("usr", "3"); }), "other rows refer to this object"));
    trash::DeleteOptions all;
    all.cascade = true;
    const auto result = db.gone("usr", "3", all);
    CHECK(text_of(result.dropped).find("delete 1 bill") != std::string::npos);
    CHECK(db.items() == "usr 1");
    // a claim is kept, and would hang on what does not come back
    for (const char* what : {"session 20", "usr 2"}) {
        const std::string words(what);
        const auto table = words.substr(0, words.find(' ')), id = words.substr(words.find(' ') + 1);
        CAPTURE(table);
        CHECK(has(db.refusal([&] { db.gone(table, id, all); }), "cannot be taken along"));
        const auto impact = db.bin.impact({"public", table}, {id}, true);
        REQUIRE(impact.blockers.size() == 1);
        CHECK(impact.blockers[0].reason ==
              "its rows are kept in the trash, and those that they refer to go for good (trash = "
              "false)");
        CHECK(impact.blockers[0].ids == std::vector<std::string>{"1"});
    }
}

TEST_CASE("a kept row of the same delete that must refer to one that goes for good refuses it") {
    Unkept db(
        "CREATE TABLE visit (id int PRIMARY KEY, usr int REFERENCES usr ON DELETE CASCADE,"
        " session int NOT NULL REFERENCES session); INSERT INTO visit VALUES (1, 1, 10);");
    for (const bool hard : {false, true}) {
        trash::DeleteOptions options;
        options.hard = hard;
        CHECK(has(db.refusal([&] { db.gone("usr", "1", options); }), "other rows refer"));
    }
    const auto impact = db.bin.impact({"public", "usr"}, {"1"}, false);
    REQUIRE(impact.blockers.size() == 1);
    CHECK(impact.blockers[0].table.name == "visit");
    db.sql("DELETE FROM visit");
    CHECK(db.gone("usr", "1").item->group_size == 4);
}

TEST_CASE("kept rows that go with rows that are not kept make the plan refuse") {
    Unkept db;
    db.say({"post"});
    const auto said = db.refusal([&] { db.gone("usr", "1"); });
    CHECK(has(said,
              "rows of public.clue are kept in the trash, and by clue_post_fkey they go with "
              "rows of public.post, which are not: trash = false; say trash = false of "
              "public.clue as well, or on_delete = {clue_post_fkey = \"restrict\"}"));
    CHECK(db.refusal([&] { db.gone("post", "100"); }) == said);
}

TEST_CASE("references that share a column and of which one would not come back refuse") {
    Unkept db(
        "CREATE TABLE spot (a int, b int, PRIMARY KEY (a, b), usr int REFERENCES usr ON DELETE "
        "CASCADE); INSERT INTO spot VALUES (1, 1, 1);"
        "CREATE TABLE pin (id int PRIMARY KEY, a int, b int,"
        " FOREIGN KEY (a, b) REFERENCES spot ON DELETE SET NULL,"
        " FOREIGN KEY (a) REFERENCES usr ON DELETE CASCADE); INSERT INTO pin VALUES (1, 1, 1);");
    db.say({"session", "hit", "node", "device", "bill", "clue", "spot"});
    CHECK(has(db.refusal([&] { db.gone("usr", "1"); }),
              "foreign keys of public.pin share a column, and only one of them refers to rows that "
              "are kept in the trash; configure one of them to restrict"));
}

TEST_CASE("a row that comes while a delete waits for its parent goes with it and is counted") {
    Unkept db;
    TestConnection other(db.database.url());
    other->script(
        "BEGIN; INSERT INTO session VALUES (12, 1, 'late'); "
        "INSERT INTO hit VALUES (12, 'late'), (11, 'late')");
    auto removing = std::async(std::launch::async, [&] { return db.gone("usr", "1"); });
    while (other.value("SELECT count(*) FROM pg_locks WHERE NOT granted") == "0") {
    }
    other->exec("COMMIT");
    const auto result = removing.get();
    CHECK(has(text_of(result.dropped), "delete 3 session"));
    CHECK(has(text_of(result.dropped), "delete 5 hit"));
    CHECK(has(db.ledger(), "{\"public.hit\": 5}"));
    CHECK(db.value("SELECT count(*) FROM hit") == "1");
}

TEST_CASE("a row that comes when its parent is on its way out is refused") {
    Unkept db;
    TestConnection other(db.database.url()), late(db.database.url());
    other->script("BEGIN; LOCK trashd.ledger IN SHARE MODE");
    auto removing = std::async(std::launch::async, [&] { return db.gone("usr", "1"); });
    while (other.value("SELECT count(*) FROM pg_locks WHERE NOT granted") == "0") {
    }
    auto inserting = std::async(std::launch::async, [&]() -> std::string {
        try {
            late->exec("INSERT INTO session VALUES (13, 1, 'late')");
        } catch (const Error& error) {
            return error.sql()->sqlstate;
        }
        return "inserted";
    });
    while (other.value("SELECT count(*) FROM pg_locks WHERE NOT granted") == "1") {
    }
    other->exec("COMMIT");
    CHECK(has(text_of(removing.get().dropped), "delete 2 session"));
    CHECK(inserting.get() == "23503");
}

TEST_CASE("triggers on rows that are not kept run, and may not keep them") {
    Unkept db(R"(
CREATE TABLE seen (id int);
CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN INSERT INTO seen VALUES (OLD.id); RETURN OLD; END';
CREATE TRIGGER see AFTER DELETE ON session FOR EACH ROW EXECUTE FUNCTION see();
)");
    const auto result = db.gone("usr", "1");
    CHECK(db.value("SELECT count(*) FROM seen") == "2");
    REQUIRE(result.written.size() == 1);
    CHECK(result.written[0].table.name == "seen");
    CHECK(result.written[0].count == 2);
    db.sql(
        "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
        "CREATE TRIGGER keep BEFORE DELETE ON session FOR EACH ROW EXECUTE FUNCTION keep();");
    CHECK(has(db.refusal([&] { db.gone("usr", "2"); }), "session kept the row"));
    db.sql(
        "DROP TRIGGER keep ON session; CREATE FUNCTION more() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN DELETE FROM device; RETURN OLD; END';"
        "CREATE TRIGGER more AFTER DELETE ON session FOR EACH ROW EXECUTE FUNCTION more();");
    CHECK(has(db.refusal([&] { db.gone("usr", "2"); }), "a trigger deletes rows"));
}

TEST_CASE(
    "rows that vanish on their way into the trash are missed beside those that are not kept") {
    Unkept db;
    db.sql(R"(CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN IF NEW.ordinal = 2 THEN RETURN NULL; END IF; RETURN NEW; END';
CREATE TRIGGER swallow BEFORE INSERT ON trashd.item FOR EACH ROW EXECUTE FUNCTION swallow();)");
    CHECK(has(db.refusal([&] { db.gone("usr", "1"); }), "so nothing was deleted"));
}

TEST_CASE("many at once: each answer says what went for good with it") {
    Unkept db;
    const auto before = db.bin.impact_all({"public", "usr"}, {.ids = {{"1"}, {"2"}, {"3"}}}, false);
    const auto result =
        db.bin.remove_all({"public", "usr"}, {.ids = {{"1"}, {"2"}, {"3"}}}, {}, {});
    REQUIRE(result.entries.size() == 3);
    CHECK(result.rows == before.total);
    CHECK(has(text_of(result.entries[0].dropped), "delete 3 hit"));
    CHECK(has(text_of(result.entries[1].dropped), "delete 1 hit"));
    CHECK(result.entries[2].dropped.empty());
    CHECK(db.items() == "note 2 post 2 usr 3");
    CHECK(db.value("SELECT string_agg(size::text, ' ' ORDER BY id) FROM trashd.trash_group") ==
          "4 2 1");
}

TEST_CASE("many rows that are not kept go for good at once") {
    Unkept db;
    const auto result =
        db.bin.remove_all({"public", "session"}, {.ids = {{"10"}, {"20"}, {"77"}}}, {}, {});
    REQUIRE(result.entries.size() == 3);
    CHECK(result.entries[0].status == "deleted");
    CHECK(result.entries[1].status == "deleted");
    CHECK(result.entries[2].status == "not-found");
    CHECK(result.rows == 5);
    CHECK(result.entry.empty());
    CHECK(db.items().empty());
    CHECK(db.value("SELECT count(*) || min(action) FROM trashd.ledger") == "2deleted");
}

TEST_CASE("who is asked about rows sees those that are about to go for good") {
    Unkept db;
    std::string seen;
    bool refuses = true;
    trash::DeleteOptions options;
    options.check.rows = [&](schema::Transaction& transaction, const schema::Catalog&,
                             long long group) {
        seen = transaction
                   .exec(
                       "SELECT string_agg(s.table_name || coalesce(i.object_id, ''), ' ' ORDER BY "
                       "s.table_name, i.object_id) FROM trashd.item i JOIN trashd.shape s ON s.id "
                       "= i.shape WHERE group_id = $1::bigint",
                       {std::to_string(group)})
                   .text(0, 0);
        if (refuses) throw Error(Code::kForbidden, "not yours");
    };
    CHECK(db.refusal([&] { db.gone("usr", "1", options); }) == "not yours");
    CHECK(seen ==
          "clue hit hit hit node1 node2 node3 note200 note201 post100 session10 session11 "
          "usr1");
    refuses = false;
    for (const bool hard : {false, true}) {
        options.hard = hard;
        const auto result = db.gone("usr", hard ? "2" : "1", options);
        CHECK(has(text_of(result.dropped), hard ? "delete 1 hit" : "delete 3 hit"));
        CHECK(result.rows == (hard ? 5 : 13));
        CHECK(db.items() == "note 2 post 1 usr 1");
    }
    CHECK(has(seen, "session20"));
}

TEST_CASE("what holds a row that would go for good refuses the delete of what it hangs on") {
    Unkept db;
    db.hold("session", "20");
    CHECK(has(db.refusal([&] { db.gone("usr", "2"); }), "it is held"));
    CHECK(has(db.refusal([&] { db.gone("session", "20"); }), "it is held"));
    CHECK(has(db.refusal([&] {
        db.bin.remove_all({"public", "usr"}, {.ids = {{"1"}, {"2"}}}, {}, {});
    }),
              "it is held"));
    const auto result = db.gone("usr", "1");
    CHECK(has(text_of(result.dropped), "delete 3 hit"));
    CHECK(result.item->group_size == 4);
    CHECK(db.items() == "note 2 post 1 usr 1");
    CHECK(db.restore(result.item->id).restored == 4);
}

TEST_CASE("of kept rows a hold lets those go into the trash that it holds") {
    Unkept db;
    db.hold("post", "100");
    const auto result = db.gone("usr", "1");
    CHECK(result.item->group_size == 4);
    CHECK(db.items() == "note 2 post 1 usr 1");
}

TEST_CASE("rows of another tenant do not go for good with one's own") {
    Unkept db(
        "ALTER TABLE usr ADD tenant text; ALTER TABLE session ADD tenant text;"
        "UPDATE usr SET tenant = 'a'; UPDATE session SET tenant = 'a' WHERE id <> 11;"
        "UPDATE session SET tenant = 'b' WHERE id = 11;");
    db.bin.set_tenant_column("tenant");
    auto own = db.bin.of_tenant("a");
    CHECK(has(db.refusal([&] { own.remove({"public", "usr"}, {"1"}, {}, {}); }), "cross tenants"));
    const auto result = own.remove({"public", "usr"}, {"2"}, {}, {});
    CHECK(has(text_of(result.dropped), "delete 1 session"));
    CHECK(db.value("SELECT string_agg(DISTINCT tenant, ' ') FROM trashd.ledger") == "a");
}

TEST_CASE("a declared reference takes rows that are not kept for good, and late ones are found") {
    Unkept db(
        "CREATE TABLE hint (id int PRIMARY KEY, kind text, of_id int);"
        "INSERT INTO hint VALUES (1, 'usr', 1), (2, 'post', 100), (3, 'usr', 2);");
    schema::DeclaredReference reference;
    reference.name = "hint_usr";
    reference.table = {"public", "hint"};
    reference.columns = {"of_id"};
    reference.where = "kind = 'usr'";
    reference.to = {"public", "usr"};
    db.say({"session", "hit", "node", "device", "bill", "clue", "hint"}, {reference});
    const auto result = db.gone("usr", "1");
    CHECK(has(text_of(result.dropped), "delete 1 hint"));
    CHECK(db.restore(result.item->id).restored == 4);
    CHECK(db.value("SELECT string_agg(id::text, ' ' ORDER BY id) FROM hint") == "2 3");
}

TEST_CASE("the undo of a restore deletes for good what has come meanwhile") {
    Unkept db;
    const auto item = db.remove("usr", "1");
    const auto restored = db.restore(item);
    db.sql("INSERT INTO session VALUES (14, 1, 'new')");
    db.bin.undo(restored.entries.front(), {}, {});
    CHECK(db.items() == "note 2 post 1 usr 1");
    CHECK(db.value("SELECT count(*) FROM session") == "1");
    CHECK(db.restore(item).restored == 4);
}

TEST_CASE("captured deletes leave rows that are not kept alone") {
    Unkept db;
    trash::Capture(db.bin).on({{"public", "usr"}});
    std::string captured;
    for (const auto& one : trash::Capture(db.bin).status())
        captured += (captured.empty() ? "" : " ") + one.table.name;
    CHECK(captured == "note post usr");
    db.sql("DELETE FROM usr WHERE id = 1");
    CHECK(db.items() == "note 2 post 1 usr 1");
    CHECK(has(db.ledger(), "trashed usr 1"));
    CHECK(!has(db.ledger(), "session"));
    db.sql("DELETE FROM session");
    CHECK(db.items() == "note 2 post 1 usr 1");
    CHECK(db.refusal([&] {
        trash::Capture(db.bin).on({{"public", "session"}});
    }) == "rows of public.session are not kept: the configuration says trash = false; leave that "
          "out to capture them");
}

TEST_CASE("capture that is renewed ends at tables that are not kept any more") {
    Unkept db;
    db.say({});
    trash::Capture(db.bin).on({{"public", "usr"}, {"public", "session"}});
    db.say({"session", "hit", "node", "device", "bill", "clue"});
    trash::Capture(db.bin).renew();
    CHECK(db.value("SELECT count(*) FROM pg_trigger WHERE tgname = 'trashd_capture' AND tgrelid IN "
                   "('session'::regclass, 'hit'::regclass)") == "0");
    db.sql("DELETE FROM usr WHERE id = 2");
    CHECK(db.items() == "post 1 usr 1");
}

TEST_CASE("the plan as people read it tells what is deleted for good") {
    Unkept db;
    const auto acts = [&](const std::string& table) {
        std::string text;
        for (const auto& stage : db.bin.outline_of({"public", table}, false).stages)
            if (stage.act == cascade::Act::kTake || stage.act == cascade::Act::kDelete)
                text += (stage.act == cascade::Act::kTake ? "+" : "-") + stage.table.name + " ";
        return text;
    };
    CHECK(acts("device") == "-device ");
    CHECK(has(acts("usr"), "+usr "));
    CHECK(has(acts("usr"), "-session "));
    CHECK(has(acts("usr"), "-hit "));
    CHECK(!has(acts("usr"), "-post "));
    for (const auto& stage : db.bin.outline_of({"public", "device"}, false).stages)
        CHECK(stage.act != cascade::Act::kTakeAlone);
}

TEST_CASE("rows that are deleted at once by many requests go for good one by one") {
    Unkept db("INSERT INTO bill SELECT n, NULL FROM generate_series(1, 8) n;");
    std::vector<std::future<bool>> all;
    for (int time = 0; time < 2; ++time)
        for (int id = 1; id <= 8; ++id)
            all.push_back(std::async(std::launch::async, [&db, id] {
                try {
                    return !db.gone("bill", std::to_string(id)).item.has_value();
                } catch (const Error& error) {
                    CHECK(error.code() == Code::kNotFound);
                    return false;
                }
            }));
    long long deleted = 0;
    for (auto& one : all) deleted += one.get() ? 1 : 0;
    CHECK(deleted == 8);
    CHECK(db.items().empty());
    CHECK(db.value("SELECT count(*) || min(action) || max(action) FROM trashd.ledger") ==
          "8deleteddeleted");
}
