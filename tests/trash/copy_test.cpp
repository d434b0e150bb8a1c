// Copies of groups: new keys, references that follow, what stays in the trash and what is in the
// way.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/trash/guarded.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

trash::Restored copy(Guarded& db, const std::string& item, trash::Choices choices = {}) {
    trash::RestoreOptions options;
    options.choices = std::move(choices);
    options.choices.copy = true;
    return db.bin.restore(item, options, {});
}

std::vector<trash::Conflict> conflicts(Guarded& db, const std::string& item,
                                       const trash::Choices& choices = {}) {
    const auto before = db.all();
    std::vector<trash::Conflict> out;
    try {
        copy(db, item, choices);
        FAIL("copied");
    } catch (const trash::Conflicted& conflicted) {
        out = conflicted.conflicts;
    }
    CHECK((db.all() == before));
    return out;
}

trash::Choices set(const std::string& table, const std::string& id, const std::string& json,
                   std::vector<std::string> columns) {
    trash::Choices choices;
    choices.set = {{{{"public", table}, id}, std::move(columns), json}};
    return choices;
}

std::string said(const trash::Restored& restored) {
    std::string out;
    for (const auto& one : restored.copied)
        out += (out.empty() ? "" : " ") + one.table.name + ":" + one.from + ">" + one.to;
    return out;
}

// Projects with tasks that refer to each other, members with two columns for a key, and shares that
// refer to those; the client is outside.
constexpr const char* kProjects = R"(
CREATE TABLE client (id int PRIMARY KEY);
CREATE TABLE project (id serial PRIMARY KEY, client int REFERENCES client, name text);
CREATE TABLE task (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                   project int NOT NULL REFERENCES project ON DELETE CASCADE,
                   parent int REFERENCES task ON DELETE CASCADE, title text,
                   upper text GENERATED ALWAYS AS (upper(title)) STORED);
CREATE TABLE member (project int REFERENCES project ON DELETE CASCADE, person int,
                     PRIMARY KEY (project, person));
CREATE TABLE share (id bigserial PRIMARY KEY, project int, person int, note text,
                    FOREIGN KEY (project, person) REFERENCES member ON DELETE CASCADE);
CREATE TABLE mark (id int PRIMARY KEY, project int REFERENCES project ON DELETE SET NULL);
INSERT INTO client VALUES (1);
INSERT INTO project (client, name) VALUES (1, 'One'), (1, 'Two');
INSERT INTO task (project, parent, title) VALUES (1, NULL, 'top'), (1, 1, 'below'), (1, 2, 'deep'),
  (2, NULL, 'other');
INSERT INTO member VALUES (1, 7), (1, 8), (2, 7);
INSERT INTO share (project, person, note) VALUES (1, 7, 'a'), (2, 7, 'b'), (1, 8, 'c');
INSERT INTO mark VALUES (1, 1);
)";

}  // namespace

TEST_CASE("of a copy, too, it is the column that can be set which is named, not the expression") {
    Guarded db(
        "CREATE TABLE job (id serial PRIMARY KEY, code text); "
        "CREATE UNIQUE INDEX job_code ON job (lower(code)); INSERT INTO job VALUES (1, 'W')");
    const auto item = db.remove("job", "1");
    db.sql("INSERT INTO job VALUES (2, 'w'); SELECT setval('job_id_seq', 2)");
    const auto found = conflicts(db, item);
    REQUIRE(found.size() == 1);
    CHECK(found[0].columns == std::vector<std::string>{"code"});
    CHECK(found[0].values == std::vector<std::optional<std::string>>{"W"});
    copy(db, item, set("job", "1", R"({"code": "V"})", {"code"}));
    CHECK(db.value("SELECT code FROM job WHERE id > 2") == "V");
}

TEST_CASE("a copy has keys of its own, and what is inside refers to what is inside") {
    Guarded db(kProjects);
    const auto before = db.all();
    const auto item = db.remove("project", "1");
    const auto copied = copy(db, item);
    CHECK(copied.restored == 8);
    CHECK(copied.root_id == "3");
    CHECK(copied.copied.size() == 8);
    CHECK(said(copied).starts_with("project:1>3 "));
    CHECK(std::ranges::count_if(copied.copied, [](const auto& one) {
              return one.table.name == "task" && std::stoi(one.to) > 4;
          }) == 3);
    CHECK(db.value("SELECT id || name || client FROM project WHERE id = 3") == "3One1");
    CHECK(db.value("SELECT string_agg(t.upper || coalesce(p.title, '-'), ' ' ORDER BY t.id) FROM "
                   "task t LEFT JOIN task p ON p.id = t.parent WHERE t.project = 3") ==
          "TOP- BELOWtop DEEPbelow");
    CHECK(db.value("SELECT string_agg(person::text, ' ' ORDER BY person) FROM member WHERE project "
                   "= 3") == "7 8");
    CHECK(db.value("SELECT string_agg(person || note, ' ' ORDER BY person) FROM share WHERE "
                   "project = 3") == "7a 8c");
    CHECK(db.value("SELECT count(*) FROM mark WHERE project IS NULL") == "1");
    CHECK(db.value("SELECT count(*) FROM trashd.item") == "8");
    CHECK(db.value("SELECT string_agg(state, ' ') FROM trashd.trash_group") == "trashed");
    CHECK(db.value("SELECT string_agg(action, ' ' ORDER BY id) FROM trashd.ledger") ==
          "trashed copied");

    // the group itself comes back as if there had been no copy
    db.bin.restore(item, {}, {});
    db.sql("DELETE FROM project WHERE id = 3");
    CHECK((db.all() == before));
}

