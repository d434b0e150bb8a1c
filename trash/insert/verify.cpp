// Compares what came back with what was captured, in the same transaction: triggers and rules may
// have changed a row though no statement failed. What can be put right is, the rest is reported.
#include <algorithm>

#include "cascade/predicates.hpp"
#include "schema/catalog/catalog.hpp"
#include "schema/catalog/value.hpp"
#include "schema/error.hpp"
#include "schema/identifier.hpp"
#include "schema/text.hpp"
#include "trash/insert/restore_context.hpp"
#include "trash/store/sql.hpp"

namespace trashd::trash {
namespace {

using schema::join;
using schema::quoted;
using std::to_string;

bool became_generated(const Shape& shape) {
    return std::ranges::any_of(shape.table->columns, [&](const auto& column) {
        const int position = shape.position(column.attnum);
        return column.generated && position != 0 && !shape.generated[position - 1];
    });
}

// What the column's text should be now: as stored, or as its new type writes the same.
std::string expected(const Shape& shape, const schema::Column& column) {
    const auto text = stored(shape, column.attnum);
    if (column.generated || column.type == shape.types[shape.position(column.attnum) - 1])
        return text;
    auto now = column;
    now.name = "v";
    return schema::filled(
        "(SELECT {text} FROM (SELECT {value} AS v) a)",
        {{"text", schema::to_text(now, "a")}, {"value", schema::from_text(column, text)}});
}

bool compared(const Shape& shape, const schema::Column& column) {
    const int position = shape.position(column.attnum);
    return position != 0 && !(column.generated && shape.generated[position - 1]);
}

// NULL, or the attnums whose live text is another than it should be.
std::string differing(const Shape& shape) {
    std::vector<std::string> out;
    for (const auto& column : shape.table->columns) {
        if (!compared(shape, column)) continue;
        const auto text = schema::to_text(column, "t");
        out.push_back(schema::filled("CASE WHEN {differ} THEN {attnum} END",
                                     {{"differ", schema::differ(expected(shape, column), text)},
                                      {"attnum", to_string(column.attnum)}}));
    }
    return not_null(out);
}

std::string live_rows(const RestoreContext& restoring, const Shape& shape) {
    return source(restoring, shape) + " i LEFT JOIN " + its_row(shape);
}

void refuse_absent(RestoreContext& restoring, const Shape& shape, std::string_view id) {
    Conflict conflict;
    conflict.kind = "constraint";
    conflict.table = shape.called();
    conflict.id = id;
    conflict.detail =
        "the row went in and is not there at the end, or not under its key; look at " +
        code_at(restoring, *shape.table);
    restoring.conflicts.push_back(std::move(conflict));
}

// A trigger may have taken a row away or changed its key, a rule may have put it elsewhere, and
// nothing has failed.
void refuse_all_absent(RestoreContext& restoring, const Shape& shape) {
    const auto found = restoring.exec(schema::filled(
        "SELECT i.object_id FROM {live_rows} WHERE t.ctid IS NULL LIMIT {most}",
        {{"live_rows", live_rows(restoring, shape)}, {"most", to_string(kMostConflicts)}}));
    for (int row = 0; row < found.rows(); ++row)
        refuse_absent(restoring, shape, found.text(row, 0));
}

// (object_id, attnums, payload, absent) and what else is asked for, of rows that are not as they
// went in.
std::string differences(const RestoreContext& restoring, const Shape& shape,
                        const std::string& more = "") {
    return schema::filled(
        R"(SELECT i.object_id, d.attnums, i.payload, t.ctid IS NULL AS absent{more}
  FROM {live_rows}
  CROSS JOIN LATERAL (SELECT {differing} AS attnums) d
  WHERE t.ctid IS NULL OR d.attnums IS NOT NULL)",
        {{"more", more},
         {"live_rows", live_rows(restoring, shape)},
         {"differing", differing(shape)}});
}

// To append to a select list: JSON of the columns of d.attnums, as they went in, or as they are in
// the row t.
std::string named_values(const Shape& shape, bool live) {
    std::vector<std::string> rows = {"(0, '', NULL::pg_catalog.json)"};
    for (const auto& column : shape.table->columns) {
        if (!compared(shape, column) || column.hidden) continue;
        rows.push_back(
            schema::filled("({attnum}, {name}, pg_catalog.to_json({value}))",
                           {{"attnum", to_string(column.attnum)},
                            {"name", schema::literal(column.name)},
                            {"value", live ? "t." + quoted(column.name) : value(shape, column)}}));
    }
    return schema::filled(R"(, (SELECT pg_catalog.json_object_agg(x.name, x.now ORDER BY x.attnum)
    FROM (VALUES {rows}) x(attnum, name, now)
    WHERE x.attnum OPERATOR(pg_catalog.=) ANY (d.attnums)))",
                          {{"rows", join(rows, ", ")}});
}

