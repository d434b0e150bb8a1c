// Restores with choices: what a conflict offers, and what comes of each choice.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/trash/guarded.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

using trash::Choice;
using All = std::vector<Choice>;

trash::Restored restore(Guarded& db, const std::string& item, trash::Choices choices) {
    trash::RestoreOptions options;
    options.choices = std::move(choices);
    return db.bin.restore(item, options, {});
}

trash::Choices set(const std::string& table, const std::string& id, const std::string& json,
                   std::vector<std::string> columns) {
    trash::Choices choices;
    choices.set = {{{{"public", table}, id}, std::move(columns), json}};
    return choices;
}

trash::Choices answer(const std::string& table, const std::string& id, Choice choice,
                      const std::string& constraint = "") {
    trash::Choices choices;
    choices.resolve = {{{{"public", table}, id}, constraint, choice}};
    return choices;
}

trash::Choices otherwise(Choice choice) {
    trash::Choices choices;
    choices.otherwise = choice;
    return choices;
}

std::vector<trash::Conflict> conflicts(Guarded& db, const std::string& item,
                                       const trash::Choices& choices) {
    const auto before = db.all();
    std::vector<trash::Conflict> out;
    try {
        restore(db, item, choices);
        FAIL("restored");
    } catch (const trash::Conflicted& conflicted) {
        out = conflicted.conflicts;
    }
    CHECK((db.all() == before));
    return out;
}

// The code and the sentence of the refusal, after which all is as it was.
std::string refusal(Guarded& db, const std::string& item, const trash::Choices& choices) {
    const auto before = db.all();
    std::string said;
    try {
        restore(db, item, choices);
    } catch (const Error& error) {
        said = std::string(code_name(error.code())) + ": " + error.what();
    }
    CHECK((db.all() == before));
    return said;
}

constexpr const char* kTopics = R"(
CREATE TABLE usr (id int PRIMARY KEY, name text);
CREATE TABLE topic (id int PRIMARY KEY, author int REFERENCES usr ON DELETE SET NULL, title text);
INSERT INTO usr VALUES (1, 'ann'), (2, 'bob');
INSERT INTO topic VALUES (1, 1, 'x'), (2, 1, 'y');
)";

// A project with tasks that refer to it and to each other, and a book of marks outside.
constexpr const char* kProjects = R"(
CREATE TABLE project (id int PRIMARY KEY, code text NOT NULL UNIQUE, name text);
CREATE TABLE task (id int PRIMARY KEY, project int NOT NULL REFERENCES project ON DELETE CASCADE,
                   parent int REFERENCES task ON DELETE CASCADE, title text);
CREATE TABLE member (project int REFERENCES project ON DELETE CASCADE, person int,
                     PRIMARY KEY (project, person));
CREATE TABLE share (id int PRIMARY KEY, project int, person int,
                    FOREIGN KEY (project, person) REFERENCES member ON DELETE CASCADE);
CREATE TABLE mark (id int PRIMARY KEY, project int REFERENCES project ON DELETE SET NULL,
                   code text REFERENCES project (code) ON DELETE SET NULL);
INSERT INTO project VALUES (1, 'a', 'One'), (2, 'b', 'Two');
INSERT INTO task VALUES (1, 1, NULL, 'top'), (2, 1, 1, 'below'), (3, 2, NULL, 'other');
INSERT INTO member VALUES (1, 7), (1, 8), (2, 7);
INSERT INTO share VALUES (1, 1, 7), (2, 2, 7);
INSERT INTO mark VALUES (1, 1, 'a'), (2, 2, 'b');
)";

}  // namespace

