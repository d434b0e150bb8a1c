// Rows of the trash into their tables. First all at once; where triggers make rows that are in the
// way, step by step, each time taking the place of what they have made.
#include <algorithm>

#include "cascade/plan.hpp"
#include "cascade/predicates.hpp"
#include "schema/catalog/catalog.hpp"
#include "schema/catalog/value.hpp"
#include "schema/identifier.hpp"
#include "schema/session/connection.hpp"
#include "schema/session/transaction.hpp"
#include "schema/text.hpp"
#include "trash/insert/restore_context.hpp"
#include "trash/store/sql.hpp"

namespace trashd::trash {

using schema::join;
using schema::quoted;
using schema::Statement;
using std::to_string;

namespace {

constexpr const char* kInsert = R"(INSERT INTO {table}{columns} OVERRIDING SYSTEM VALUE
  SELECT {values} FROM {items} i{where}
  ORDER BY i.group_id, i.ordinal)";

}  // namespace

std::string insert_sql(const Shape& shape, const std::string& items, const std::string& where) {
    std::vector<std::string> names, values;
    for (const auto& column : shape.table->columns) {
        if (column.generated || shape.position(column.attnum) == 0) continue;
        names.push_back(quoted(column.name));
        values.push_back(value(shape, column));
    }
    return schema::filled(kInsert,
                          {{"table", quoted(shape.table->name)},
                           {"columns", names.empty() ? "" : " (" + join(names, ", ") + ")"},
                           {"values", join(values, ", ")},
                           {"items", items},
                           {"where", where}});
}

