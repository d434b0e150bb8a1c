#include <algorithm>

#include "cascade/predicates.hpp"
#include "schema/value.hpp"
#include "trash/restoring.hpp"

namespace trashd::trash {
namespace {

using cascade::join;
using schema::quoted;
using std::to_string;

bool may_differ(const schema::Table& table) {
    return std::ranges::any_of(table.triggers,
                               [](const auto& t) { return t.on_insert || t.on_update; });
}

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
    return "(SELECT " + schema::to_text(now, "a") + " FROM (SELECT " +
           schema::from_text(column, text) + " AS v) a)";
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
        out.push_back("CASE WHEN " +
                      schema::differ(expected(shape, column), schema::to_text(column, "t")) +
                      " THEN " + to_string(column.attnum) + " END");
    }
    return "(SELECT pg_catalog.array_agg(x.n) FROM pg_catalog.unnest(ARRAY[" + join(out, ", ") +
           "]::pg_catalog.int4[]) x(n) WHERE x.n IS NOT NULL)";
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

// Rows by identity can be compared only where the items hold its values.
bool comparable(const Shape& shape) {
    const auto& identity = shape.table->identity;
    return !identity.empty() &&
           std::ranges::all_of(identity, [&](int attnum) { return shape.position(attnum) != 0; });
}

// Rules on INSERT may have put a row elsewhere without anything failing.
void refuse_diverted(Restoring& restoring, const Shape& shape) {
    const auto found =
        restoring.exec("SELECT i.object_id FROM " + source(restoring, shape) + " i LEFT JOIN " +
                       schema::relation(*shape.table) + " AS t ON " + same_row(shape) +
                       " WHERE t.ctid IS NULL LIMIT " + to_string(kMostConflicts));
    for (int row = 0; row < found.rows(); ++row) {
        Conflict conflict;
        conflict.kind = "constraint";
        conflict.table = shape.called();
        conflict.id = found.text(row, 0);
        conflict.detail = "a rewrite rule of the table puts the row elsewhere; drop the rule";
        restoring.conflicts.push_back(std::move(conflict));
    }
}

std::string differences(const Restoring& restoring, const Shape& shape) {
    // a row that is not there differs in its key
    return "SELECT i.object_id, CASE WHEN t." +
           quoted(shape.table->column(shape.table->identity[0])->name) + " IS NULL THEN ARRAY[" +
           to_string(shape.table->identity[0]) + "]::pg_catalog.int4[] ELSE " + differing(shape) +
           " END AS attnums, i.payload FROM " + source(restoring, shape) + " i LEFT JOIN " +
           schema::relation(*shape.table) + " AS t ON " + same_row(shape);
}

void put_right(Restoring& restoring, const Shape& shape, const std::vector<int>& attnums) {
    std::vector<std::string> set;
    for (const int attnum : attnums) {
        const auto& column = *shape.table->column(attnum);
        if (column.generated) continue;
        set.push_back(quoted(column.name) + " = " + value(shape, column));
    }
    if (set.empty()) return;
    restoring.exec("SAVEPOINT trashd_put_right");
    try {
        restoring.as_asker([&] {
            restoring.exec("UPDATE " + schema::relation(*shape.table) + " AS t SET " +
                           join(set, ", ") + " FROM " + source(restoring, shape) + " i WHERE " +
                           same_row(shape) + " AND " + differing(shape) + " IS NOT NULL");
        });
        restoring.exec("RELEASE SAVEPOINT trashd_put_right");
    } catch (const Error& error) {
        if (!about_rows(error)) throw;
        // then the rows stay as the triggers left them, and are named
        restoring.exec("ROLLBACK TO SAVEPOINT trashd_put_right");
    }
}

std::vector<int> differing_columns(Restoring& restoring, const Shape& shape) {
    const auto found = restoring.exec("SELECT DISTINCT pg_catalog.unnest(d.attnums) FROM (" +
                                      differences(restoring, shape) + ") d");
    std::vector<int> out;
    for (int row = 0; row < found.rows(); ++row) {
        out.push_back(static_cast<int>(found.integer(row, 0)));
    }
    return out;
}

// A stored value that a column generated by now would silently replace.
void refuse_generated(Restoring& restoring, const Shape& shape, const Altered& altered,
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

void report(Restoring& restoring, const Shape& shape) {
    const auto found = restoring.exec(
        "SELECT d.object_id, d.attnums, d.payload FROM (" + differences(restoring, shape) +
        ") d WHERE d.attnums IS NOT NULL LIMIT " + to_string(kMostConflicts));
    for (int row = 0; row < found.rows(); ++row) {
        Altered altered{shape.called(), std::string(found.text(row, 0)), {}};
        for (const auto& attnum : schema::parse_array(found.text(row, 1))) {
            altered.columns.push_back(shape.table->column(std::stoi(*attnum))->name);
        }
        refuse_generated(restoring, shape, altered, schema::parse_array(found.text(row, 2)));
        restoring.result.altered.push_back(std::move(altered));
    }
}

}  // namespace

void verify(Restoring& restoring) {
    const auto tables = tables_of(restoring);
    const bool triggers = std::ranges::any_of(tables, [](auto* t) { return may_differ(*t); });
    std::vector<const Shape*> differ;
    for (const auto& [id, shape] : restoring.shapes) {
        if (shape.count == 0 || shape.table == nullptr || !comparable(shape)) continue;
        if (shape.table->insert_rules) refuse_diverted(restoring, shape);
        if (!triggers && !became_generated(shape)) continue;
        const auto columns = differing_columns(restoring, shape);
        if (columns.empty()) continue;
        put_right(restoring, shape, columns);
        differ.push_back(&shape);
    }
    for (const auto* shape : differ) report(restoring, *shape);
}

}  // namespace trashd::trash