TEST_CASE("a reference whose parent is gone for good can be left out") {
    Guarded db(kTopics);
    const auto item = db.remove("topic", "1");
    db.sql("DELETE FROM usr WHERE id = 1");
    const auto found = conflicts(db, item, {});
    REQUIRE(found.size() == 1);
    CHECK(found[0].kind == "missing-parent");
    CHECK(found[0].choices == All{Choice::kDetach, Choice::kSet});

    const auto restored = restore(db, item, answer("topic", "1", Choice::kDetach));
    REQUIRE(restored.detached.size() == 1);
    CHECK(restored.detached[0].id == "1");
    CHECK(restored.detached[0].constraint == "topic_author_fkey");
    CHECK(restored.detached[0].columns == std::vector<std::string>{"author"});
    CHECK(restored.detached[0].values[0] == "1");
    CHECK(db.value("SELECT (author IS NULL)::text || title FROM topic WHERE id = 1") == "truex");
    CHECK(db.value("SELECT count(*) FROM trashd.item") == "0");
}

TEST_CASE("a reference is detached only where its parent is missing") {
    Guarded db(kTopics);
    const auto item = db.remove("topic", "1");
    const auto restored = restore(db, item, otherwise(Choice::kDetach));
    CHECK(restored.detached.empty());
    CHECK(db.value("SELECT author FROM topic WHERE id = 1") == "1");
}

TEST_CASE("a row whose parent is gone can be given another one") {
    Guarded db(kTopics);
    const auto item = db.remove("topic", "1");
    db.sql("DELETE FROM usr WHERE id = 1");
    const auto restored = restore(db, item, set("topic", "1", R"({"author": 2})", {"author"}));
    REQUIRE(restored.changed.size() == 1);
    CHECK(restored.changed[0].id == "1");
    CHECK(restored.changed[0].columns == std::vector<std::string>{"author"});
    CHECK(restored.changed[0].was == R"({ "author" : 1 })");
    CHECK(restored.changed[0].is == R"({ "author" : 2 })");
    CHECK(db.value("SELECT author || title FROM topic WHERE id = 1") == "2x");
}

TEST_CASE("a parent in the trash comes along where that is chosen") {
    Guarded db(kTopics);
    const auto before = db.all();
    const auto item = db.remove("topic", "1");
    db.remove("usr", "1");
    const auto found = conflicts(db, item, {});
    REQUIRE(found.size() == 1);
    CHECK(found[0].choices == All{Choice::kAncestors, Choice::kDetach, Choice::kSet});
    const auto restored = restore(db, item, answer("topic", "1", Choice::kAncestors));
    CHECK(restored.ancestors.size() == 1);
    CHECK(restored.restored == 2);
    CHECK((db.all() == before));
}

TEST_CASE("a parent's parents come along with it") {
    Guarded db(
        "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES "
        "a ON DELETE CASCADE); CREATE TABLE c (id int PRIMARY KEY, b int REFERENCES b ON DELETE "
        "CASCADE); INSERT INTO a VALUES (1); INSERT INTO b VALUES (1, 1); INSERT INTO c VALUES (1, "
        "1)");
    const auto before = db.all();
    const auto item = db.remove("c", "1");
    db.remove("b", "1");
    db.remove("a", "1");
    CHECK(restore(db, item, otherwise(Choice::kAncestors)).ancestors.size() == 2);
    CHECK((db.all() == before));
}

TEST_CASE("a required reference cannot be detached") {
    Guarded db(
        "CREATE TABLE country (code text PRIMARY KEY); CREATE TABLE city (id int PRIMARY KEY, code "
        "text NOT NULL REFERENCES country ON UPDATE CASCADE ON DELETE CASCADE); INSERT INTO "
        "country "
        "VALUES ('DE'); INSERT INTO city VALUES (1, 'DE'), (2, 'DE')");
    const auto item = db.remove("city", "1");
    db.sql("UPDATE country SET code = 'GER'");
    CHECK(conflicts(db, item, {})[0].choices == All{Choice::kSet});
    CHECK(conflicts(db, item, otherwise(Choice::kDetach)).size() == 1);
    CHECK(refusal(db, item, answer("city", "1", Choice::kDetach)) ==
          "bad-request: 'detach' does not fit the conflict missing-parent of city 1; its choices "
          "are: set");
    CHECK(restore(db, item, set("city", "1", R"({"code": "GER"})", {"code"})).changed.size() == 1);
    CHECK(db.value("SELECT string_agg(code, ',') FROM city") == "GER,GER");
}