// sql: an UPDATE of live rows; how many it changed.
long long update_live(RestoreContext& restoring, const std::string& sql) {
    long long rows = 0;
    restoring.exec(kByIndex);
    restoring.as_asker([&] { rows = restoring.exec(sql).affected(); });
    restoring.exec(kAsPlanned);
    restoring.exec("SET CONSTRAINTS ALL IMMEDIATE");
    return rows;
}

long long set_columns(RestoreContext& restoring, const Shape& shape,
                      const std::vector<std::string>& set) {
    const auto sql = schema::filled(
        R"(UPDATE {table} AS t SET {set}
  FROM (
    SELECT i.payload, t.tableoid AS part, t.ctid AS place
    FROM {items} i JOIN {its_row}
    WHERE {differing} IS NOT NULL) i
  WHERE {of_place})",
        {{"table", schema::relation(*shape.table)},
         {"set", join(set, ", ")},
         {"items", source(restoring, shape)},
         {"its_row", its_row(shape)},
         {"differing", differing(shape)},
         {"of_place", kOfPlace}});
    return update_live(restoring, sql);
}

void put_right(RestoreContext& restoring, const Shape& shape, const std::vector<int>& attnums) {
    std::vector<std::string> set;
    for (const int attnum : attnums) {
        const auto& column = *shape.table->column(attnum);
        if (column.generated || column.identity == "always") continue;
        set.push_back(quoted(column.name) + " = " + value(shape, column));
    }
    try_to_set(restoring, set, [&](const std::vector<std::string>& some) {
        restoring.watch.own[shape.relation].updated += set_columns(restoring, shape, some);
    });
}

// Rows cannot be told apart by a key, nor by what was added to the table since: what went in and is
// not there like that, with a row of this transaction that is like none that went in.
constexpr const char* kPairs = R"((WITH a AS MATERIALIZED (
      SELECT i.payload, {kept} AS k, pg_catalog.row_number() OVER (PARTITION BY {kept}) AS n
      FROM {items} i),
    b AS MATERIALIZED (
      SELECT t.tableoid AS part, t.ctid AS place, {live} AS k,
        pg_catalog.row_number() OVER (PARTITION BY {live}) AS n
      FROM {table} AS t WHERE {made_here})
    SELECT x.payload, y.part, y.place, ''::pg_catalog.text AS object_id
    FROM (
      SELECT a.payload, pg_catalog.row_number() OVER (ORDER BY a.k, a.n) AS m
      FROM a
      WHERE NOT EXISTS (SELECT FROM b
        WHERE a.k OPERATOR(pg_catalog.=) b.k AND a.n OPERATOR(pg_catalog.=) b.n)) x
    JOIN (
      SELECT b.part, b.place, pg_catalog.row_number() OVER (ORDER BY b.k, b.n) AS m
      FROM b
      WHERE NOT EXISTS (SELECT FROM a
        WHERE b.k OPERATOR(pg_catalog.=) a.k AND b.n OPERATOR(pg_catalog.=) a.n)) y
    ON x.m OPERATOR(pg_catalog.=) y.m))";

