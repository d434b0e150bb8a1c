// Operators and functions of the same names as PostgreSQL's own, which anybody may make in a schema
// of the search path, are never called by statements of trashd.
#include <doctest/doctest.h>

#include "schema/identifier.hpp"
#include "tests/support/database.hpp"
#include "trash/model/actor.hpp"
#include "trash/model/errors.hpp"
#include "trash/model/history.hpp"
#include "trash/model/options.hpp"
#include "trash/records/ledger_seal.hpp"
#include "trash/trash.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

constexpr const char* kTables =
    "CREATE TYPE mood AS ENUM ('sad', 'happy'); CREATE TYPE pair AS (a int, b text);"
    "CREATE TABLE p (id int PRIMARY KEY, name text UNIQUE, m mood, q pair, at int4range);"
    "CREATE TABLE k (a mood, b varchar(9), p int NOT NULL REFERENCES p ON DELETE CASCADE, "
    "  PRIMARY KEY (a, b));"
    "CREATE TABLE g (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), a mood, b varchar(9), "
    "  FOREIGN KEY (a, b) REFERENCES k ON DELETE CASCADE, EXCLUDE USING gist (at WITH &&), "
    "  at int8range);"
    "CREATE TABLE l (id int8 PRIMARY KEY, p int REFERENCES p ON DELETE SET NULL);"
    "CREATE TABLE keyless (p int REFERENCES p ON DELETE SET NULL, words text[]);"
    "CREATE TABLE tree (id int2 PRIMARY KEY, up int2 REFERENCES tree ON DELETE CASCADE, "
    "  price numeric(9, 2), label char(3));"
    "CREATE TABLE bill (id int PRIMARY KEY, p int REFERENCES p);"
    "INSERT INTO p SELECT i, 'p' || i, 'sad', ROW(i, 'x'::text)::pair, int4range(i, i + 1) "
    "  FROM generate_series(1, 5) i;"
    "INSERT INTO k VALUES ('sad', 'x', 1), ('happy', 'y', 1), ('happy', 'z', 2);"
    "INSERT INTO g (a, b, at) VALUES ('sad', 'x', '[1,2)'), ('happy', 'z', '[3,4)');"
    "INSERT INTO l VALUES (1, 1), (2, 2); INSERT INTO keyless VALUES (1, '{a}'), (1, '{a}');"
    "INSERT INTO tree VALUES (1, NULL, 1.5, 'a'), (2, 1, 2.50, 'b'), (3, 2, 3, 'c');"
    "INSERT INTO bill VALUES (1, 5)";

// For each operator and function of pg_catalog that is polymorphic one in public for each of the
// types that statements may meet, for which an exact match wins. A call is counted, which no
// rollback undoes, and raises.
constexpr const char* kTwins = R"(
CREATE SEQUENCE calls;
DO $do$
DECLARE
    one record; base text; l text; r text; made text; operators int := 0; functions int := 0;
    bases text[] := '{text,int2,int4,int8,bool,uuid,oid,varchar,bpchar,numeric,timestamptz,json,jsonb,mood,pair}';
BEGIN
    FOR one IN
        SELECT o.oprname, o.oprleft::regtype::text AS l, o.oprright::regtype::text AS r,
               CASE WHEN o.oprresult = 'bool'::regtype THEN 'bool' ELSE o.oprresult::regtype::text END AS x
        FROM pg_operator o WHERE o.oprnamespace = 'pg_catalog'::regnamespace AND o.oprkind = 'b'
          AND (o.oprleft::regtype::text ~ '^any|^record' OR o.oprright::regtype::text ~ '^any|^record'
               OR o.oprname IN ('=', '<>', '||'))
    LOOP
        FOREACH base IN ARRAY bases LOOP
            l := CASE WHEN one.l ~ '^any.*array' THEN base || '[]' WHEN one.l ~ '^any(range|multirange)' THEN NULL
                      WHEN one.l ~ '^any|^record' THEN base ELSE one.l END;
            r := CASE WHEN one.r ~ '^any.*array' THEN base || '[]' WHEN one.r ~ '^any(range|multirange)' THEN NULL
                      WHEN one.r ~ '^any|^record' THEN base ELSE one.r END;
            made := CASE WHEN one.x ~ '^any.*array' THEN base || '[]' WHEN one.x ~ '^any' THEN base ELSE one.x END;
            CONTINUE WHEN l IS NULL OR r IS NULL OR made IS NULL;
            BEGIN
                EXECUTE format('CREATE FUNCTION twin_%s(%s, %s) RETURNS %s LANGUAGE plpgsql AS '
                    '$$BEGIN PERFORM pg_catalog.nextval(''public.calls''); RAISE ''twin %s''; END$$',
                    operators + 1, l, r, made, one.oprname);
                EXECUTE format('CREATE OPERATOR public.%s (leftarg = %s, rightarg = %s, function = twin_%s)',
                    one.oprname, l, r, operators + 1);
                operators := operators + 1;
            EXCEPTION WHEN OTHERS THEN NULL;  -- there is no such operator of this type
            END;
        END LOOP;
    END LOOP;
    FOR one IN
        SELECT p.oid, p.proname, p.proargtypes::oid[]::regtype[]::text[] AS args, p.proretset FROM pg_proc p
        WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind IN ('f', 'a') AND p.pronargs > 0
          AND p.provariadic = 0
          AND p.proname !~ '(_in|_out|_recv|_send|_eq|_ne|_lt|_le|_gt|_ge|_cmp|sel|_transfn|_finalfn)$'
          AND EXISTS (SELECT FROM unnest(p.proargtypes::oid[]) t WHERE t::regtype::text ~ '^any')
    LOOP
        FOREACH base IN ARRAY bases LOOP
            BEGIN
                EXECUTE format('CREATE FUNCTION public.%I(%s) RETURNS %s LANGUAGE plpgsql AS '
                    '$$BEGIN PERFORM pg_catalog.nextval(''public.calls''); RAISE ''twin %s''; END$$',
                    one.proname,
                    (SELECT string_agg(CASE WHEN a ~ '^any.*array' THEN base || '[]' WHEN a ~ '^any' THEN base
                                            ELSE a END, ', ' ORDER BY n)
                     FROM unnest(one.args) WITH ORDINALITY u(a, n)),
                    CASE WHEN one.proretset THEN 'SETOF ' ELSE '' END || 'text', one.proname);
                functions := functions + 1;
            EXCEPTION WHEN OTHERS THEN NULL;  -- there is no such function of this type
            END;
        END LOOP;
    END LOOP;
    ASSERT operators > 300 AND functions > 300, format('%s operators, %s functions', operators, functions);
