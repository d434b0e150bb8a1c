// Rows that the users' triggers make when rows go back in, although the group holds them: base rows
// of subtypes, entries of inboxes. They make room for those that were captured.
#include <algorithm>
#include <utility>

#include "cascade/predicates.hpp"
#include "schema/activity.hpp"
#include "schema/catalog/catalog.hpp"
#include "schema/catalog/declared_reference.hpp"
#include "schema/catalog/value.hpp"
#include "schema/error.hpp"
#include "schema/identifier.hpp"
#include "schema/session/transaction.hpp"
#include "schema/sqlstate.hpp"
#include "schema/text.hpp"
#include "trash/insert/clashes.hpp"
#include "trash/insert/restore_context.hpp"
#include "trash/store/sql.hpp"

namespace trashd::trash {
namespace {

using schema::join;
using schema::quoted;
using schema::Table;
using std::to_string;

bool clashes(const Error& error) {
    return error.is(sqlstate::kUniqueViolation) || error.is(sqlstate::kExclusionViolation);
}

// How many rows of the table triggers have changed since the attempt began. Then a row of this
// transaction may be one that was there before, and nothing may take its place.
bool changed(RestoreContext& restoring, const Table& table, const WrittenBy& now) {
    const auto &was = restoring.watch.before[table.oid], &own = restoring.watch.own[table.oid];
    return now.at(table.oid).updated - was.updated > own.updated;
}

// Rows that triggers have made in the table and that are there.
long long made(RestoreContext& restoring, const Table& table, const WrittenBy& now) {
    const auto &was = restoring.watch.before[table.oid], &own = restoring.watch.own[table.oid];
    const auto& all = now.at(table.oid);
    return all.inserted - was.inserted - own.inserted - (all.deleted - was.deleted);
}

WrittenBy count_now(RestoreContext& restoring) {
    return written_in(restoring.together({count_written(restoring)})[0]);
}

WrittenBy count_everywhere(RestoreContext& restoring) {
    return written_beside(restoring.exec(schema::written_sql(restoring.trash_schema)));
}

// What is deleted meanwhile, by cascades too, is of what was made here, as far as that goes.
void removing(RestoreContext& restoring, const std::function<void()>& work) {
    const auto before = count_everywhere(restoring);
    work();
    for (const auto& [oid, now] : count_everywhere(restoring)) {
        const auto was = before.find(oid);
        const auto gone = now.deleted - (was == before.end() ? 0 : was->second.deleted);
        auto& own = restoring.watch.own[oid];
        const auto there = now.inserted - restoring.watch.beside[oid].inserted - own.inserted;
        own.deleted += std::clamp(gone, 0LL, std::max(there - own.deleted, 0LL));
    }
}

// Row t is none of the items.
std::string and_not_captured(const RestoreContext& restoring, const Table& table) {
    std::string out;
    for (const auto* shape : shapes_of(restoring, table)) {
        if (comparable(*shape))
            out += schema::filled(
                " AND NOT EXISTS (SELECT FROM {items} i WHERE {same_row})",
                {{"items", source(restoring, *shape)}, {"same_row", same_row(*shape)}});
    }
    return out;
}

std::string among(const std::string& places) {
    return "(t.tableoid, t.ctid) OPERATOR(pg_catalog.=) ANY (" + places + ")";
}

// Rows t with these places that were made here and are none of the items.
std::string delete_made(const RestoreContext& restoring, const Table& table,
                        const std::string& places) {
    return schema::filled(
        "DELETE FROM {table} AS t WHERE {made_here} AND {among}{and_not_captured}",
        {{"table", schema::relation(table)},
         {"made_here", made_here("t")},
         {"among", among(places)},
         {"and_not_captured", and_not_captured(restoring, table)}});
}

// Rows with other keys than the items that would keep them out.
void remove_clashing(RestoreContext& restoring, const Table& table) {
    const auto rows = clashing_rows(restoring, table);
    if (rows.empty()) return;
    const auto sql = delete_made(restoring, table, join(rows, " UNION ALL "));
    restoring.as_asker([&] { restoring.exec(sql); });
}

// (payload, part, place) of items and of the rows made here under their keys.
std::string made_under_keys(const RestoreContext& restoring, const Shape& shape) {
    return schema::filled(
        R"(SELECT i.payload, t.tableoid AS part, t.ctid AS place
  FROM {items} i JOIN {its_row}
  WHERE {made_here})",
        {{"items", source(restoring, shape)},
         {"its_row", its_row(shape)},
         {"made_here", made_here("t")}});
}

// Rows with the keys of items become these.
long long overwrite(RestoreContext& restoring, const Shape& shape) {
    const auto& table = *shape.table;
    std::vector<std::string> set;
    for (const auto& column : table.columns) {
        const bool key = std::ranges::count(table.identity, column.attnum) > 0;
        const bool fixed = column.generated || column.identity == "always";
        if (shape.position(column.attnum) == 0 || key || fixed) continue;
        set.push_back(quoted(column.name) + " = " + value(shape, column));
    }
    const auto made = made_under_keys(restoring, shape);
    if (set.empty()) return restoring.exec(made).rows();
    const auto sql =
        schema::filled("UPDATE {table} AS t SET {set} FROM ({made}) i WHERE {of_place}",
                       {{"table", schema::relation(table)},
                        {"set", join(set, ", ")},
                        {"made", made},
                        {"of_place", kOfPlace}});
    long long rows = 0;
    restoring.as_asker([&] { rows = restoring.exec(sql).affected(); });
    restoring.watch.own[table.oid].updated += rows;
    return rows;
}

void remove_under_keys(RestoreContext& restoring, const Shape& shape) {
    const auto sql = schema::filled("DELETE FROM {table} AS t USING ({made}) i WHERE {of_place}",
                                    {{"table", schema::relation(*shape.table)},
                                     {"made", made_under_keys(restoring, shape)},
                                     {"of_place", kOfPlace}});
    restoring.as_asker([&] { restoring.exec(sql); });
}

// Numbers may have been given anew in another order: then no row can become another while the
// others are there, and all of them go.
long long overwrite_or_remove(RestoreContext& restoring, const Shape& shape) {
    if (!comparable(shape)) return 0;
    restoring.exec("SAVEPOINT trashd_overwrite");
    long long rows = 0;
    try {
        rows = overwrite(restoring, shape);
    } catch (const Error& error) {
        if (!clashes(error)) throw;
        restoring.exec("ROLLBACK TO SAVEPOINT trashd_overwrite");
        removing(restoring, [&] { remove_under_keys(restoring, shape); });
    }
    restoring.exec("RELEASE SAVEPOINT trashd_overwrite");
    return rows;
}

// The table that the server names, of a partition its root.
schema::Oid named(RestoreContext& restoring, const SqlError& sql) {
    const auto found = restoring.transaction.exec(
        R"(SELECT coalesce(pg_catalog.pg_partition_root(c.oid)::pg_catalog.oid, c.oid)
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
  WHERE n.nspname OPERATOR(pg_catalog.=) $1 AND c.relname OPERATOR(pg_catalog.=) $2)",
        {sql.schema, sql.table});
    return found.rows() == 0 ? 0 : static_cast<schema::Oid>(found.integer(0, 0));
}