TEST_CASE("a column that is required since can be given a value") {
    Guarded db("CREATE TABLE note (id int PRIMARY KEY, t text); INSERT INTO note VALUES (1, 'a')");
    const auto item = db.remove("note", "1");
    db.sql("ALTER TABLE note ADD COLUMN author int NOT NULL, ADD COLUMN kind text DEFAULT 'k'");
    const auto found = conflicts(db, item, {});
    REQUIRE(found.size() == 1);
    CHECK(found[0].id == "1");
    CHECK(found[0].choices == All{Choice::kSet});
    const auto restored = restore(db, item, set("note", "1", R"({"author": 5})", {"author"}));
    CHECK(restored.changed[0].was == R"({ "author" : null })");
    CHECK(db.value("SELECT t || author || kind FROM note") == "a5k");
}

TEST_CASE("a column that is required since can be given one value for every row") {
    Guarded db(
        "CREATE TABLE box (id int PRIMARY KEY); CREATE TABLE note (id int PRIMARY KEY, box int "
        "REFERENCES box ON DELETE CASCADE); INSERT INTO box VALUES (1); INSERT INTO note SELECT i, "
        "1 FROM generate_series(1, 20) i");
    const auto item = db.remove("box", "1");
    db.sql("ALTER TABLE note ADD COLUMN author int NOT NULL");
    auto choices = set("note", "", R"({"author": 5})", {"author"});
    CHECK(restore(db, item, choices).changed.size() == 20);
    CHECK(db.value("SELECT count(*) FROM note WHERE author = 5 AND box = 1") == "20");
}

TEST_CASE("a key that is set is carried to members and to references from outside") {
    Guarded db(kProjects);
    const auto item = db.remove("project", "1");
    db.sql("INSERT INTO project VALUES (1, 'new', 'Another')");
    const auto found = conflicts(db, item, {});
    REQUIRE(found.size() == 1);
    CHECK(found[0].kind == "primary-key-taken");
    const auto restored =
        restore(db, item, set("project", "1", R"({"id": 9, "code": "z"})", {"id", "code"}));
    CHECK(restored.root_id == "9");
    CHECK(restored.restored == 6);
    CHECK(restored.relinked == 2);
    CHECK(restored.changed.size() == 1 + 2 + 2 + 1);
    CHECK(db.value("SELECT string_agg(id || ':' || name, ' ' ORDER BY id) FROM project") ==
          "1:Another 2:Two 9:One");
    CHECK(db.value("SELECT string_agg(id || ':' || project, ' ' ORDER BY id) FROM task") ==
          "1:9 2:9 3:2");
    CHECK(db.value("SELECT string_agg(project || ':' || person, ' ' ORDER BY 1) FROM member") ==
          "2:7 9:7 9:8");
    CHECK(db.value("SELECT string_agg(id || ':' || project, ' ' ORDER BY id) FROM share") ==
          "1:9 2:2");
    CHECK(db.value("SELECT project || code FROM mark WHERE id = 1") == "9z");
    CHECK(db.value("SELECT count(*) FROM trashd.item") == "0");
    CHECK(db.value("SELECT count(*) FROM trashd.link") == "0");
}

TEST_CASE("a key that rows of its own table refer to is carried to them") {
    Guarded db(kProjects);
    const auto item = db.remove("project", "1");
    db.sql("INSERT INTO task VALUES (1, 2, NULL, 'in the way')");
    const auto found = conflicts(db, item, {});
    REQUIRE(found.size() == 1);
    CHECK(found[0].id == "1");
    restore(db, item, set("task", "1", R"({"id": 50})", {"id"}));
    CHECK(db.value("SELECT parent || title FROM task WHERE id = 2") == "50below");
}

