#include "schema/catalog/reader.hpp"

#include <doctest/doctest.h>

#include "schema/catalog/catalog.hpp"
#include "schema/catalog/key_choice.hpp"
#include "tests/support/database.hpp"

using namespace trashd::schema;
using namespace trashd::test;

namespace {

constexpr const char* kFixture = R"(
CREATE SCHEMA "Mixed Case";
CREATE TABLE "we""ird / näme" ("se""lect" int PRIMARY KEY, gone int, "Ümlaut" text UNIQUE);
ALTER TABLE "we""ird / näme" DROP COLUMN gone;
CREATE TABLE "order" (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, total numeric(10,2),
  doubled numeric GENERATED ALWAYS AS (total * 2) STORED, CONSTRAINT positive CHECK (total > 0));
CREATE TABLE "Mixed Case"."Line" ("Order" bigint, no int, note int, PRIMARY KEY ("Order", no),
  CONSTRAINT "of Order" FOREIGN KEY ("Order") REFERENCES "order" ON DELETE CASCADE,
  FOREIGN KEY (note) REFERENCES "we""ird / näme" ON DELETE RESTRICT DEFERRABLE);
CREATE DOMAIN positive AS int NOT NULL CHECK (VALUE > 0);
CREATE DOMAIN more_positive AS positive DEFAULT 5;
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE typed (a more_positive, m mood, ms mood[], c "char", r regclass, v varchar(7));
CREATE TABLE parent (tenant int, id int, PRIMARY KEY (tenant, id));
CREATE TABLE child (id int, tenant int NOT NULL, parent int, FOREIGN KEY (tenant, parent)
  REFERENCES parent (tenant, id) ON DELETE SET NULL (parent));
CREATE INDEX ON child (parent, tenant);
CREATE TABLE part (filler int, k int, ref int, PRIMARY KEY (k)) PARTITION BY RANGE (k);
CREATE TABLE part_low (ref int, k int NOT NULL, filler int);
ALTER TABLE part ATTACH PARTITION part_low FOR VALUES FROM (0) TO (10);
CREATE TABLE part_high PARTITION OF part FOR VALUES FROM (10) TO (20);
CREATE TABLE to_part (k int REFERENCES part_low (k) ON DELETE CASCADE, whole int REFERENCES part);
ALTER TABLE part_low ADD CONSTRAINT low_ref FOREIGN KEY (ref) REFERENCES "order" ON DELETE SET NULL;
CREATE TABLE base (id int PRIMARY KEY);
CREATE TABLE derived (extra text) INHERITS (base);
CREATE TABLE chosen (b int NOT NULL, e text, CONSTRAINT late UNIQUE (b) DEFERRABLE);
CREATE UNIQUE INDEX a_partial ON chosen (b) WHERE e IS NOT NULL;
CREATE UNIQUE INDEX an_expression ON chosen (lower(e), b);
CREATE UNIQUE INDEX z_plain ON chosen (b);
CREATE TABLE room (at int4range, EXCLUDE USING gist (at WITH &&) WHERE (NOT isempty(at)));
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER "Watch" BEFORE INSERT OR DELETE ON room FOR EACH ROW EXECUTE FUNCTION f();
CREATE TRIGGER off AFTER UPDATE ON room EXECUTE FUNCTION f();
ALTER TABLE room DISABLE TRIGGER off;
CREATE RULE keep AS ON DELETE TO base DO INSTEAD NOTHING;
CREATE SCHEMA trashd;
CREATE TABLE trashd.item (id int);
CREATE TEMP TABLE fleeting (id int);
)";

struct Fixture {
    TempDatabase database{kFixture};
    TestConnection connection{database.url()};
    std::shared_ptr<const Catalog> catalog = read_catalog(connection.get(), "trashd");

    const Table& table(const std::string& name, const std::string& schema = "public") {
        const auto* found = catalog->table(QualifiedName{schema, name});
        REQUIRE(found != nullptr);
        return *found;
    }
    const ForeignKey& key(const std::string& name) {
        for (const auto& table : catalog->tables()) {
            for (const auto* key : catalog->references(table.oid)) {
                if (key->name == name) return *key;
            }
        }
        FAIL("no foreign key " << name);
        throw;
    }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "hostile names are read as they are, dropped columns are not") {
    const auto& weird = table("we\"ird / näme");
    REQUIRE(weird.columns.size() == 2);
    CHECK(weird.columns[0].name == "se\"lect");
    CHECK(weird.columns[1].attnum == 3);
    CHECK(weird.identity == std::vector<int>{1});
    CHECK(weird.column("Ümlaut") == &weird.columns[1]);
    CHECK(weird.uniques.at(1).expressions == std::vector<std::string>{"\"Ümlaut\""});
    CHECK(table("Line", "Mixed Case").identity == std::vector<int>{1, 2});
}

