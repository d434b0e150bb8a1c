// What a delete means, from catalogs made by hand: no server.
#include "cascade/plan.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "cascade/functions.hpp"
#include "schema/catalog/catalog.hpp"
#include "trash/store/own_statements.hpp"

using namespace trashd;
using cascade::Effect;
using schema::Action;
using schema::Catalog;
using schema::Column;
using schema::ForeignKey;
using schema::Table;

namespace {

// A table with the columns id (its key) and ref.
Table table(schema::Oid oid, const std::string& name, bool ref_not_null = false) {
    Table made;
    made.oid = oid;
    made.name = {"public", name};
    for (int attnum : {1, 2}) {
        Column column;
        column.attnum = attnum;
        column.name = attnum == 1 ? "id" : "ref";
        column.type = "bigint";
        column.not_null = attnum == 1 || ref_not_null;
        made.columns.push_back(column);
    }
    made.identity = {1};
    made.leaves = {oid};
    made.fingerprint = std::to_string(oid);
    return made;
}

ForeignKey key(schema::Oid oid, schema::Oid child, schema::Oid parent, Action action) {
    ForeignKey made;
    made.oid = oid;
    made.name = "key" + std::to_string(oid);
    made.child = child;
    made.parent = parent;
    made.child_columns = made.set_columns = {2};
    made.parent_columns = {1};
    made.operators = {"OPERATOR(pg_catalog.=)"};
    made.on_delete = action;
    return made;
}

std::vector<std::string> names(const cascade::Plan& plan) {
    std::vector<std::string> all;
    for (const auto& node : plan.nodes) all.push_back(node.table->name.name);
    return all;
}

}  // namespace

TEST_CASE("nodb: parents come before children whatever the order of the catalog") {
    const Catalog catalog({table(1, "c"), table(2, "b"), table(3, "a")},
                          {key(10, 1, 2, Action::kCascade), key(11, 2, 3, Action::kCascade)});
    const auto plan = cascade::make_plan(catalog, *catalog.table(3), {}, false);
    CHECK(names(plan) == std::vector<std::string>{"a", "b", "c"});
    CHECK(plan.steps.size() == 3);
    CHECK(plan.refusals.empty());
}

TEST_CASE("nodb: a table that refers to itself is a loop of its own") {
    const Catalog catalog({table(1, "a"), table(2, "b")},
                          {key(10, 1, 1, Action::kCascade), key(11, 2, 1, Action::kCascade)});
    const auto plan = cascade::make_plan(catalog, *catalog.table(1), {}, false);
    REQUIRE(plan.steps.size() == 2);
    CHECK(plan.steps[0].loop);
    CHECK_FALSE(plan.steps[1].loop);
}

TEST_CASE("nodb: tables that reach each other are locked together, the root first") {
    const Catalog catalog({table(1, "a"), table(2, "b"), table(3, "c")},
                          {key(10, 2, 1, Action::kCascade), key(11, 1, 2, Action::kCascade),
                           key(12, 3, 2, Action::kCascade)});
    const auto plan = cascade::make_plan(catalog, *catalog.table(2), {}, false);
    CHECK(names(plan).front() == "b");
    CHECK(plan.steps[0].nodes == std::vector<int>{0, 1});
}

TEST_CASE("nodb: what refuses is a blocker, and is taken along when asked for") {
    const Catalog catalog({table(1, "a"), table(2, "b")}, {key(10, 2, 1, Action::kRestrict)});
    CHECK(names(cascade::make_plan(catalog, *catalog.table(1), {}, false)).size() == 1);
    const auto plan = cascade::make_plan(catalog, *catalog.table(1), {}, true);
    CHECK(names(plan).size() == 2);
    CHECK(plan.edges[0].reason == "cascade=true");
}

TEST_CASE("nodb: a NOT NULL column cannot be set to null") {
    const Catalog catalog({table(1, "a"), table(2, "b", true)}, {key(10, 2, 1, Action::kSetNull)});
    const auto plan = cascade::make_plan(catalog, *catalog.table(1), {}, false);
    CHECK(plan.edges[0].effect == Effect::kRestrict);
    CHECK_FALSE(plan.edges[0].by_database);
    CHECK(cascade::make_plan(catalog, *catalog.table(1), {}, true).edges[0].effect ==
          Effect::kCascade);
}

TEST_CASE("nodb: the configuration decides before the database") {
    const Catalog catalog({table(1, "a"), table(2, "b")}, {key(10, 2, 1, Action::kCascade)});
    auto effect = [&](cascade::OnDelete configured) {
        return cascade::make_plan(catalog, *catalog.table(1), {{10, configured}}, false)
            .edges[0]
            .effect;
    };
    CHECK(effect(cascade::OnDelete::kRestrict) == Effect::kRestrict);
    CHECK(effect(cascade::OnDelete::kSetNull) == Effect::kSetNull);
    CHECK(effect(cascade::OnDelete::kDatabase) == Effect::kCascade);
}