TEST_CASE("a value that an index over an expression finds taken is named, and set, by its column") {
    Guarded db(R"(
CREATE TABLE job (id int PRIMARY KEY, team text, code text, room int, at int4range, hidden boolean);
CREATE UNIQUE INDEX job_code ON job (lower(code::text));
CREATE UNIQUE INDEX job_team ON job ((team || lower(code)), room, (room + id % 1), upper(code))
  WHERE NOT hidden;
ALTER TABLE job ADD CONSTRAINT job_at EXCLUDE USING gist (int4range(room, room + 1) WITH &&,
                                                          at WITH &&);
INSERT INTO job VALUES (1, 'A', 'WEB27', 5, '[1,5)', false);)");
    const auto item = db.remove("job", "1");
    db.sql("INSERT INTO job VALUES (2, 'A', 'web27', 5, '[4,9)', false)");
    const auto found = conflicts(db, item, {});
    REQUIRE(found.size() == 3);
    CHECK(found[0].constraint == "job_code");
    CHECK(found[0].columns == std::vector<std::string>{"code"});
    CHECK(found[0].values == std::vector<std::optional<std::string>>{"WEB27"});
    CHECK(found[0].with_id == "2");
    CHECK(found[1].constraint == "job_team");
    CHECK(found[1].columns == std::vector<std::string>{"id", "team", "code", "room"});
    CHECK(found[1].values == std::vector<std::optional<std::string>>{"1", "A", "WEB27", "5"});
    CHECK(found[2].constraint == "job_at");
    CHECK(found[2].columns == std::vector<std::string>{"room", "at"});
    CHECK(found[2].values == std::vector<std::optional<std::string>>{"5", "[1,5)"});
    restore(db, item, set("job", "1", R"({"code": "WEB28", "room": 6})", {"code", "room"}));
    CHECK(db.value("SELECT code || room FROM job WHERE id = 1") == "WEB286");
}

TEST_CASE("an index over no column names what it is over") {
    Guarded db(
        "CREATE TABLE job (id int PRIMARY KEY, code text); "
        "CREATE UNIQUE INDEX only_one ON job ((true)); INSERT INTO job VALUES (1, 'a')");
    const auto item = db.remove("job", "1");
    db.sql("INSERT INTO job VALUES (2, 'b')");
    const auto found = conflicts(db, item, {});
    REQUIRE(found.size() == 1);
    REQUIRE(found[0].columns.size() == 1);
    CHECK(found[0].columns[0] == "(true)");
    CHECK(found[0].choices == All{Choice::kSwap});
}

TEST_CASE("what a restore with choices puts back is compared with what was wanted") {
    Guarded db(std::string(kTopics) + trigger("stamp", "BEFORE INSERT ON topic FOR EACH ROW",
                                              "new.title := 'stamped'; RETURN new;"));
    const auto item = db.remove("topic", "1");
    const auto restored = restore(db, item, set("topic", "1", R"({"title": "wanted"})", {"title"}));
    CHECK(db.value("SELECT title FROM topic WHERE id = 1") == "wanted");
    CHECK(restored.altered.empty());
}

TEST_CASE("a member that the database refuses can be given other values") {
    Guarded db(
        "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE inv (id int PRIMARY KEY, p int NOT NULL "
        "REFERENCES p ON DELETE CASCADE, d int); INSERT INTO p VALUES (1); INSERT INTO inv VALUES "
        "(1, 1, 0), (2, 1, 100), (3, 1, 0);" +
        trigger("ins", "BEFORE INSERT ON inv FOR EACH ROW",
                "IF new.d > 30 THEN RAISE EXCEPTION 'closed period'; END IF; RETURN new;"));
    db.sql(
        "ALTER TABLE inv DISABLE TRIGGER ins; UPDATE inv SET d = d; ALTER TABLE inv ENABLE "
        "TRIGGER ins");
    const auto item = db.remove("p", "1");
    const auto found = conflicts(db, item, {});
    REQUIRE(found.size() == 1);
    CHECK(found[0].id == "2");
    CHECK(found[0].choices == All{Choice::kLeaveOut, Choice::kSet});
    CHECK(restore(db, item, set("inv", "2", R"({"d": 30})", {"d"})).restored == 4);
}