TEST_CASE_FIXTURE(Fixture, "system, trash and temporary tables and partitions are left out") {
    for (const auto& table : catalog->tables()) {
        CHECK(table.name.schema != "pg_catalog");
        CHECK(table.name.schema != "trashd");
        CHECK(table.name.name != "fleeting");
        CHECK(table.name.name != "part_low");
    }
    CHECK(catalog->tables().size() == 12);
    CHECK(catalog->tables().front().name == QualifiedName{"Mixed Case", "Line"});
}

TEST_CASE_FIXTURE(Fixture, "identity, generated columns, defaults and checks are told") {
    const auto& order = table("order");
    CHECK(order.column("id")->has_default);
    CHECK(order.column("id")->not_null);
    CHECK(order.column("total")->type == "numeric(10,2)");
    CHECK(order.column("doubled")->generated);
    REQUIRE(order.checks.size() == 1);
    CHECK(order.checks[0].name == "positive");
    CHECK(order.checks[0].expression == "(total > (0)::numeric)");
}

TEST_CASE_FIXTURE(Fixture, "types are told by what stands under the domains") {
    const auto& typed = table("typed");
    const auto& domain = *typed.column("a");
    CHECK(domain.type == "public.more_positive");
    CHECK(domain.base_oid == 23);
    CHECK((domain.user_type && domain.not_null && domain.has_default));
    CHECK((typed.column("m")->user_type && typed.column("m")->cast_to_text));
    CHECK((typed.column("ms")->user_type && typed.column("ms")->array));
    CHECK(typed.column("c")->type == "\"char\"");
    CHECK(typed.column("c")->cast_to_text);
    CHECK(typed.column("r")->reg);
    CHECK_FALSE(typed.column("v")->user_type);
}