std::string pairs(const RestoreContext& restoring, const Shape& shape) {
    std::vector<std::string> live, kept;
    for (const auto& column : shape.table->columns) {
        if (!compared(shape, column)) continue;
        live.push_back(schema::to_text(column, "t"));
        kept.push_back(expected(shape, column));
    }
    return schema::filled(kPairs, {{"kept", text_array(kept)},
                                   {"items", source(restoring, shape)},
                                   {"live", text_array(live)},
                                   {"table", schema::relation(*shape.table)},
                                   {"made_here", made_here("t")}});
}

// Every row of this transaction is one that went in, and no other is taken for one.
bool all_went_in(RestoreContext& restoring, const Shape& shape) {
    const auto rows = restoring.exec(
        schema::filled("SELECT pg_catalog.count(*) FROM {table} AS t WHERE {made_here}",
                       {{"table", schema::relation(*shape.table)}, {"made_here", made_here("t")}}));
    return rows.integer(0, 0) == shape.count;
}

void put_pairs_right(RestoreContext& restoring, const Shape& shape) {
    std::vector<std::string> set;
    for (const auto& column : shape.table->columns) {
        if (!compared(shape, column) || column.generated || column.identity == "always") continue;
        set.push_back(quoted(column.name) + " = " + value(shape, column));
    }
    if (set.empty()) return;
    try_to_set(restoring, {join(set, ", ")}, [&](const std::vector<std::string>& all) {
        const auto sql =
            schema::filled("UPDATE {table} AS t SET {set} FROM {pairs} i WHERE {of_place}",
                           {{"table", schema::relation(*shape.table)},
                            {"set", all[0]},
                            {"pairs", pairs(restoring, shape)},
                            {"of_place", kOfPlace}});
        restoring.watch.own[shape.relation].updated += update_live(restoring, sql);
    });
}

std::vector<int> differing_columns(RestoreContext& restoring, const Shape& shape) {
    const auto found = restoring.exec(
        schema::filled("SELECT DISTINCT pg_catalog.unnest(d.attnums) FROM ({differences}) d",
                       {{"differences", differences(restoring, shape)}}));
    std::vector<int> out;
    for (int row = 0; row < found.rows(); ++row) {
        out.push_back(static_cast<int>(found.integer(row, 0)));
    }
    return out;
}

// A stored value that a column generated by now would silently replace.
void refuse_generated(RestoreContext& restoring, const Shape& shape, const Altered& altered,
                      const std::vector<schema::Param>& payload) {
    for (const auto& name : altered.columns) {
        const auto* column = shape.table->column(name);
        if (!column->generated) continue;
        Conflict conflict;
        conflict.kind = "schema-changed";
        conflict.table = altered.table;
        conflict.id = altered.id;
        conflict.columns = {name};
        conflict.values = {payload[shape.position(column->attnum) - 1]};
        conflict.detail = "the column is generated now and would get another value";
        restoring.conflicts.push_back(std::move(conflict));
    }
}

void report(RestoreContext& restoring, const Shape& shape, const schema::Result& found) {
    for (int row = 0; row < found.rows(); ++row) {
        if (found.boolean(row, 3)) {
            refuse_absent(restoring, shape, found.text(row, 0));
            continue;
        }
        Altered altered{shape.called(),
                        std::string(found.text(row, 0)),
                        {},
                        std::string(found.text(row, 4)),
                        std::string(found.text(row, 5))};
        for (const auto& attnum : schema::parse_array(found.text(row, 1))) {
            altered.columns.push_back(shape.table->column(std::stoi(*attnum))->name);
        }
        refuse_generated(restoring, shape, altered, schema::parse_array(found.text(row, 2)));
        restoring.result.altered.push_back(std::move(altered));
    }
}

void report(RestoreContext& restoring, const Shape& shape) {
    const auto values = named_values(shape, false) + named_values(shape, true);
    report(restoring, shape,
           restoring.exec(differences(restoring, shape, values) + " LIMIT " +
                          to_string(kMostConflicts)));
}

