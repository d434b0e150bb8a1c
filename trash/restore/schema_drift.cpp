// What the tables have become since the rows were captured: values that would be lost, cut or read
// otherwise. No statement fails for these, so they are looked for before.
#include <algorithm>
#include <utility>

#include "cascade/predicates.hpp"
#include "schema/catalog/catalog.hpp"
#include "schema/catalog/value.hpp"
#include "schema/error.hpp"
#include "schema/identifier.hpp"
#include "schema/text.hpp"
#include "trash/insert/restore_context.hpp"
#include "trash/model/options.hpp"
#include "trash/restore/choices.hpp"
#include "trash/restore/steps.hpp"
#include "trash/store/sql.hpp"

namespace trashd::trash {
namespace {

using schema::literal;
using std::to_string;

std::string limit() {
    return " LIMIT " + to_string(kMostConflicts + 1);
}

Conflict changed(const Shape& shape, const std::string& detail) {
    Conflict conflict;
    conflict.kind = "schema-changed";
    conflict.table = shape.called();
    conflict.detail = detail;
    return conflict;
}

// Characters of a value in an answer: it may have hundreds of megabytes.
constexpr int kLongestShown = 1000, kLongestLost = 100000;

struct Doubt {
    std::string column, text, bad;  // its name, its stored text, what is true of a lost value
};

// Of some member at least.
bool may_lose(const RestoreContext& restoring) {
    return restoring.options.lossy || !restoring.chosen.lossy.empty();
}

bool may_lose(const RestoreContext& restoring, const Place& place) {
    return restoring.options.lossy || restoring.chosen.lossy.contains(as_trashed(restoring, place));
}

// Rows (object id, column, value, group, ordinal) for which a doubt holds.
constexpr const char* kDoubtful = R"(SELECT i.object_id, c.name,
    pg_catalog.left(c.value, {longest}), i.group_id, i.ordinal
  FROM {items} i
  CROSS JOIN LATERAL (VALUES {doubts}) c(name, value, bad)
  WHERE c.bad{limit})";

std::string doubtful(const RestoreContext& restoring, const Shape& shape,
                     const std::vector<Doubt>& doubts) {
    std::vector<std::string> rows;
    for (const auto& doubt : doubts) {
        rows.push_back(schema::filled(
            "({column}, {text}, {bad})",
            {{"column", literal(doubt.column)}, {"text", doubt.text}, {"bad", doubt.bad}}));
    }
    const bool all = may_lose(restoring);
    return schema::filled(kDoubtful, {{"longest", to_string(all ? kLongestLost : kLongestShown)},
                                      {"items", source(restoring, shape)},
                                      {"doubts", schema::join(rows, ", ")},
                                      {"limit", all ? "" : limit()}});
}

// Lossy restores leave the values behind and name them; others refuse.
void judge(RestoreContext& restoring, const Shape& shape, const std::vector<Doubt>& doubts,
           std::vector<Conflict>& out, const std::string& detail) {
    if (doubts.empty()) return;
    const auto found = restoring.exec(doubtful(restoring, shape, doubts));
    for (int row = 0; row < found.rows(); ++row) {
        const std::string id(found.text(row, 0)), column(found.text(row, 1));
        const Place place{found.integer(row, 3), found.integer(row, 4)};
        if (may_lose(restoring, place)) {
            restoring.result.lost.push_back(
                {shape.called(), id, column, std::string(found.text(row, 2))});
            continue;
        }
        auto conflict = changed(shape, detail);
        conflict.id = id;
        conflict.columns = {column};
        conflict.values = {found.value(row, 2)};
        conflict.group = place.group;
        conflict.ordinal = place.ordinal;
        conflict.choices = {Choice::kLossy};
        out.push_back(std::move(conflict));
    }
}

// Once for all rows, since none of them has a value. What a caller has set is not lost.
void tell_omitted(RestoreContext& restoring, const Shape& shape) {
    auto& lost = restoring.result.lost;
    for (const auto& name : shape.omitted) {
        const auto* column = shape.table->column(name);
        if (column && (column->generated || shape.position(column->attnum) != 0)) continue;
        const bool told = std::ranges::any_of(lost, [&](const Lost& one) {
            return one.id.empty() && one.column == name && one.table == shape.called();
        });
        if (!told) lost.push_back({shape.called(), "", name, std::nullopt});
    }
}

std::vector<Doubt> dropped(const Shape& shape) {
    std::vector<Doubt> out;
    for (std::size_t i = 0; i < shape.attnums.size(); ++i) {
        if (shape.generated[i] || shape.table->column(shape.attnums[i]) != nullptr) continue;
        const auto text = stored(shape, shape.attnums[i]);
        out.push_back({shape.names[i], text, text + " IS NOT NULL"});
    }
    return out;
}

// Whether the type still exists under the name it had.
bool exists(RestoreContext& restoring, const std::string& type) {
    try {
        return !restoring.exec("SELECT pg_catalog.to_regtype(" + literal(type) + ")").null(0, 0);
    } catch (const Error& error) {
        if (about_rows(error)) restoring.exec(std::string("ROLLBACK TO SAVEPOINT ") + kSavepoint);
        if (!about_rows(error)) throw;
        return false;
    }
}

// Digits of a bit string are read as those of a number by other types.
bool is_bits(const std::string& type) {
    return type.starts_with("bit(") || type.starts_with("bit varying");
}

// The stored text read as the new type, written, read as the old, written.
constexpr const char* kThereAndBack = R"((SELECT
    CASE WHEN pg_catalog.num_nulls(b.v) OPERATOR(pg_catalog.=) 0
      THEN pg_catalog.format('%s', b.v) END
  FROM (SELECT ({written})::{old} AS v FROM (SELECT {read} AS v) a) b))";

