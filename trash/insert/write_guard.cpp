// The guard of a restore: what the transaction has written is counted by oid and compared with what
// the restore's own statements wrote. The rest is the work of triggers and rules.
#include <algorithm>

#include "cascade/predicates.hpp"
#include "schema/activity.hpp"
#include "schema/catalog/catalog.hpp"
#include "schema/catalog/value.hpp"
#include "schema/identifier.hpp"
#include "schema/session/transaction.hpp"
#include "schema/text.hpp"
#include "trash/insert/restore_context.hpp"
#include "trash/model/errors.hpp"

namespace trashd::trash {
namespace {

using schema::Table;
using std::to_string;

// Settings that decide what the stored texts mean to the input functions of their types.
constexpr const char* kReadUnder = R"(pg_catalog.concat_ws(' ',
    pg_catalog.current_setting('array_nulls'), pg_catalog.current_setting('xmloption'),
    pg_catalog.current_setting('IntervalStyle'), pg_catalog.current_setting('DateStyle'),
    pg_catalog.current_setting('lc_monetary')))";

// Two numbers: rows of the trash's tables that this transaction has deleted, and changed.
std::string trash_written(const RestoreContext& restoring) {
    std::vector<std::string> deleted, updated;
    for (const char* table : {"item", "link", "trash_group", "shape"}) {
        const auto oid = schema::literal(restoring.own(table)) + "::pg_catalog.regclass)";
        deleted.push_back("pg_catalog.pg_stat_get_xact_tuples_deleted(" + oid);
        updated.push_back("pg_catalog.pg_stat_get_xact_tuples_updated(" + oid);
    }
    return schema::join(deleted, " OPERATOR(pg_catalog.+) ") + ", " +
           schema::join(updated, " OPERATOR(pg_catalog.+) ");
}

Written trash_written(const schema::Result& found, int column) {
    return {0, found.integer(0, column + 1), found.integer(0, column)};
}

std::vector<std::string> numbers(const std::vector<schema::Oid>& oids) {
    std::vector<std::string> out;
    for (const auto oid : oids) out.push_back(to_string(oid));
    return out;
}

bool moved(const RestoreContext& restoring, const Table& table) {
    return !shapes_of(restoring, table).empty();
}

// Of a table whose rows go in, or in which references are set back.
bool runs(const schema::Trigger& trigger, bool inserted) {
    return inserted ? trigger.on_insert : trigger.on_update;
}

bool has_code(const RestoreContext& restoring, const Table& table) {
    const bool inserted = moved(restoring, table);
    return (inserted ? table.insert_rules : table.rules) ||
           std::ranges::any_of(table.triggers,
                               [&](const auto& trigger) { return runs(trigger, inserted); });
}

void add_code(const RestoreContext& restoring, const Table& table, const std::string& on,
              std::vector<std::string>& names) {
    const bool inserted = moved(restoring, table);
    for (const auto& trigger : table.triggers)
        if (runs(trigger, inserted)) names.push_back("the trigger " + trigger.name + on);
    if (inserted ? table.insert_rules : table.rules) names.push_back("the rules" + on);
}

std::string on(const Table& table) {
    return " on " + table.name.schema + "." + table.name.name;
}

Conflict taken_away(const RestoreContext& restoring, const schema::QualifiedName& table,
                    const std::string& what) {
    const auto tables = concerned(restoring);
    Conflict conflict;
    conflict.kind = "constraint";
    conflict.table = table;
    conflict.detail = what + "; look at " + code_at(restoring, *tables.front());
    return conflict;
}

const schema::QualifiedName& root_table(const RestoreContext& restoring) {
    return restoring.shapes.at(restoring.groups.front().root_shape).called();
}

// entry: as schema::harmed_sql has them.
Conflict harmed(const RestoreContext& restoring, const std::string& entry) {
    const auto* table = restoring.catalog.table(static_cast<schema::Oid>(std::stoul(entry)));
    return taken_away(restoring, table ? table->name : root_table(restoring),
                      "a trigger" + entry.substr(entry.find(' ')));
}