TEST_CASE("a value without a place gets lost for the members for which that is chosen") {
    Guarded db(
        "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES "
        "p ON DELETE CASCADE, word text); INSERT INTO p VALUES (1); INSERT INTO c VALUES (1, 1, "
        "'one'), (2, 1, 'two')");
    const auto item = db.remove("p", "1");
    db.sql("ALTER TABLE c DROP COLUMN word");
    const auto found = conflicts(db, item, answer("c", "1", Choice::kLossy));
    REQUIRE(found.size() == 1);
    CHECK(found[0].id == "2");
    CHECK(found[0].choices == All{Choice::kLeaveOut, Choice::kLossy});
    auto both = answer("c", "1", Choice::kLossy);
    both.resolve.push_back({{{"public", "c"}, "2"}, "", Choice::kLossy});
    CHECK(restore(db, item, both).lost.size() == 2);
}

TEST_CASE("choices for what is not there are refused in words") {
    Guarded db(kTopics);
    const auto item = db.remove("topic", "1");
    CHECK(refusal(db, item, answer("topic", "2", Choice::kDetach)) ==
          "bad-request: there is no topic 2 in the group; a TrashItem's deletedObjectId names it");
    CHECK(refusal(db, item, set("topic", "7", R"({"title": "x"})", {"title"}))
              .starts_with("bad-request: there is no topic 7 in the group"));
    CHECK(refusal(db, item, set("topic", "1", R"({"titel": "x"})", {"titel"})) ==
          "bad-request: there is no column 'titel' in topic to be set");
    CHECK(refusal(db, item, answer("topic", "1", Choice::kSet)) ==
          "bad-request: 'set' was chosen for topic 1; name the values that it gets in 'set'");
    CHECK(refusal(db, item, otherwise(Choice::kSet)).starts_with("bad-request: 'otherwise'"));
    CHECK(refusal(db, item, set("topic", "1", R"({"author": "many"})", {"author"})) ==
          "invalid: the column 'author' does not take the value in 'set'");
}

TEST_CASE("a dry run with choices says the same and changes nothing") {
    Guarded db(kProjects);
    const auto item = db.remove("project", "1");
    db.sql("INSERT INTO project VALUES (1, 'new', 'Another')");
    const auto before = db.all();
    trash::RestoreOptions options;
    options.choices = set("project", "1", R"({"id": 9})", {"id"});
    options.dry_run = true;
    const auto dry = db.bin.restore(item, options, {});
    CHECK((db.all() == before));
    options.dry_run = false;
    const auto done = db.bin.restore(item, options, {});
    CHECK(dry.changed.size() == done.changed.size());
    CHECK(dry.restored == done.restored);
}

TEST_CASE("a live row in the way goes into the trash with what hangs on it") {
    Guarded db(kProjects);
    const auto item = db.remove("project", "1");
    db.sql(
        "INSERT INTO project VALUES (1, 'new', 'Another'); INSERT INTO task VALUES (9, 1, NULL, "
        "'another'); INSERT INTO project VALUES (5, 'a', 'has the code')");
    const auto found = conflicts(db, item, {});
    REQUIRE(found.size() == 2);
    CHECK(found[0].choices == All{Choice::kSet, Choice::kSwap});
    const auto restored = restore(db, item, otherwise(Choice::kSwap));
    REQUIRE(restored.swapped.size() == 2);
    CHECK(restored.swapped[0].id == "1");
    CHECK(restored.swapped[0].rows == 2);
    CHECK(db.value("SELECT string_agg(id || name, ' ' ORDER BY id) FROM project") == "1One 2Two");
    CHECK(db.value("SELECT string_agg(id::text, ' ' ORDER BY id) FROM task") == "1 2 3");
    CHECK(db.value("SELECT string_agg(state, ' ' ORDER BY id) FROM trashd.trash_group") ==
          "restored trashed trashed");
    const auto back = restore(db, restored.swapped[0].item, otherwise(Choice::kSwap));
    CHECK(back.swapped.size() == 1);
    CHECK(db.value("SELECT name FROM project WHERE id = 1") == "Another");
}