// Places of rows of the table that refer to items by the key.
std::string referring(const RestoreContext& restoring, const schema::ForeignKey& key) {
    const auto& table = *restoring.catalog.table(key.child);
    const auto& parent = *restoring.catalog.table(key.parent);
    std::vector<std::string> columns, same;
    for (std::size_t k = 0; k < key.parent_columns.size(); ++k) {
        const auto& column = *parent.column(key.parent_columns[k]);
        columns.push_back(quoted(column.name));
        same.push_back(schema::same_value(key, k,
                                          schema::in_base_type(column, "p.e" + to_string(k + 1)),
                                          cascade::value_of(table, key.child_columns[k], "t")));
    }
    if (auto bound = schema::binds(key, table, "t"); !bound.empty())
        same.push_back(std::move(bound));
    return schema::filled("SELECT t.tableoid, t.ctid FROM {parents} p JOIN {table} AS t ON {same}",
                          {{"parents", evaluated(restoring, parent, columns, {})},
                           {"table", schema::relation(table)},
                           {"same", join(same, " AND ")}});
}

std::vector<std::string> referring_to_items(const RestoreContext& restoring, const Table& table) {
    std::vector<std::string> out;
    for (const auto* key : restoring.catalog.references(table.oid)) {
        const auto* parent = restoring.catalog.table(key->parent);
        if (!parent || key->child_part != 0 || shapes_of(restoring, *parent).empty()) continue;
        out.push_back(referring(restoring, *key));
    }
    return out;
}

