// Rows whose references a delete cuts, and in which triggers write other columns at that: all of
// their values come back, or the answer says which do not.
#include "schema/catalog/catalog.hpp"
#include "tests/trash/guarded.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

constexpr const char* kShelves =
    "CREATE TABLE shelf(id int PRIMARY KEY); CREATE TABLE wall(id int PRIMARY KEY); "
    "CREATE TABLE box(id int PRIMARY KEY, shelf int REFERENCES shelf ON DELETE SET NULL, wall int "
    "REFERENCES wall ON DELETE SET NULL, changed date, loose date, n int NOT NULL DEFAULT 0); "
    "CREATE INDEX ON box(shelf); CREATE INDEX ON box(wall); INSERT INTO shelf VALUES (1); INSERT "
    "INTO wall VALUES (1); INSERT INTO box VALUES (7, 1, 1, '2020-01-01', '2019-01-01'), (8, 1, 1, "
    "'2020-01-01', NULL);";

std::string on_box(const std::string& when, const std::string& body) {
    return kShelves + trigger("stamp", when + " FOR EACH ROW", body);
}

// Writes when a reference goes, and not when it comes back.
const std::string kLoose = on_box("BEFORE UPDATE ON box",
                                  "IF NEW.shelf IS NULL AND OLD.shelf IS NOT NULL OR NEW.wall IS "
                                  "NULL AND OLD.wall IS NOT NULL THEN NEW.loose = '2030-01-01'; "
                                  "NEW.n = OLD.n + 1; END IF; RETURN NEW;");

}  // namespace

TEST_CASE("what a trigger wrote into a row when its reference was cut becomes as it was") {
    // The reference alone came back; the other values were nowhere.
    const std::string forms[] = {
        kLoose,
        // at each change of the reference, the one back too
        on_box("BEFORE UPDATE ON box",
               "IF NEW.shelf IS DISTINCT FROM OLD.shelf THEN NEW.changed = '2030-01-01'; END IF; "
               "RETURN NEW;"),
        on_box("AFTER UPDATE ON box",
               "IF NEW.shelf IS NULL AND OLD.shelf IS NOT NULL THEN UPDATE box SET loose = "
               "'2030-01-01' WHERE id = NEW.id; END IF; RETURN NULL;"),
        on_box("AFTER UPDATE ON box DEFERRABLE INITIALLY DEFERRED",
               "UPDATE box SET loose = '2030-01-01' WHERE id = NEW.id AND shelf IS NULL AND loose "
               "IS DISTINCT FROM '2030-01-01'; RETURN NULL;")};
    for (const auto& script : forms) {
        Guarded db(script);
        db.round("shelf", "1");
        db.round("shelf", "1");
    }
}

TEST_CASE("what a trigger stamps on the way back, too, is told with what it was") {
    Guarded db(on_box("BEFORE UPDATE ON box",
                      "NEW.changed = '2030-01-01'; IF NEW.shelf IS NULL THEN NEW.loose = "
                      "'2031-01-01'; END IF; RETURN NEW;"));
    const auto item = db.remove("shelf", "1");
    CHECK(db.value("SELECT count(*) FROM box WHERE loose = '2031-01-01'") == "2");
    for (const bool dry : {true, false}) {
        const auto restored = db.restore(item, dry);
        CHECK(restored.relinked == 2);
        REQUIRE(restored.altered.size() == 2);
        CHECK(restored.altered[0].table == schema::QualifiedName{"public", "box"});
        CHECK(restored.altered[0].id == "7");
        CHECK(restored.altered[0].columns == std::vector<std::string>{"changed"});
        CHECK(restored.altered[0].was == R"({ "changed" : "2020-01-01" })");
        CHECK(restored.altered[0].is == R"({ "changed" : "2030-01-01" })");
        CHECK(restored.altered[1].id == "8");
    }
    CHECK(db.value("SELECT loose FROM box WHERE id = 7") == "2019-01-01");
    CHECK(db.value("SELECT count(*) FROM box WHERE loose IS NULL") == "1");
}