END
$do$;
)";

struct Fixture {
    Fixture() : database(kTables), sql(database.url()) { sql->script(kTwins); }
    std::string calls() { return sql.value("SELECT is_called FROM calls"); }

    TempDatabase database;
    TestConnection sql;
};

std::string trashed(trash::Trash& bin, const std::string& table, const std::vector<std::string>& id,
                    bool cascade = false) {
    trash::DeleteOptions options;
    options.cascade = cascade;
    return bin.remove({"public", table}, id, options, {"ann", "r", {}, {}}).item->id;
}

void delete_and_restore(trash::Trash& bin) {
    bin.impact({"public", "p"}, {"1"}, true);
    const auto child = trashed(bin, "k", {"sad", "x"});
    const auto parent = trashed(bin, "p", {"1"});
    CHECK(bin.remove({"public", "p"}, {"1"}, {}, {}).already);
    CHECK(bin.find({"public", "k"}, {"sad", "x"}, true).has_value());
    CHECK_THROWS_AS(bin.restore(child, {}, {}), trash::Conflicted);
    trash::RestoreOptions with;
    with.with_ancestors = true;
    CHECK(bin.restore(child, with, {}).restored == 4);
    CHECK_THROWS_AS(bin.remove({"public", "p"}, {"5"}, {}, {}), trash::Blocked);
    const auto taken = trashed(bin, "p", {"5"}, true);
    bin.restore(taken, {}, {});
    const auto tree = trashed(bin, "tree", {"1"});
    bin.restore(tree, {}, {});
    CHECK(parent != child);
}

void take_many(trash::Trash& bin) {
    const auto done = bin.remove_all({"public", "tree"}, {.ids = {{"2"}, {"1"}, {"9"}}}, {}, {});
    CHECK(done.rows == 3);
    bin.restore(done.entries.at(1).item->id, {}, {});
    trash::DeleteOptions hard;
    hard.hard = true;
    bin.remove({"public", "l"}, {"2"}, hard, {});
}

void look(trash::Trash& bin) {
    const auto item = trashed(bin, "p", {"3"});
    trash::ItemQuery asked;
    asked.with_object = asked.count = true;
    asked.filter.root = true;
    asked.filter.tables = {{"public", "p"}};
    asked.filter.object_id = "3";
    asked.filter.deleted_by = "ann";
    asked.filter.from = "2000-01-01T00:00:00Z";
    asked.filter.words = "p3";
    asked.filter.among = asked.filter.whole = {{"public", "p"}, {"public", "k"}};
    int seen = 0;
    bin.list(asked, [&](const trash::Item& found) { seen += found.id == item; });
    CHECK(seen == 1);
    CHECK(bin.history({}, 50, 1'000'000).entries.size() > 5);
    trash::HistoryQuery newest;
    newest.before = 1'000'000;
    CHECK_FALSE(bin.history_of({"public", "p"}, {"3"}, newest).entries.empty());
    CHECK(bin.tables_of(item).all.size() == 1);
    CHECK(bin.count_groups({}).groups == 1);
    bin.purge(item, {});
    CHECK(bin.empty({}, {}).groups == 0);
}

void use_all(Fixture& fixture) {
    const auto before = copy_of_all_tables(fixture.sql.get());
    schema::Pool pool(fixture.database.url(), 2);
    trash::Trash bin(pool);
    delete_and_restore(bin);
    CHECK((copy_of_all_tables(fixture.sql.get()) == before));
    take_many(bin);
    look(bin);
    CHECK(fixture.calls() == "f");
}

}  // namespace

TEST_CASE("what anybody may put into public is not called in place of what is built in") {
    // An operator || over bigint[] in public ran as the service's role in every cascading delete.
    Fixture fixture;
    use_all(fixture);
}

TEST_CASE("a search path that names public first changes nothing of that") {
    Fixture fixture;
    fixture.sql->exec("ALTER DATABASE " + schema::quoted(fixture.database.name()) +
                      " SET search_path = public, pg_catalog");
    use_all(fixture);
}