// Without a key, rows that are like items are as many as these.
std::string more_than_captured(const RestoreContext& restoring, const Table& table,
                               const std::string& places) {
    std::vector<std::string> like;
    for (const auto* shape : shapes_of(restoring, table))
        like.push_back("SELECT i.payload FROM " + source(restoring, *shape) + " i");
    return schema::filled(
        R"(SELECT c.part, c.place
  FROM (
    SELECT t.tableoid AS part, t.ctid AS place, t.k,
      pg_catalog.row_number() OVER (PARTITION BY t.k) AS n
    FROM (SELECT t.tableoid, t.ctid, t.xmin, {payload} AS k FROM {table} AS t) t
    WHERE {made_here} AND {among}) c
  WHERE c.n OPERATOR(pg_catalog.>) (
    SELECT pg_catalog.count(*) FROM ({like}) i WHERE i.payload OPERATOR(pg_catalog.=) c.k))",
        {{"payload", schema::payload(table, "t")},
         {"table", schema::relation(table)},
         {"made_here", made_here("t")},
         {"among", among(places)},
         {"like", join(like, " UNION ALL ")}});
}

std::string delete_more_than_captured(const RestoreContext& restoring, const Table& table,
                                      const std::string& places) {
    return schema::filled("DELETE FROM {table} AS t WHERE {among}",
                          {{"table", schema::relation(table)},
                           {"among", among(more_than_captured(restoring, table, places))}});
}

long long remove_from(RestoreContext& restoring, const Table& table, const std::string& places) {
    const auto sql = table.identity.empty() ? delete_more_than_captured(restoring, table, places)
                                            : delete_made(restoring, table, places);
    long long rows = 0;
    restoring.as_asker([&] { rows = restoring.exec(sql).affected(); });
    return rows;
}

// More rows than triggers can have made are others' too: then they stay, and are told.
bool remove_doubled(RestoreContext& restoring, const Table& table, long long extra) {
    const auto places = referring_to_items(restoring, table);
    if (places.empty()) return false;
    restoring.exec("SAVEPOINT trashd_doubled");
    try {
        const auto rows = remove_from(restoring, table, join(places, " UNION ALL "));
        const bool all = table.identity.empty() ? rows == extra : rows <= extra;
        if (rows > 0 && all) {
            restoring.together(
                {{"SET CONSTRAINTS ALL IMMEDIATE"}, {"RELEASE SAVEPOINT trashd_doubled"}});
            return true;
        }
    } catch (const Error& error) {
        if (!about_rows(error) && !error.is(sqlstate::kInsufficientPrivilege)) throw;
    }
    restoring.exec("ROLLBACK TO SAVEPOINT trashd_doubled");
    return false;
}