// What others than the attempt's own statements have done to the trash; empty: nothing.
std::string harm_to_trash(const RestoreContext& restoring, const Written& now) {
    const auto &before = restoring.watch.trash, &own = restoring.watch.own_trash;
    if (now.deleted - before.deleted != own.deleted) return "a trigger deletes rows from the trash";
    if (now.updated - before.updated != own.updated)
        return "a trigger changes rows that are in the trash";
    return "";
}

// A row that moves to another partition counts as deleted and inserted.
long long moves(const RestoreContext& restoring, schema::Oid oid, const Written& own,
                long long gone) {
    const auto* table = restoring.catalog.table(oid);
    return table && table->partitioned ? std::min(gone, own.updated) : 0;
}

// Larger tables are not read for it.
constexpr const char* kMostRead = "67108864";  // bytes

// Rows of the group's own table that are neither the group's, of which verify() tells what was
// changed, nor added, nor have references set back. Of a large table: what was changed in it.
long long changed_beside(RestoreContext& restoring, const Table& table, long long changed,
                         long long made) {
    const auto small = restoring.exec(schema::filled(
        R"(SELECT pg_catalog.sum(pg_catalog.pg_table_size(l)) OPERATOR(pg_catalog.<) {most}
  FROM pg_catalog.unnest(ARRAY[{leaves}]::pg_catalog.oid[]) l)",
        {{"most", kMostRead}, {"leaves", schema::join(numbers(table.leaves), ", ")}}));
    if (!small.boolean(0, 0)) return changed;
    const auto here =
        schema::filled("SELECT pg_catalog.count(*) FROM {table} AS t WHERE {made_here}",
                       {{"table", schema::relation(table)}, {"made_here", made_here("t")}});
    auto rows = restoring.exec(here).integer(0, 0);
    for (const auto* shape : shapes_of(restoring, table)) rows -= shape->count;
    return rows - std::max(made, 0LL) - restoring.watch.set_back[table.oid];
}

long long changes(RestoreContext& restoring, schema::Oid oid, long long changed, long long made) {
    const auto* table = restoring.catalog.table(oid);
    if (changed <= 0) return 0;
    if (table && moved(restoring, *table)) return changed_beside(restoring, *table, changed, made);
    return restoring.watch.in_vain && restoring.watch.own[oid].updated > 0 ? 0 : changed;
}

void judge_table(RestoreContext& restoring, const schema::Result& found, int row) {
    const auto oid = static_cast<schema::Oid>(found.integer(row, 0));
    const schema::QualifiedName name{std::string(found.text(row, 1)),
                                     std::string(found.text(row, 2))};
    const auto &before = restoring.watch.beside[oid], &own = restoring.watch.own[oid];
    const auto all = found.integer(row, 5) - before.deleted - own.deleted;
    const auto between = moves(restoring, oid, own, all), gone = all - between;
    const auto changed = found.integer(row, 4) - before.updated - own.updated + between;
    const auto made =
        found.integer(row, 3) - before.inserted - own.inserted - own.deleted - between;
    if (gone > 0) {
        restoring.conflicts.push_back(taken_away(restoring, name,
                                                 "a trigger deletes " + to_string(gone) +
                                                     (gone == 1 ? " row" : " rows") +
                                                     " of it, which would be in no trash"));
    } else if (made > 0) {
        restoring.result.added.push_back({name, std::nullopt, made});
    }
    if (const auto beside = changes(restoring, oid, changed, made); beside > 0)
        restoring.result.written.push_back({name, beside});
}

}  // namespace

bool runs_code(const RestoreContext& restoring) {
    return std::ranges::any_of(concerned(restoring),
                               [&](const auto* table) { return has_code(restoring, *table); });
}

std::string code_at(const RestoreContext& restoring, const Table& table) {
    std::vector<std::string> names;
    add_code(restoring, table, on(table), names);
    for (const auto* other : concerned(restoring))
        if (other != &table) add_code(restoring, *other, on(*other), names);
    std::string all;
    for (const auto& name : names) all += (all.empty() ? "" : ", ") + name;
    return all.empty() ? "the rules and triggers of the table" : all;
}