TEST_CASE("nodb: a right that lacks is refused with the GRANT to give") {
    Table child = table(2, "b");
    child.can_delete = false;
    const Catalog catalog({table(1, "a"), child}, {key(10, 2, 1, Action::kCascade)});
    const auto plan = cascade::make_plan(catalog, *catalog.table(1), {}, false);
    REQUIRE(plan.refusals.size() == 1);
    CHECK(plan.refusals[0].find("GRANT DELETE ON \"public\".\"b\"") != std::string::npos);
}

TEST_CASE("nodb: rows go back parents first, and tables in a cycle together") {
    const Catalog catalog({table(1, "a"), table(2, "b"), table(3, "c")},
                          {key(10, 2, 1, Action::kNoAction), key(11, 1, 2, Action::kNoAction),
                           key(12, 3, 1, Action::kSetNull)});
    const auto order =
        cascade::insert_order(catalog, {catalog.table(3), catalog.table(2), catalog.table(1)});
    REQUIRE(order.size() == 2);
    CHECK(order[0].size() == 2);
    CHECK(order[1][0]->name.name == "c");
}

TEST_CASE("nodb: names in the functions are always quoted") {
    Table odd = table(1, "we\"ird / name");
    const Catalog catalog({odd}, {});
    const auto plan = cascade::make_plan(catalog, *catalog.table(1), {}, false);
    cascade::Names given{trash::own_statements(), "tr\"ash", {7}, {}, "1"};
    const std::string sql = cascade::move_function_sql(catalog, plan, given, "move");
    CHECK(sql.find("ONLY \"public\".\"we\"\"ird / name\"") != std::string::npos);
    CHECK(sql.find("INSERT INTO \"tr\"\"ash\".item ") != std::string::npos);
    CHECK(sql.find("tr\"ash\".") == std::string::npos);
}

namespace {

// a is referred to by b, and b by c: b's rows, or b's and c's, are not kept.
Catalog unkept(Action of_c, std::set<schema::Oid> gone) {
    std::vector<Table> tables = {table(1, "a"), table(2, "b"), table(3, "c")};
    for (auto& one : tables) one.kept = !gone.contains(one.oid);
    return Catalog(std::move(tables), {key(10, 2, 1, Action::kCascade), key(11, 3, 2, of_c)});
}

}  // namespace

TEST_CASE("nodb: what goes for good comes last, and of a row that goes for good all does") {
    std::vector<Table> tables = {table(1, "a"), table(2, "b"), table(3, "c")};
    tables[1].kept = false;
    const Catalog catalog(std::move(tables),
                          {key(10, 2, 1, Action::kCascade), key(11, 3, 1, Action::kCascade)});
    const auto plan = cascade::make_plan(catalog, *catalog.table(1), {}, false);
    CHECK(names(plan) == std::vector<std::string>{"a", "c", "b"});
    CHECK(plan.kept_nodes() == 2);
    CHECK(plan.drops(2));
    CHECK_FALSE(plan.drops(1));
    const Catalog both = unkept(Action::kCascade, {2, 3});
    CHECK(cascade::make_plan(both, *both.table(1), {}, false).kept_nodes() == 1);
    const auto root = cascade::make_plan(both, *both.table(2), {}, false);
    CHECK(root.kept_nodes() == 2);
    CHECK(root.refusals.empty());
}

TEST_CASE("nodb: what is kept and goes with what is not refuses the plan, and is not asked along") {
    const Catalog below = unkept(Action::kCascade, {2});
    CHECK(cascade::make_plan(below, *below.table(1), {}, false).refusals.size() == 1);
    CHECK(cascade::make_plan(below, *below.table(2), {}, false).refusals.size() == 1);
    CHECK(cascade::make_plan(below, *below.table(3), {}, false).refusals.empty());
    const Catalog beside = unkept(Action::kNoAction, {2});
    const auto plan = cascade::make_plan(beside, *beside.table(1), {}, true);
    CHECK(plan.refusals.empty());
    CHECK(names(plan) == std::vector<std::string>{"a", "b"});
    CHECK(plan.edges[1].effect == Effect::kRestrict);
    CHECK_FALSE(plan.edges[1].by_database);
}

TEST_CASE("nodb: rows that go for good need no right to be put back") {
    std::vector<Table> tables = {table(1, "a"), table(2, "b")};
    tables[1].kept = tables[1].can_insert = false;
    const Catalog catalog(std::move(tables), {key(10, 2, 1, Action::kCascade)});
    CHECK(cascade::make_plan(catalog, *catalog.table(1), {}, false).refusals.empty());
}