// The table that is being written to, before the other; false where its place is known already.
bool put_first(RestoreContext& restoring, const Table& other) {
    const std::pair order{restoring.at, other.oid}, reverse{other.oid, restoring.at};
    const auto asked = [&](const auto& one) { return one == order || one == reverse; };
    if (other.oid == restoring.at || std::ranges::any_of(restoring.first, asked)) return false;
    restoring.first.push_back(order);
    return true;
}

// Its triggers may make rows of which the triggers make those that clash.
bool put_before_all(RestoreContext& restoring) {
    bool any = false;
    for (const auto* table : tables_of(restoring)) any |= put_first(restoring, *table);
    return any;
}

}  // namespace

// xmin is the lower half of a number: of the transactions that began with this one or since, those
// in progress are its own.
std::string made_here(const std::string& alias) {
    const char* const own = "(pg_catalog.pg_current_xact_id()::pg_catalog.text::pg_catalog.int8)";
    const auto since = schema::filled(
        R"((({alias}.xmin::pg_catalog.text::pg_catalog.int8 OPERATOR(pg_catalog.-) {own}
      OPERATOR(pg_catalog.%) 4294967296 OPERATOR(pg_catalog.+) 4294967296)
    OPERATOR(pg_catalog.%) 4294967296))",
        {{"alias", alias}, {"own", own}});
    return schema::filled(
        R"((CASE WHEN {since} OPERATOR(pg_catalog.<) 2147483648
    THEN pg_catalog.pg_xact_status(
      ({own} OPERATOR(pg_catalog.+) {since})::pg_catalog.text::pg_catalog.xid8)
      OPERATOR(pg_catalog.=) 'in progress'
    ELSE false END))",
        {{"since", since}, {"own", own}});
}

long long replace_made(RestoreContext& restoring, const Shape& shape) {
    const auto now = count_now(restoring);
    if (made(restoring, *shape.table, now) <= 0 || changed(restoring, *shape.table, now)) return 0;
    removing(restoring, [&] { remove_clashing(restoring, *shape.table); });
    return overwrite_or_remove(restoring, shape);
}

void fire_deferred(RestoreContext& restoring, const Shapes& step) {
    std::vector<schema::Param> oids;
    for (const auto* shape : step) oids.emplace_back(to_string(shape->relation));
    const auto found = restoring.transaction.exec(
        R"(SELECT DISTINCT pg_catalog.format('%I.%I', n.nspname, t.tgname)
  FROM pg_catalog.pg_trigger t
  JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) t.tgrelid
  JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
  WHERE t.tginitdeferred AND NOT t.tgisinternal
    AND t.tgrelid OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.oid[]))",
        {schema::array_literal(oids)});
    std::vector<std::string> names;
    for (int row = 0; row < found.rows(); ++row) names.emplace_back(found.text(row, 0));
    if (names.empty()) return;
    const auto all = "SET CONSTRAINTS " + join(names, ", ");
    restoring.as_asker([&] { restoring.together({{all + " IMMEDIATE"}, {all + " DEFERRED"}}); });
}

bool try_otherwise(RestoreContext& restoring, const Error& failed) {
    if (!clashes(failed) || !runs_code(restoring)) return false;
    const auto oid = named(restoring, *failed.sql());
    const auto* table = restoring.catalog.table(oid);
    if (!table || shapes_of(restoring, *table).empty()) return false;
    if (!restoring.by_step) return restoring.by_step = true;
    if (restoring.at == 0) return !std::exchange(restoring.fire_deferred, true);
    return oid != restoring.at && (put_first(restoring, *table) || put_before_all(restoring));
}

void remove_companions(RestoreContext& restoring) {
    const auto now = count_now(restoring);
    for (const auto* table : tables_of(restoring)) {
        const auto extra = made(restoring, *table, now);
        if (extra <= 0 || changed(restoring, *table, now)) continue;
        removing(restoring, [&] { remove_doubled(restoring, *table, extra); });
    }
}

}  // namespace trashd::trash
