// PostgreSQL counts the rows of a table while they are in the trash: what is planned by that count
// must not compare every row that comes back with every other.
#include <doctest/doctest.h>

#include <chrono>

#include "tests/support/database.hpp"
#include "trash/model/actor.hpp"
#include "trash/model/options.hpp"
#include "trash/trash.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

// The trigger makes the restore look at every row again, and put it right.
constexpr const char* kTables = R"(
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (id int PRIMARY KEY, parent int NOT NULL REFERENCES parent ON DELETE CASCADE,
                    changed timestamptz DEFAULT now());
CREATE INDEX ON child (parent);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN NEW.changed := clock_timestamp(); RETURN NEW; END';
CREATE TRIGGER touch BEFORE INSERT ON child FOR EACH ROW EXECUTE FUNCTION touch();
INSERT INTO parent VALUES (1);
INSERT INTO child SELECT n, 1 FROM generate_series(1, 30000) n;
)";

}  // namespace

TEST_CASE("a group comes back though its tables were counted while it was in the trash") {
    TempDatabase database(kTables);
    // Compared each with each, 30,000 rows take minutes.
    schema::Pool pool(database.url(), 2, std::chrono::seconds(5),
                      {std::chrono::seconds(60), std::chrono::seconds(20)});
    trash::Trash bin(pool);
    TestConnection own(database.url());
    const auto before = copy_of_all_tables(own.get());
    const auto remove = [&] {
        return bin.remove({"public", "parent"}, {"1"}, {.cascade = true}, {}).item->id;
    };
    const auto first = remove();
    own->exec("ANALYZE");
    REQUIRE(own.value("SELECT reltuples FROM pg_class WHERE oid = 'child'::regclass") == "0");
    const auto restored = bin.restore(first, {}, {});
    CHECK(restored.restored == 30001);
    CHECK((copy_of_all_tables(own.get()) == before));
    // As it is planned where the trash was analysed with another group in it.
    own->exec("ANALYZE");
    const auto undone = bin.undo(restored.entries.at(0), {}, {});
    CHECK(undone.trashed == 30001);
    bin.undo(undone.entry, {}, {});
    CHECK((copy_of_all_tables(own.get()) == before));
}