// Stored text that the new type does not keep.
std::vector<Doubt> narrowed(RestoreContext& restoring, const Shape& shape) {
    std::vector<Doubt> out;
    for (const auto& column : shape.table->columns) {
        const int position = shape.position(column.attnum);
        if (position == 0 || column.generated || column.reg) continue;
        const auto& old = shape.types[position - 1];
        if (old == column.type || !exists(restoring, old)) continue;
        const auto text = stored(shape, column.attnum);
        auto now = column;
        now.name = "v";
        const auto back =
            schema::filled(kThereAndBack, {{"written", schema::to_text(now, "a")},
                                           {"old", old},
                                           {"read", schema::from_text(column, text)}});
        const bool by_cast = !shape.readings[position - 1].from.empty();
        const auto raw = by_cast ? "i.payload[" + to_string(position) + "]" : text;
        out.push_back(
            {column.name, text, is_bits(old) ? text + " IS NOT NULL" : schema::differ(raw, back)});
    }
    return out;
}

// What the type is of, under domains, in arrays and ranges.
constexpr const char* kElement = R"((WITH RECURSIVE u(oid, depth) AS (
    SELECT {type}::pg_catalog.oid, 0
    UNION ALL
    SELECT n.oid, u.depth OPERATOR(pg_catalog.+) 1
    FROM u
    JOIN pg_catalog.pg_type t ON t.oid OPERATOR(pg_catalog.=) u.oid
    CROSS JOIN LATERAL (
      SELECT CASE WHEN t.typtype OPERATOR(pg_catalog.=) 'd' THEN t.typbasetype
        WHEN t.typcategory OPERATOR(pg_catalog.=) 'A' THEN t.typelem
        ELSE (
          SELECT r.rngsubtype FROM pg_catalog.pg_range r
          WHERE r.rngtypid OPERATOR(pg_catalog.=) t.oid
            OR r.rngmultitypid OPERATOR(pg_catalog.=) t.oid) END) n(oid)
    WHERE n.oid OPERATOR(pg_catalog.<>) 0)
  SELECT u.oid FROM u ORDER BY u.depth DESC LIMIT 1))";
constexpr const char* kStableCast = R"(SELECT EXISTS (
  SELECT FROM pg_catalog.pg_cast k
  JOIN pg_catalog.pg_proc p ON p.oid OPERATOR(pg_catalog.=) k.castfunc
    AND p.provolatile OPERATOR(pg_catalog.=) 's'
  WHERE k.oid OPERATOR(pg_catalog.<) 16384
    AND k.castsource OPERATOR(pg_catalog.=) {old}
    AND k.casttarget OPERATOR(pg_catalog.=) {now}))";

// Casts of PostgreSQL's own between the types, or what they are of, that hang on the time zone.
bool by_time_zone(RestoreContext& restoring, const std::string& old, const schema::Column& now) {
    const auto element = [](const std::string& oid) {
        return schema::filled(kElement, {{"type", oid}});
    };
    const auto sql = schema::filled(
        kStableCast, {{"old", element("pg_catalog.to_regtype(" + literal(old) + ")")},
                      {"now", element(to_string(now.base_oid))}});
    return restoring.exec(sql).boolean(0, 0);
}

// Which time zone it was changed under is not known.
std::vector<Doubt> moved_in_time(RestoreContext& restoring, const Shape& shape) {
    std::vector<Doubt> out;
    for (const auto& column : shape.table->columns) {
        const int position = shape.position(column.attnum);
        if (position == 0 || column.generated) continue;
        const auto& old = shape.types[position - 1];
        if (old == column.type || !exists(restoring, old) || !by_time_zone(restoring, old, column))
            continue;
        const auto text = stored(shape, column.attnum);
        out.push_back({column.name, text, text + " IS NOT NULL"});
    }
    return out;
}

// The doubt that each column's reading leaves, if any.
std::vector<Doubt> each_reading(
    const Shape& shape,
    const std::function<std::string(const schema::Reading&, const schema::Column&)>& bad) {
    std::vector<Doubt> out;
    for (std::size_t i = 0; i < shape.attnums.size(); ++i) {
        const auto* column = shape.table->column(shape.attnums[i]);
        if (!column || column->generated) continue;
        const auto text = "i.payload[" + to_string(i + 1) + "]";
        const auto doubt = bad(shape.readings[i], *column);
        if (!doubt.empty()) out.push_back({column->name, text, doubt});
    }
    return out;
}