TEST_CASE("the same group can be copied again and again, beside the live rows as well") {
    Guarded db(kProjects);
    const auto item = db.remove("project", "1");
    CHECK(copy(db, item).root_id == "3");
    CHECK(copy(db, item).root_id == "4");
    CHECK(db.value("SELECT string_agg(id || name, ' ' ORDER BY id) FROM project") ==
          "2Two 3One 4One");
    CHECK(db.value("SELECT count(*) FROM task WHERE project IN (3, 4)") == "6");
}

TEST_CASE("keys that are UUIDs are made anew, with a default and without") {
    Guarded db(R"(
CREATE TABLE box (id uuid PRIMARY KEY, token uuid UNIQUE DEFAULT gen_random_uuid(), kind int);
CREATE TABLE thing (id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
                    box uuid REFERENCES box ON DELETE CASCADE);
INSERT INTO box VALUES ('00000000-0000-4000-8000-000000000001', DEFAULT, 5);
INSERT INTO thing (box) SELECT id FROM box, generate_series(1, 3))");
    const auto item = db.remove("box", "00000000-0000-4000-8000-000000000001");
    copy(db, item);
    copy(db, item);
    CHECK(db.value("SELECT count(DISTINCT id) || ' ' || count(DISTINCT token) FROM box WHERE id <> "
                   "'00000000-0000-4000-8000-000000000001' AND kind = 5") == "2 2");
    CHECK(db.value("SELECT count(*) || ' ' || count(DISTINCT t.id) FROM thing t JOIN box b ON b.id "
                   "= t.box") == "6 6");
    CHECK(db.bin.restore(item, {}, {}).restored == 4);
}

TEST_CASE("tables that refer to each other in a circle are copied") {
    Guarded db(R"(
CREATE TABLE team (id serial PRIMARY KEY, lead int);
CREATE TABLE person (id serial PRIMARY KEY, team int NOT NULL REFERENCES team ON DELETE CASCADE);
INSERT INTO team (lead) VALUES (2);
INSERT INTO person (team) VALUES (1), (1);
ALTER TABLE team ADD FOREIGN KEY (lead) REFERENCES person ON DELETE CASCADE;)");
    const auto item = db.remove("team", "1");
    const auto copied = copy(db, item);
    CHECK(said(copied) == "team:1>2 person:1>3 person:2>4");
    CHECK(db.value("SELECT lead FROM team") == "4");
    CHECK(db.value("SELECT string_agg(id || ':' || team, ' ' ORDER BY id) FROM person") ==
          "3:2 4:2");
}

TEST_CASE("a key that the database does not make is to be set, and is carried to what refers") {
    Guarded db(R"(
CREATE TABLE country (code text PRIMARY KEY, name text);
CREATE TABLE city (id serial PRIMARY KEY, code text REFERENCES country ON DELETE CASCADE);
INSERT INTO country VALUES ('DE', 'Germany');
INSERT INTO city (code) VALUES ('DE'), ('DE');)");
    const auto item = db.remove("country", "DE");
    auto found = conflicts(db, item);
    REQUIRE(found.size() == 1);
    CHECK(found[0].kind == "primary-key-taken");
    CHECK(found[0].id == "DE");
    CHECK(found[0].constraint == "country_pkey");
    CHECK(found[0].detail ==
          "the row in the trash keeps its key, and the database makes no other for the copy; name "
          "one in 'set'");
    CHECK(found[0].choices == std::vector{trash::Choice::kSet});
    db.sql("INSERT INTO country VALUES ('DE', 'again')");
    found = conflicts(db, item);
    REQUIRE(found.size() == 1);
    CHECK(found[0].with_id == "DE");
    CHECK(found[0].choices == std::vector{trash::Choice::kSet});

    const auto copied = copy(db, item, set("country", "DE", R"({"code": "DD"})", {"code"}));
    CHECK(copied.root_id == "DD");
    REQUIRE(copied.copied.size() == 3);
    CHECK(said(copied).starts_with("country:DE>DD city:1>"));
    CHECK(db.value("SELECT string_agg(id || code, ' ' ORDER BY id) FROM city") ==
          copied.copied[1].to + "DD " + copied.copied[2].to + "DD");
}