// It was 503, as if the schema had changed.
TEST_CASE("of rows in the way one may take others along when they are swapped") {
    Guarded db(
        "CREATE TABLE part (id int PRIMARY KEY, whole int REFERENCES part ON DELETE CASCADE, "
        "code text UNIQUE); INSERT INTO part VALUES (1, NULL, 'a'), (2, 1, 'b'), (3, 1, 'c')");
    const auto item = db.remove("part", "1");
    db.sql("INSERT INTO part VALUES (11, NULL, 'a'), (12, 11, 'b'), (13, 11, 'c')");
    const auto restored = restore(db, item, otherwise(Choice::kSwap));
    REQUIRE(restored.swapped.size() == 1);
    CHECK(restored.swapped[0].rows == 3);
    CHECK(db.value("SELECT string_agg(id || code, ' ' ORDER BY id) FROM part") == "1a 2b 3c");
    db.bin.undo(restored.entries.at(0), {}, {});
    CHECK(db.value("SELECT string_agg(id || code, ' ' ORDER BY id) FROM part") == "11a 12b 13c");
}

TEST_CASE("what was swapped out is no ancestor that could come along again") {
    Guarded db(R"(
CREATE TABLE usr (id int PRIMARY KEY, name text UNIQUE);
CREATE TABLE topic (id int PRIMARY KEY, author int NOT NULL REFERENCES usr ON DELETE CASCADE,
                    editor int REFERENCES usr ON DELETE CASCADE);
INSERT INTO usr VALUES (1, 'ann'), (2, 'bob');
INSERT INTO topic VALUES (1, 1, 2);
)");
    const auto item = db.remove("usr", "1");
    db.sql("UPDATE usr SET name = 'ann' WHERE id = 2");
    auto choices = answer("usr", "1", Choice::kSwap);
    choices.otherwise = Choice::kAncestors;
    const auto found = conflicts(db, item, choices);
    REQUIRE(found.size() == 1);
    CHECK(found[0].kind == "missing-parent");
    CHECK(found[0].with_id == "2");
    CHECK(found[0].trash_item.empty());
    CHECK((found[0].choices == All{Choice::kLeaveOut, Choice::kDetach, Choice::kSet}));
    choices.otherwise = Choice::kDetach;
    CHECK(restore(db, item, choices).detached.size() == 1);
}

TEST_CASE("a row in the way that others need is not swapped") {
    Guarded db(std::string(kTopics) +
               "CREATE TABLE pin (topic int NOT NULL REFERENCES topic); ALTER TABLE topic ADD "
               "UNIQUE (title);");
    const auto item = db.remove("topic", "1");
    db.sql("INSERT INTO topic VALUES (1, 2, 'z'); INSERT INTO pin VALUES (1)");
    CHECK_THROWS_AS(restore(db, item, answer("topic", "1", Choice::kSwap)), trash::Blocked);
    CHECK(db.value("SELECT title FROM topic WHERE id = 1") == "z");
}

TEST_CASE("otherwise answers more conflicts than one answer lists") {
    Guarded db(
        "CREATE TABLE box (id int PRIMARY KEY); CREATE TABLE thing (id int PRIMARY KEY, box int "
        "REFERENCES box ON DELETE CASCADE); INSERT INTO box VALUES (1); INSERT INTO thing SELECT "
        "i, 1 FROM generate_series(1, 2600) i");
    const auto before = db.all();
    const auto item = db.remove("box", "1");
    db.sql("INSERT INTO thing SELECT i FROM generate_series(1, 2500) i");
    CHECK(conflicts(db, item, {}).size() == 1000);
    const auto restored = restore(db, item, otherwise(Choice::kLeaveOut));
    CHECK(restored.restored == 1 + 100);
    CHECK(restored.left == 2500);
    db.sql("DELETE FROM thing WHERE box IS NULL");
    trash::ItemQuery asked;
    asked.limit = 1;
    std::string left;
    db.bin.list(asked, [&](const trash::Item& one) { left = one.id; });
    CHECK(restore(db, left, {}).restored == 2500);
    CHECK((db.all() == before));
}