schema::Statement count_written(const RestoreContext& restoring) {
    std::vector<schema::Param> oids;
    for (const auto* table : concerned(restoring)) oids.emplace_back(to_string(table->oid));
    return {schema::written_to_sql("$1::pg_catalog.oid[]"), {schema::array_literal(oids)}};
}

WrittenBy written_in(const schema::Result& counted) {
    WrittenBy out;
    for (int row = 0; row < counted.rows(); ++row) {
        out[static_cast<schema::Oid>(counted.integer(row, 0))] = {
            counted.integer(row, 1), counted.integer(row, 2), counted.integer(row, 3)};
    }
    return out;
}

WrittenBy written_beside(const schema::Result& counted) {
    WrittenBy out;
    for (int row = 0; row < counted.rows(); ++row) {
        out[static_cast<schema::Oid>(counted.integer(row, 0))] = {
            counted.integer(row, 3), counted.integer(row, 4), counted.integer(row, 5)};
    }
    return out;
}

void check_places(const RestoreContext& restoring, const WrittenBy& now) {
    for (const auto& [oid, own] : restoring.watch.own) {
        if (own.inserted == 0 && own.updated == 0) continue;
        const auto* table = restoring.catalog.table(oid);
        const auto found = now.find(oid), before = restoring.watch.before.find(oid);
        if (table->insert_rules || table->rules) continue;
        if (found == now.end() || before == restoring.watch.before.end()) throw StaleCatalog();
        const auto& [inserted, updated, deleted] = found->second;
        const auto& was = before->second;
        if (inserted - was.inserted < own.inserted ||
            updated - was.updated + deleted - was.deleted < own.updated)
            throw StaleCatalog();
    }
}

namespace {

// first: SQL of what stands, or of what was harmed since.
std::string watched_sql(const RestoreContext& restoring, const std::string& first) {
    return schema::filled("SELECT {first}, {large_objects}, {read_under}, {trash_written}",
                          {{"first", first},
                           {"large_objects", schema::large_objects_deleted_sql()},
                           {"read_under", kReadUnder},
                           {"trash_written", trash_written(restoring)}});
}

}  // namespace

void begin_watch(RestoreContext& restoring) {
    auto& watch = restoring.watch;
    const auto found = restoring.together({{watched_sql(restoring, schema::standing_sql())},
                                           {schema::written_sql(restoring.trash_schema)}});
    watch.standing = found[0].text(0, 0);
    watch.large_objects = found[0].integer(0, 1);
    watch.read_under = found[0].text(0, 2);
    watch.trash = trash_written(found[0], 3);
    watch.own_trash = {};
    watch.beside = written_beside(found[1]);
}

void refuse_harm(RestoreContext& restoring) {
    const auto found = restoring.transaction.exec(
        watched_sql(restoring, schema::harmed_sql("$1::pg_catalog.text[]")),
        {restoring.watch.standing});
    for (const auto& entry : schema::parse_array(found.text(0, 0)))
        restoring.conflicts.push_back(harmed(restoring, *entry));
    if (found.integer(0, 1) > restoring.watch.large_objects)
        restoring.conflicts.push_back(
            taken_away(restoring, root_table(restoring), "a trigger deletes a large object"));
    if (const auto what = harm_to_trash(restoring, trash_written(found, 3)); !what.empty())
        restoring.conflicts.push_back(taken_away(restoring, root_table(restoring), what));
    if (found.text(0, 2) != restoring.watch.read_under)
        restoring.conflicts.push_back(
            taken_away(restoring, root_table(restoring), "a trigger changes how values are read"));
}

void judge(RestoreContext& restoring) {
    refuse_harm(restoring);
    const auto found = restoring.exec(schema::written_sql(restoring.trash_schema));
    for (int row = 0; row < found.rows(); ++row) judge_table(restoring, found, row);
}

}  // namespace trashd::trash