TEST_CASE("what was written into a cut row since the delete stays, and is told") {
    Guarded db(kLoose);
    const auto item = db.remove("shelf", "1");
    db.sql("UPDATE box SET loose = '2040-01-01', changed = '2041-01-01' WHERE id = 7");
    const auto restored = db.restore(item);
    CHECK(restored.relinked == 2);
    REQUIRE(restored.altered.size() == 1);
    CHECK(restored.altered[0].id == "7");
    CHECK(restored.altered[0].was == R"({ "loose" : "2019-01-01" })");
    CHECK(restored.altered[0].is == R"({ "loose" : "2040-01-01" })");
    CHECK(db.value("SELECT changed FROM box WHERE id = 7") == "2041-01-01");
    CHECK(db.value("SELECT n FROM box WHERE id = 7") == "0");
}

TEST_CASE("a cut row whose reference is another one by now is left alone, and told") {
    Guarded db(kLoose);
    const auto item = db.remove("shelf", "1");
    db.sql("INSERT INTO shelf VALUES (2); UPDATE box SET shelf = 2 WHERE id = 7");
    const auto restored = db.restore(item);
    CHECK(restored.relinked == 1);
    CHECK(restored.not_relinked == 1);
    REQUIRE(restored.altered.size() == 1);
    CHECK(restored.altered[0].id == "7");
    CHECK(restored.altered[0].columns == std::vector<std::string>{"loose", "n"});
    CHECK(db.value("SELECT loose FROM box WHERE id = 7") == "2030-01-01");
    CHECK(db.value("SELECT loose IS NULL FROM box WHERE id = 8") == "t");
}

TEST_CASE("a row that two deletes have cut is as before them in the end, in whatever order") {
    for (const bool first : {true, false}) {
        Guarded db(kLoose);
        const auto before = db.all();
        const auto shelf = db.remove("shelf", "1"), wall = db.remove("wall", "1");
        CHECK(db.value("SELECT sum(n) FROM box") == "4");
        db.restore(first ? shelf : wall);
        CHECK(db.restore(first ? wall : shelf).altered.empty());
        CHECK((db.all() == before));
    }
}

TEST_CASE("a row that loses two references to one delete comes back with all its values") {
    Guarded db(kLoose +
               "CREATE TABLE room(id int PRIMARY KEY); INSERT INTO room VALUES (1); ALTER TABLE "
               "shelf ADD room int DEFAULT 1 REFERENCES room ON DELETE CASCADE; ALTER TABLE wall "
               "ADD room int DEFAULT 1 REFERENCES room ON DELETE CASCADE;");
    db.round("room", "1");
}

TEST_CASE("a cut row that has gone into the trash itself gets its values back there") {
    Guarded db(kLoose);
    const auto before = db.all();
    const auto shelf = db.remove("shelf", "1"), box = db.remove("box", "7");
    CHECK(db.restore(shelf).relinked == 2);
    CHECK(db.restore(box).altered.empty());
    CHECK((db.all() == before));
}

TEST_CASE("cut rows without a key come back with all their values, or the answer says which not") {
    const std::string rows =
        "CREATE TABLE p(id int PRIMARY KEY); CREATE TABLE note(p int REFERENCES p ON DELETE SET "
        "NULL, word text, n int); INSERT INTO p VALUES (1); INSERT INTO note VALUES (1, 'a', 1), "
        "(1, 'a', 1), (1, NULL, 2), (NULL, 'c', 3);";
    const std::string loose = "IF NEW.p IS NULL THEN NEW.word = 'loose'; END IF; RETURN NEW;";
    Guarded exact(rows + trigger("stamp", "BEFORE UPDATE ON note FOR EACH ROW", loose));
    exact.round("p", "1");
    exact.round("p", "1");
    Guarded stamped(rows +
                    trigger("stamp", "BEFORE UPDATE ON note FOR EACH ROW", "NEW.n = 9; " + loose));
    const auto item = stamped.remove("p", "1");
    for (const bool dry : {true, false}) {
        const auto restored = stamped.restore(item, dry);
        CHECK(restored.relinked == 3);
        REQUIRE(restored.altered.size() == 3);
        CHECK(restored.altered[0].id.empty());
        CHECK(restored.altered[0].columns == std::vector<std::string>{"n"});
        CHECK(restored.altered[0].was == R"({ "n" : 1 })");
        CHECK(restored.altered[0].is == R"({ "n" : 9 })");
    }
    CHECK(stamped.value("SELECT count(*) FROM note WHERE word = 'loose'") == "0");
}