std::vector<Doubt> dropped_fields(const Shape& shape) {
    return each_reading(shape, [&](const auto& reading, const auto& column) -> std::string {
        if (reading.dropped.empty()) return "";
        const int position = shape.position(column.attnum);
        return schema::held_dropped(reading, "i.payload[" + to_string(position) + "]");
    });
}

std::vector<Doubt> of_other_parts(const Shape& shape) {
    return each_reading(shape, [&](const auto& reading, const auto& column) -> std::string {
        const auto text = stored(shape, column.attnum);
        if (reading.doubtful) return text + " IS NOT NULL";
        if (!reading.retyped) return "";
        auto now = column;
        now.name = "v";
        return schema::differ(text, schema::filled("(SELECT {written} FROM (SELECT {read} AS v) a)",
                                                   {{"written", schema::to_text(now, "a")},
                                                    {"read", schema::from_text(column, text)}}));
    });
}

constexpr const char* kFailing = R"(SELECT * FROM (
    SELECT i.object_id, ARRAY[pg_catalog.left({text}, {longest})], i.group_id, i.ordinal,
      pg_catalog.left({schema}.cast_error({text}, {type}), {longest}) AS error
    FROM {items} i OFFSET 0) f
  WHERE f.error IS NOT NULL{limit})";
constexpr const char* kWithoutValue = R"(SELECT i.object_id, ARRAY[NULL]::pg_catalog.text[],
    i.group_id, i.ordinal
  FROM {items} i
  WHERE {text} IS NULL{limit})";

}  // namespace

std::vector<Conflict> find_losses(RestoreContext& restoring) {
    std::vector<Conflict> out;
    restoring.result.lost.clear();
    for (const auto& [id, shape] : restoring.shapes) {
        if (shape.count == 0 || shape.table == nullptr) continue;
        tell_omitted(restoring, shape);
        judge(restoring, shape, dropped(shape), out, "the column was dropped and held a value");
        judge(restoring, shape, narrowed(restoring, shape), out,
              "the column's type changed and would alter the value");
        judge(restoring, shape, moved_in_time(restoring, shape), out,
              "the column's type changed under a time zone that is not known; in UTC the value "
              "may be another");
        judge(restoring, shape, dropped_fields(shape), out,
              "an attribute of the column's type was dropped and held a value");
        judge(restoring, shape, of_other_parts(shape), out,
              "what the column's type is made of changed and may alter the value");
    }
    return out;
}

std::vector<Conflict> find_failing_casts(RestoreContext& restoring) {
    std::vector<Conflict> out;
    for (const auto& [id, shape] : restoring.shapes) {
        if (shape.count == 0 || shape.table == nullptr) continue;
        for (const auto& [position, column] : suspects(shape)) {
            const auto found =
                restoring.exec(filled(kFailing, restoring.trash_schema,
                                      {{"text", stored_at(shape, position, "i.payload")},
                                       {"longest", to_string(kLongestShown)},
                                       {"type", literal(column->type)},
                                       {"items", source(restoring, shape)},
                                       {"limit", limit()}}));
            auto like = changed(shape, "");
            like.columns = {column->name};
            like.choices = {Choice::kSet};
            const auto from = out.size();
            append(out, like, found);
            for (int row = 0; row < found.rows(); ++row)
                out[from + row].detail = found.text(row, 4);
        }
    }
    return out;
}

// Texts alone are looked at: rows with values that cannot be cast are no exception.
std::vector<Conflict> find_missing_values(RestoreContext& restoring) {
    std::vector<Conflict> out;
    const bool guarded = std::exchange(restoring.guard_casts, false);
    for (const auto& [id, shape] : restoring.shapes) {
        if (shape.count == 0 || shape.table == nullptr) continue;
        for (const auto& column : shape.table->columns) {
            if (!column.not_null || column.generated) continue;
            const bool known = shape.position(column.attnum) != 0;
            if (!known && column.has_default) continue;
            auto like =
                changed(shape, known ? "the column must not be null now"
                                     : "the column is new, must not be null and has no default");
            like.columns = {column.name};
            like.choices = {Choice::kSet};
            if (!known && shape.count > 1) {
                out.push_back(like);
                continue;
            }
            append(out, like,
                   restoring.exec(
                       schema::filled(kWithoutValue, {{"items", source(restoring, shape)},
                                                      {"text", stored(shape, column.attnum)},
                                                      {"limit", limit()}})));
        }
    }
    restoring.guard_casts = guarded;
    return out;
}

std::vector<Conflict> find_missing_tables(const RestoreContext& restoring) {
    std::vector<Conflict> out;
    for (const auto& [id, shape] : restoring.shapes) {
        if (shape.count > 0 && shape.table == nullptr) {
            out.push_back(changed(shape, "the table was dropped"));
        }
    }
    return out;
}

}  // namespace trashd::trash