void verify_pairs(RestoreContext& restoring, const Shape& shape) {
    if (all_went_in(restoring, shape)) put_pairs_right(restoring, shape);
    const auto sql = schema::filled(
        R"(SELECT i.object_id, d.attnums, i.payload, false{should}{now}
  FROM {pairs} i
  JOIN {table} AS t ON {of_place}
  CROSS JOIN LATERAL (SELECT {differing} AS attnums) d
  WHERE d.attnums IS NOT NULL LIMIT {most})",
        {{"should", named_values(shape, false)},
         {"now", named_values(shape, true)},
         {"pairs", pairs(restoring, shape)},
         {"table", schema::relation(*shape.table)},
         {"of_place", kOfPlace},
         {"differing", differing(shape)},
         {"most", to_string(kMostConflicts)}});
    report(restoring, shape, restoring.exec(sql));
}

// False: the table does not let them, and the rows stay as the triggers left them.
bool may_set(RestoreContext& restoring, const std::vector<std::string>& assignments,
             const Set& set) {
    restoring.exec("SAVEPOINT trashd_put_right");
    const auto own = restoring.watch.own;
    bool done = true;
    try {
        set(assignments);
    } catch (const Error& error) {
        if (!about_rows(error)) throw;
        restoring.exec("ROLLBACK TO SAVEPOINT trashd_put_right");
        restoring.watch.own = own;
        restoring.watch.in_vain = true;
        done = false;
    }
    restoring.exec("RELEASE SAVEPOINT trashd_put_right");
    return done;
}

}  // namespace

void try_to_set(RestoreContext& restoring, const std::vector<std::string>& assignments,
                const Set& set) {
    if (assignments.empty() || may_set(restoring, assignments, set) || assignments.size() == 1)
        return;
    for (const auto& one : assignments) may_set(restoring, {one}, set);
}

std::string same_row(const Shape& shape) {
    const auto& table = *shape.table;
    const auto operators = cascade::identity_operators(table);
    std::vector<std::string> out;
    for (std::size_t k = 0; k < table.identity.size(); ++k) {
        const auto& column = *table.column(table.identity[k]);
        out.push_back(cascade::value_of(table, column.attnum, "t") + " " + operators[k] + " " +
                      schema::in_base_type(column, value(shape, column)));
    }
    return join(out, " AND ");
}

std::string its_row(const Shape& shape) {
    return looked_up(schema::relation(*shape.table), same_row(shape));
}

bool comparable(const Shape& shape) {
    const auto& identity = shape.table->identity;
    return !identity.empty() &&
           std::ranges::all_of(identity, [&](int attnum) { return shape.position(attnum) != 0; });
}

namespace {

std::vector<const Shape*> to_compare(const RestoreContext& restoring) {
    std::vector<const Shape*> out;
    for (const auto& [id, shape] : restoring.shapes)
        if (shape.count > 0 && shape.table != nullptr && comparable(shape)) out.push_back(&shape);
    return out;
}

// Where all items of the table have one form.
std::vector<const Shape*> without_keys(const RestoreContext& restoring) {
    std::vector<const Shape*> out;
    for (const auto& [id, shape] : restoring.shapes)
        if (shape.count > 0 && shape.table != nullptr && !comparable(shape) &&
            shapes_of(restoring, *shape.table).size() == 1)
            out.push_back(&shape);
    return out;
}

}  // namespace

void find_absent(RestoreContext& restoring) {
    for (const auto* shape : to_compare(restoring)) refuse_all_absent(restoring, *shape);
}

void verify(RestoreContext& restoring) {
    const bool code = runs_code(restoring);
    std::vector<const Shape*> differ;
    for (const auto* shape : to_compare(restoring)) {
        if (!code && !became_generated(*shape)) continue;
        const auto columns = differing_columns(restoring, *shape);
        if (columns.empty()) continue;
        put_right(restoring, *shape, columns);
        differ.push_back(shape);
    }
    for (const auto* shape : differ) report(restoring, *shape);
    if (!code) return;
    for (const auto* shape : without_keys(restoring)) verify_pairs(restoring, *shape);
}

}  // namespace trashd::trash