namespace {

// Where the rows can be looked for one by one, verify() names those that are missing.
void expect(RestoreContext& restoring, const Shape& shape, long long inserted) {
    restoring.watch.own[shape.relation].inserted += inserted;
    if (inserted == shape.count || comparable(shape)) return;
    Conflict conflict;
    conflict.kind = "constraint";
    conflict.table = shape.table->name;
    conflict.detail = to_string(inserted) + " of " + to_string(shape.count) +
                      " rows went in; look at " + code_at(restoring, *shape.table);
    restoring.conflicts.push_back(std::move(conflict));
}

// What a trigger made under the key of an item has become that item.
std::string not_there(const RestoreContext& restoring, const Shape& shape) {
    if (!restoring.by_step || !comparable(shape)) return "";
    return schema::filled(
        " WHERE NOT EXISTS (SELECT FROM {table} AS t WHERE {same_row} AND {made_here})",
        {{"table", schema::relation(*shape.table)},
         {"same_row", same_row(shape)},
         {"made_here", made_here("t")}});
}

// One statement: foreign keys are checked at its end, so these may refer to each other.
Statement insert_together(const RestoreContext& restoring, const Shapes& shapes) {
    const auto& first = *shapes[0];
    const bool plain = !restoring.guard_casts && !restoring.by_step;
    if (shapes.size() == 1 && first.ranges.size() == 1 && plain) {
        const auto& range = first.ranges[0];
        return {insert_sql(first, source_of_one(restoring, first)),
                {to_string(range.group), to_string(range.first), to_string(range.last)}};
    }
    std::vector<std::string> with, counts;
    for (const auto* shape : shapes) {
        const auto name = "w" + to_string(with.size());
        const auto insert =
            insert_sql(*shape, source(restoring, *shape), not_there(restoring, *shape));
        if (shapes.size() == 1) return {insert, {}, false};
        with.push_back(name + " AS (" + insert + " RETURNING 1)");
        counts.push_back("(SELECT pg_catalog.count(*) FROM " + name + ")");
    }
    return {"WITH " + join(with, ", ") + " SELECT " + join(counts, ", "), {}, false};
}

void expect_all(RestoreContext& restoring, const Shapes& shapes, const schema::Result& inserted,
                const std::vector<long long>& replaced = {}) {
    for (std::size_t k = 0; k < shapes.size(); ++k) {
        const auto rows =
            shapes.size() == 1 ? inserted.affected() : inserted.integer(0, static_cast<int>(k));
        expect(restoring, *shapes[k], rows + (replaced.empty() ? 0 : replaced[k]));
    }
}

// A step of the order needs another one to be there before.
bool needs(const RestoreContext& restoring, const Shapes& step, const Shapes& other) {
    const auto has = [](const Shapes& shapes, schema::Oid oid) {
        return std::ranges::any_of(shapes, [&](const auto* s) { return s->relation == oid; });
    };
    for (const auto& [before, after] : restoring.first) {
        if (has(step, after) && has(other, before)) return true;
        if (has(step, before) && has(other, after)) return false;
    }
    for (const auto* shape : step)
        for (const auto* key : restoring.catalog.references(shape->relation))
            if (has(other, key->parent)) return true;
    return false;
}

// The first that needs none of the others; in a circle the first of all.
std::size_t next_of(const RestoreContext& restoring, const std::vector<Shapes>& steps) {
    for (std::size_t i = 0; i < steps.size(); ++i) {
        const auto free = [&](const Shapes& other) {
            return &other == &steps[i] || !needs(restoring, steps[i], other);
        };
        if (std::ranges::all_of(steps, free)) return i;
    }
    return 0;
}

std::vector<Shapes> reordered(const RestoreContext& restoring, std::vector<Shapes> steps) {
    if (restoring.first.empty()) return steps;
    std::vector<Shapes> out;
    while (!steps.empty()) {
        const auto at = steps.begin() + static_cast<long>(next_of(restoring, steps));
        out.push_back(std::move(*at));
        steps.erase(at);
    }
    return out;
}

schema::Result insert_at_once(RestoreContext& restoring, const std::vector<Statement>& last) {
    const auto steps = in_order(restoring);
    std::vector<Statement> statements = {count_written(restoring), {kByIndex}};
    for (const auto& shapes : steps) statements.push_back(insert_together(restoring, shapes));
    statements.push_back({kAsPlanned});
    statements.insert(statements.end(), last.begin(), last.end());
    std::vector<schema::Result> done;
    restoring.as_asker([&] { done = restoring.together(statements); });
    restoring.watch.before = written_in(done[0]);
    for (std::size_t i = 0; i < steps.size(); ++i) expect_all(restoring, steps[i], done[i + 2]);
    return done.back();
}

schema::Result insert_by_step(RestoreContext& restoring, const std::vector<Statement>& last) {
    restoring.watch.before = written_in(restoring.together({count_written(restoring)})[0]);
    restoring.exec(kByIndex);
    for (const auto& step : in_order(restoring)) {
        restoring.at = step[0]->relation;
        std::vector<long long> replaced;
        for (const auto* shape : step) replaced.push_back(replace_made(restoring, *shape));
        schema::Result inserted(nullptr);
        restoring.as_asker([&] { inserted = insert_step(restoring, step); });
        expect_all(restoring, step, inserted, replaced);
        if (restoring.fire_deferred) fire_deferred(restoring, step);
    }
    restoring.at = 0;
    restoring.exec(kAsPlanned);
    if (last.empty()) return schema::Result(nullptr);
    return restoring.together(last).back();
}

}  // namespace

std::vector<Shapes> in_order(RestoreContext& restoring) {
    std::vector<Shapes> out;
    for (const auto& step : cascade::insert_order(restoring.catalog, tables_of(restoring))) {
        Shapes together;
        for (const auto* table : step)
            for (const auto* shape : shapes_of(restoring, *table)) together.push_back(shape);
        out.push_back(std::move(together));
    }
    return reordered(restoring, std::move(out));
}

schema::Result insert_step(const RestoreContext& restoring, const Shapes& step) {
    return restoring.transaction.connection().exec_pipeline({insert_together(restoring, step)})[0];
}

schema::Result insert_all(RestoreContext& restoring, const std::vector<Statement>& last) {
    return restoring.by_step ? insert_by_step(restoring, last) : insert_at_once(restoring, last);
}

long long insert_one(const RestoreContext& restoring, const Shape& shape, const Range& range) {
    return restoring.transaction
        .exec(insert_sql(shape, source_of_one(restoring, shape)),
              {to_string(range.group), to_string(range.first), to_string(range.last)})
        .affected();
}

}  // namespace trashd::trash