TEST_CASE("a key of references alone that do not follow is to be set") {
    Guarded db(
        "CREATE TABLE person (id serial PRIMARY KEY); CREATE TABLE profile (person int PRIMARY KEY "
        "REFERENCES person ON DELETE CASCADE, about text); INSERT INTO person DEFAULT VALUES; "
        "INSERT INTO person DEFAULT VALUES; INSERT INTO profile VALUES (1, 'x')");
    const auto whole = db.remove("person", "1");
    CHECK(said(copy(db, whole)) == "person:1>3 profile:1>3");
    db.bin.restore(whole, {}, {});
    const auto item = db.remove("profile", "1");
    REQUIRE(conflicts(db, item).size() == 1);
    copy(db, item, set("profile", "1", R"({"person": 2})", {"person"}));
    CHECK(db.value("SELECT string_agg(person || about, ' ' ORDER BY person) FROM profile") ==
          "2x 3x");
}

TEST_CASE("a unique value in the way of a copy is to be set") {
    Guarded db(
        "CREATE TABLE topic (id serial PRIMARY KEY, title text UNIQUE); INSERT INTO topic (title) "
        "VALUES ('x')");
    const auto item = db.remove("topic", "1");
    db.sql("INSERT INTO topic (title) VALUES ('x')");
    const auto found = conflicts(db, item);
    REQUIRE(found.size() == 1);
    CHECK(found[0].kind == "unique-taken");
    CHECK(found[0].with_id == "2");
    CHECK(found[0].choices == std::vector{trash::Choice::kSet});
    const auto copied = copy(db, item, set("topic", "1", R"({"title": "y"})", {"title"}));
    CHECK(db.value("SELECT title FROM topic WHERE id = " + copied.root_id) == "y");
}

TEST_CASE("values alike in a key stay alike, and a default that never changes makes no key") {
    Guarded db(R"(
CREATE SEQUENCE numbers START 100;
CREATE TABLE book (id serial PRIMARY KEY);
CREATE TABLE page (tenant int DEFAULT 1, number int DEFAULT nextval('numbers'), version int,
                   book int REFERENCES book ON DELETE CASCADE,
                   PRIMARY KEY (tenant, number, version));
INSERT INTO book DEFAULT VALUES;
INSERT INTO page VALUES (3, 5, 1, 1), (3, 5, 2, 1), (3, 6, 1, 1);)");
    const auto item = db.remove("book", "1");
    copy(db, item);
    CHECK(db.value("SELECT string_agg(tenant || ',' || number - (SELECT min(number) FROM page) || "
                   "',' || version, ' ' ORDER BY number, version) FROM page") ==
          "3,0,1 3,0,2 3,1,1");
    CHECK(db.value("SELECT min(number) >= 100 FROM page") == "t");
}

TEST_CASE("a part of a group is copied alone, and a missing parent is a conflict") {
    Guarded db(kProjects);
    const auto item = db.remove("project", "1");
    trash::ItemQuery asked;
    asked.filter.tables = {{"public", "task"}};
    std::string below;
    db.bin.list(asked, [&](const trash::Item& one) {
        if (one.object_id == "2") below = one.id;
    });
    trash::Choices choices;
    choices.only = {below};
    const auto found = conflicts(db, item, choices);
    REQUIRE(found.size() == 3);
    choices.otherwise = trash::Choice::kAncestors;
    const auto copied = copy(db, item, choices);
    CHECK(copied.restored == 4);
    CHECK(db.value("SELECT count(*) FROM task WHERE project = " + copied.root_id) == "3");
    CHECK(db.value("SELECT count(*) FROM trashd.item") == "8");
    CHECK(db.value("SELECT size FROM trashd.trash_group") == "8");
}

TEST_CASE("a dry run of a copy says what it would be and leaves nothing behind") {
    Guarded db(kProjects);
    const auto item = db.remove("project", "1");
    const auto before = db.all();
    trash::RestoreOptions options;
    options.choices.copy = options.dry_run = true;
    const auto dry = db.bin.restore(item, options, {});
    CHECK(dry.copied.size() == 8);
    CHECK((db.all() == before));
    CHECK(db.value("SELECT count(*) FROM trashd.item") == "8");
    options.dry_run = false;
    options.if_match = {'"' + dry.plan + '"'};
    CHECK(db.bin.restore(item, options, {}).copied.size() == 8);
}

TEST_CASE("triggers see a copy's rows like any others, and what they change is put right") {
    Guarded db(std::string(kProjects) + trigger("stamp", "BEFORE INSERT ON task FOR EACH ROW",
                                                "new.title := 'stamped'; RETURN new;"));
    const auto item = db.remove("project", "1");
    const auto copied = copy(db, item);
    CHECK(db.value("SELECT string_agg(title, ' ' ORDER BY id) FROM task WHERE project = " +
                   copied.root_id) == "top below deep");
}