TEST_CASE_FIXTURE(Fixture, "foreign keys carry action, columns, operators and index") {
    const auto& line = key("of Order");
    CHECK(line.on_delete == Action::kCascade);
    CHECK(line.parent == table("order").oid);
    CHECK(line.operators == std::vector<std::string>{"OPERATOR(\"pg_catalog\".=)"});
    CHECK(line.indexed);
    CHECK((line.child_part == 0 && line.parent_part == 0));
    const auto& note = key("Line_note_fkey");
    CHECK((note.on_delete == Action::kRestrict && note.deferrable && !note.indexed));
    CHECK(catalog->referrers(table("we\"ird / näme").oid).size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "SET NULL with a column list sets only these") {
    const auto& child = key("child_tenant_parent_fkey");
    CHECK(child.on_delete == Action::kSetNull);
    CHECK(child.child_columns == std::vector<int>{2, 3});
    CHECK(child.parent_columns == std::vector<int>{1, 2});
    CHECK(child.set_columns == std::vector<int>{3});
    CHECK(child.indexed);  // the index has the columns in another order
}

TEST_CASE_FIXTURE(Fixture, "a key of a partition is told of its root, by the root's columns") {
    const auto& part = table("part");
    CHECK(part.partitioned);
    CHECK(part.leaves.size() == 2);
    const auto& to_low = key("to_part_k_fkey");
    CHECK(to_low.parent == part.oid);
    CHECK((to_low.parent_part != 0 && to_low.parent_part != part.oid));
    CHECK(to_low.parent_columns == std::vector<int>{2});
    const auto& low = key("low_ref");
    CHECK((low.child == part.oid && low.child_part == to_low.parent_part));
    CHECK(low.child_columns == std::vector<int>{3});
    CHECK(low.set_columns == std::vector<int>{3});
}

TEST_CASE_FIXTURE(Fixture, "a key to a partitioned table is told once") {
    CHECK(key("to_part_whole_fkey").parent_part == 0);
    CHECK(catalog->references(table("to_part").oid).size() == 2);
    CHECK(catalog->referrers(table("part").oid).size() == 2);
}

TEST_CASE_FIXTURE(Fixture, "without a primary key the first plain unique index identifies") {
    const auto& chosen = table("chosen");
    CHECK(chosen.identity == std::vector<int>{1});
    REQUIRE(chosen.uniques.size() == 4);
    CHECK(chosen.uniques[0].predicate == "(e IS NOT NULL)");
    CHECK(chosen.uniques[1].attnums == std::vector<int>{0, 1});
    CHECK(chosen.uniques[1].expressions == std::vector<std::string>{"lower(e)", "b"});
    CHECK((chosen.uniques[2].deferrable && chosen.uniques[2].constraint));
    CHECK(table("derived").identity.empty());
}

TEST_CASE_FIXTURE(Fixture, "exclusions, triggers and rules are told, disabled triggers are not") {
    const auto& room = table("room");
    REQUIRE(room.exclusions.size() == 1);
    CHECK(room.exclusions[0].operators == std::vector<std::string>{"OPERATOR(\"pg_catalog\".&&)"});
    CHECK(room.exclusions[0].predicate == "(NOT isempty(at))");
    REQUIRE(room.triggers.size() == 1);
    const auto& watch = room.triggers[0];
    CHECK(watch.name == "Watch");
    CHECK((watch.before && watch.row && watch.on_insert && watch.on_delete && !watch.on_update));
    CHECK((table("base").rules && !room.rules));
}

TEST_CASE_FIXTURE(Fixture, "the fingerprint in a transaction is the one that was read") {
    std::vector<Oid> all;
    for (const auto& table : catalog->tables()) all.push_back(table.oid);
    const auto expected = expected_fingerprint(*catalog, all);
    CHECK(connection.value(fingerprint_sql(all)) == expected);
    connection->script("ANALYZE; INSERT INTO base VALUES (1)");
    connection->exec("VACUUM");
    CHECK(connection.value(fingerprint_sql(all)) == expected);
}

TEST_CASE("each change of a type changes the fingerprint of the tables that have it") {
    TempDatabase database(
        "CREATE TYPE mood AS ENUM ('a', 'b'); CREATE TYPE inner_t AS (m mood); CREATE DOMAIN d AS "
        "inner_t[]; CREATE TYPE outer_t AS (d d, n int); CREATE TABLE t (o outer_t[]); CREATE "
        "TABLE "
        "plain (id int)");
    TestConnection connection(database.url());
    const auto catalog = read_catalog(connection.get(), "trashd");
    const std::vector<Oid> one = {catalog->table(QualifiedName{"public", "t"})->oid};
    const auto types = types_of(*catalog, one);
    CHECK(types_of(*catalog, {catalog->table(QualifiedName{"public", "plain"})->oid}).empty());
    auto before = connection.value(types_fingerprint_sql(types));
    CHECK(before == expected_types_fingerprint(*catalog, one));
    for (const char* change :
         {"ALTER TYPE mood RENAME VALUE 'a' TO 'c'", "ALTER TYPE mood ADD VALUE 'd'",
          "ALTER TYPE inner_t RENAME ATTRIBUTE m TO k",
          "CREATE FUNCTION f(text) RETURNS mood LANGUAGE sql AS $$SELECT 'b'::mood$$; CREATE CAST "
          "(text AS mood) WITH FUNCTION f(text)"}) {
        connection->script(change);
        const auto now = connection.value(types_fingerprint_sql(types));
        CHECK_MESSAGE(now != before, change);
        before = now;
    }
}

TEST_CASE_FIXTURE(Fixture, "each change of a table changes its fingerprint") {
    const auto changes = [&](const char* sql, const std::string& name,
                             const std::string& schema = "public") {
        const std::vector<Oid> one = {table(name, schema).oid};
        const auto before = connection.value(fingerprint_sql(one));
        connection->script(sql);
        CHECK_MESSAGE(connection.value(fingerprint_sql(one)) != before, sql);
    };
    changes("ALTER TABLE base ADD COLUMN x int", "base");
    changes("ALTER TABLE base RENAME COLUMN x TO y", "base");
    changes("CREATE TABLE refers (id int REFERENCES base)", "base");
    changes("ALTER TABLE room ENABLE TRIGGER off", "room");
    changes("CREATE TABLE part_top PARTITION OF part FOR VALUES FROM (20) TO (30)", "part");
    changes("CREATE TABLE refers_low (k int REFERENCES part_low (k))", "part");
    changes("CREATE RULE more AS ON INSERT TO base DO ALSO NOTHING", "base");
    changes("ALTER SCHEMA \"Mixed Case\" RENAME TO plain", "Line", "Mixed Case");
    changes("DROP TABLE room", "room");
}

TEST_CASE_FIXTURE(Fixture, "the cache reads again only when the schema changed") {
    Pool pool(database.url(), 2);
    CatalogCache cache(pool, "trashd");
    const auto first = cache.get();
    CHECK(cache.refresh() == first);
    connection->script("CREATE TEMP TABLE other (id int); CREATE TABLE trashd.more (id int)");
    CHECK(cache.refresh() == first);
    connection->script("ALTER TABLE base ADD COLUMN x int");
    CHECK(cache.get() == first);
    CHECK(cache.refresh() != first);
    CHECK(cache.get()->table(QualifiedName{"public", "base"})->column("x") != nullptr);
    // a rule that goes was not seen: the table is as it was
    connection->script("DROP RULE keep ON base");
    CHECK_FALSE(cache.refresh()->table(QualifiedName{"public", "base"})->rules);
}

TEST_CASE_FIXTURE(Fixture, "privileges are those of the role that reads") {
    connection->script(
        "DROP ROLE IF EXISTS \"Read Only\"; CREATE ROLE \"Read Only\" LOGIN;"
        "GRANT SELECT ON base TO \"Read Only\"; GRANT SELECT (k), UPDATE (k) ON to_part TO "
        "\"Read Only\"; ALTER TABLE base ENABLE ROW LEVEL SECURITY");
    TestConnection other(database.url("Read Only"));
    const auto seen = read_catalog(other.get(), "trashd");
    const auto& base = *seen->table(QualifiedName{"public", "base"});
    CHECK((base.can_select && !base.can_insert && !base.can_delete && base.row_security));
    const auto& part = *seen->table(QualifiedName{"public", "to_part"});
    CHECK((!part.can_select && part.can_update && part.column("k")->selectable));
    CHECK_FALSE(seen->table(QualifiedName{"Mixed Case", "Line"})->can_select);
    connection->script("DROP OWNED BY \"Read Only\"; DROP ROLE \"Read Only\"");
}

TEST_CASE("of several unique indexes the owner's word comes first, then what most likely stays") {
    TempDatabase database(R"(
CREATE COLLATION lax (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE k (a int NOT NULL, b int NOT NULL, c int NOT NULL, d text COLLATE lax NOT NULL, e int);
CREATE UNIQUE INDEX a_finer ON k (d COLLATE "C");
CREATE UNIQUE INDEX a_nullable ON k (e);
CREATE UNIQUE INDEX b_two ON k (b, a);
CREATE UNIQUE INDEX c_one ON k (a) INCLUDE (e);
CREATE UNIQUE INDEX d_one ON k (c);
)");
    TestConnection connection(database.url());
    auto key = [&](const KeyChoice& chosen = {}) {
        const auto catalog = read_catalog(connection.get(), "trashd", chosen);
        return catalog->table({"public", "k"})->key_name;
    };
    CHECK(key() == "c_one");
    CHECK(key({{{"public", "k"}, {"a", "b"}}}) == "b_two");
    CHECK(key({{{"public", "k"}, {"d"}}}).empty());
    connection->exec("ALTER TABLE k ADD CONSTRAINT two UNIQUE (c, b)");
    CHECK(key() == "two");
    connection->exec("ALTER TABLE k REPLICA IDENTITY USING INDEX d_one");
    CHECK(key() == "d_one");
    connection->exec("ALTER TABLE k ADD PRIMARY KEY (b) DEFERRABLE");
    CHECK(key() == "k_pkey");
}

TEST_CASE("a unique index that goes or comes changes the fingerprint of its table") {
    TempDatabase database("CREATE TABLE k (a int NOT NULL); CREATE UNIQUE INDEX i ON k (a)");
    TestConnection connection(database.url());
    const auto catalog = read_catalog(connection.get(), "trashd");
    const auto oid = catalog->table({"public", "k"})->oid;
    const auto expected = expected_fingerprint(*catalog, {oid});
    CHECK(connection.value(fingerprint_sql({oid})) == expected);
    connection->exec("DROP INDEX i");
    CHECK(connection.value(fingerprint_sql({oid})) != expected);
}
