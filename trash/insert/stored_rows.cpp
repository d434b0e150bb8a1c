// Reads which items a group has and in which shape, and writes the SQL that makes values of them.
// The rows themselves stay in the server.
#include <algorithm>
#include <array>

#include "cascade/predicates.hpp"
#include "schema/catalog/catalog.hpp"
#include "schema/catalog/value.hpp"
#include "schema/context.hpp"
#include "schema/error.hpp"
#include "schema/identifier.hpp"
#include "schema/session/role.hpp"
#include "schema/session/transaction.hpp"
#include "schema/sqlstate.hpp"
#include "schema/text.hpp"
#include "trash/insert/restore_context.hpp"
#include "trash/model/errors.hpp"
#include "trash/model/options.hpp"
#include "trash/store/sql.hpp"

namespace trashd::trash {
namespace {

using schema::quoted;
using std::to_string;

// Groups of many are of the same few forms.
bool knows_shapes(const RestoreContext& restoring, const GroupRow& group) {
    const auto known = [&](int shape) { return restoring.shapes.contains(shape); };
    return group.links == 0 && known(group.root_shape) && std::ranges::all_of(group.shapes, known);
}

void read_shapes(RestoreContext& restoring, const GroupRow& group) {
    if (knows_shapes(restoring, group)) return;
    for (auto& form : forms_of(restoring.transaction.connection(), restoring.catalog,
                               restoring.trash_schema, group)) {
        // made since the catalog was read, and trashed by another instance; or come from elsewhere
        if ((form.table == nullptr && form.there) || !form.native) throw StaleCatalog();
        const int id = form.id;
        restoring.shapes.emplace(id, Shape{std::move(form), {}, 0});
    }
}

// The text of the expression or stored column that w has at the position.
std::string text_at(const Shape& shape, const std::vector<int>& wanted, std::size_t at) {
    if (wanted[at] != 0) return stored(shape, wanted[at]);
    return schema::filled(
        R"(CASE WHEN pg_catalog.num_nulls({e}) OPERATOR(pg_catalog.=) 0
      THEN pg_catalog.format('%s', {e}) END)",
        {{"e", "e.e" + to_string(at + 1)}});
}

// Ordinals of a group, all as SQL.
struct Between {
    std::string group, first, last;
};

// No index on shape may serve: before the first ANALYZE it seems to find few rows.
constexpr const char* kItems = R"((SELECT group_id, ordinal, object_id, payload FROM {items}
  WHERE group_id OPERATOR(pg_catalog.=) {group}
    AND ordinal OPERATOR(pg_catalog.>=) {first} AND ordinal OPERATOR(pg_catalog.<=) {last}
    AND shape OPERATOR(pg_catalog.+) 0 OPERATOR(pg_catalog.=) {shape}{guard}))";

std::string items(const RestoreContext& restoring, const Shape& shape, const Between& between,
                  const std::string& guard) {
    return schema::filled(kItems, {{"items", restoring.items()},
                                   {"group", between.group},
                                   {"first", between.first},
                                   {"last", between.last},
                                   {"shape", to_string(shape.id)},
                                   {"guard", guard}});
}

std::string as_table(const Shape& shape) {
    std::vector<std::string> columns;
    for (const auto& column : shape.table->columns) {
        columns.push_back(value(shape, column) + " AS " + quoted(column.name));
    }
    return "(SELECT " + schema::join(columns, ", ") + ") AS " + quoted(shape.table->name.name);
}

}  // namespace

void RestoreContext::as_asker(const std::function<void()>& work) {
    if (options.role)
        schema::as_role(transaction.connection(), options.role->name, work);
    else
        work();
}

std::string RestoreContext::items() const {
    return options.role ? quoted({options.role->schema, "item"}) : own("item");
}

std::string RestoreContext::own(const std::string& name) const {
    return quoted({trash_schema, name});
}

void add_group(RestoreContext& restoring, long long id) {
    add_group(restoring,
              group_with_id(restoring.transaction.connection(), restoring.trash_schema, id));
}

void add_ranges(RestoreContext& restoring, const GroupRow& group, bool moved) {
    long long next = 1;
    for (std::size_t i = 0; i < group.shapes.size(); ++i) {
        const auto first = next, end = next += group.layout[i];
        if (group.counts[i] == 0) continue;
        auto& shape = restoring.shapes.at(group.shapes[i]);
        auto* last = shape.ranges.empty() ? nullptr : &shape.ranges.back();
        if (last != nullptr && last->group == group.id && last->last + 1 == first) {
            last->last = end - 1;
        } else if (moved) {
            shape.ranges.push_back({group.id, 1 - end, -first});
        } else {
            shape.ranges.push_back({group.id, first, end - 1});
        }
        shape.count += group.counts[i];
    }
}

void add_group(RestoreContext& restoring, GroupRow group) {
    read_shapes(restoring, group);
    add_ranges(restoring, group, false);
    restoring.groups.push_back(std::move(group));
}

std::vector<const schema::Table*> tables_of(const RestoreContext& restoring) {
    std::vector<const schema::Table*> out;
    for (const auto& [id, shape] : restoring.shapes) {
        if (shape.count == 0 || shape.table == nullptr) continue;
        if (std::ranges::find(out, shape.table) == out.end()) out.push_back(shape.table);
    }
    return out;
}

std::vector<const schema::Table*> concerned(const RestoreContext& restoring) {
    std::map<schema::Oid, const schema::Table*> out;
    for (const auto& [id, shape] : restoring.shapes) {
        if (shape.table != nullptr) out[shape.relation] = shape.table;
    }
    std::vector<const schema::Table*> tables;
    for (const auto& [oid, table] : out) tables.push_back(table);
    return tables;
}

std::vector<const Shape*> shapes_of(const RestoreContext& restoring, const schema::Table& table) {
    std::vector<const Shape*> out;
    for (const auto& [id, shape] : restoring.shapes) {
        if (shape.count > 0 && shape.table == &table) out.push_back(&shape);
    }
    return out;
}

namespace {

constexpr std::size_t kFewRanges = 4;  // that a statement names each by itself

// Of many ranges alike: the statement does not grow with them, only its parameters do.
std::string items_of_ranges(const RestoreContext& restoring, const Shape& shape,
                            const std::string& guard) {
    std::vector<schema::Param> groups, firsts, lasts;
    for (const auto& range : shape.ranges) {
        groups.emplace_back(to_string(range.group));
        firsts.emplace_back(to_string(range.first));
        lasts.emplace_back(to_string(range.last));
    }
    const auto array = [](const std::vector<schema::Param>& numbers) {
        return schema::literal(schema::array_literal(numbers));
    };
    return schema::filled(R"((SELECT i.group_id, i.ordinal, i.object_id, i.payload
  FROM ROWS FROM (pg_catalog.unnest({groups}::pg_catalog.int8[]),
    pg_catalog.unnest({firsts}::pg_catalog.int4[]),
    pg_catalog.unnest({lasts}::pg_catalog.int4[])) r(of_group, first, last)
  JOIN {items} i ON i.group_id OPERATOR(pg_catalog.=) r.of_group
    AND i.ordinal OPERATOR(pg_catalog.>=) r.first AND i.ordinal OPERATOR(pg_catalog.<=) r.last
  WHERE i.shape OPERATOR(pg_catalog.+) 0 OPERATOR(pg_catalog.=) {shape}{guard}))",
                          {{"groups", array(groups)},
                           {"firsts", array(firsts)},
                           {"lasts", array(lasts)},
                           {"items", restoring.items()},
                           {"shape", to_string(shape.id)},
                           {"guard", guard}});
}

}  // namespace

std::string source(const RestoreContext& restoring, const Shape& shape) {
    std::vector<std::string> parts;
    std::string guard;
    if (restoring.guard_casts) {
        for (const auto& [position, column] : suspects(shape)) {
            guard +=
                filled(" AND {schema}.cast_error({text}, {type}) IS NULL", restoring.trash_schema,
                       {{"text", stored_at(shape, position, "payload")},
                        {"type", schema::literal(column->type)}});
        }
        // the casts must not be tried before the guard has spoken
        if (!guard.empty()) guard += " OFFSET 0";
    }
    if (shape.ranges.size() > kFewRanges) return items_of_ranges(restoring, shape, guard);
    for (const auto& range : shape.ranges) {
        parts.push_back(
            items(restoring, shape,
                  {to_string(range.group), to_string(range.first), to_string(range.last)}, guard));
    }
    return "(" + schema::join(parts, " UNION ALL ") + ")";
}

std::string source_of_one(const RestoreContext& restoring, const Shape& shape) {
    return source_between(restoring, shape, "$1::pg_catalog.int8",
                          {"$2::pg_catalog.int4", "$3::pg_catalog.int4"});
}

std::string source_between(const RestoreContext& restoring, const Shape& shape,
                           const std::string& group,
                           const std::pair<std::string, std::string>& ordinals) {
    return items(restoring, shape, {group, ordinals.first, ordinals.second}, "");
}

std::string stored(const Shape& shape, int attnum) {
    const int position = shape.position(attnum);
    return position == 0 ? "NULL::pg_catalog.text" : stored_at(shape, position, "i.payload");
}

std::string stored_at(const Shape& shape, int position, const std::string& payload) {
    return schema::read_today(shape.readings[position - 1],
                              payload + "[" + to_string(position) + "]");
}

std::string value(const Shape& shape, const schema::Column& column) {
    return schema::from_text(column, stored(shape, column.attnum));
}

namespace {

constexpr const char* kEvaluated = R"(SELECT i.group_id, i.ordinal, i.object_id,
    ARRAY[{words}]::pg_catalog.text[] AS w, e.*
  FROM {items} i
  CROSS JOIN LATERAL (SELECT {computed} FROM {row}) e)";

}  // namespace

std::string evaluated(const RestoreContext& restoring, const schema::Table& table,
                      const std::vector<std::string>& expressions, const std::vector<int>& wanted) {
    std::vector<std::string> parts, computed;
    for (std::size_t i = 0; i < expressions.size(); ++i) {
        computed.push_back("(" + expressions[i] + ") AS e" + to_string(i + 1));
    }
    for (const auto* shape : shapes_of(restoring, table)) {
        std::vector<std::string> words;
        for (std::size_t i = 0; i < wanted.size(); ++i) words.push_back(text_at(*shape, wanted, i));
        parts.push_back(schema::filled(kEvaluated, {{"words", schema::join(words, ", ")},
                                                    {"items", source(restoring, *shape)},
                                                    {"computed", schema::join(computed, ", ")},
                                                    {"row", as_table(*shape)}}));
    }
    return "(" + schema::join(parts, " UNION ALL ") + ")";
}

std::vector<std::pair<int, const schema::Column*>> suspects(const Shape& shape) {
    std::vector<std::pair<int, const schema::Column*>> out;
    if (shape.table == nullptr) return out;
    for (const auto& column : shape.table->columns) {
        const int position = shape.position(column.attnum);
        if (position == 0 || column.generated) continue;
        if (column.user_type || column.reg || column.type != shape.types[position - 1]) {
            out.emplace_back(position, &column);
        }
    }
    return out;
}

void append(std::vector<Conflict>& out, const Conflict& like, const schema::Result& rows) {
    for (int row = 0; row < rows.rows(); ++row) {
        auto conflict = like;
        conflict.id = rows.text(row, 0);
        conflict.values = schema::parse_array(rows.text(row, 1));
        conflict.group = rows.integer(row, 2);
        conflict.ordinal = rows.integer(row, 3);
        out.push_back(std::move(conflict));
    }
}

namespace {

// The classes of what the values of a row may cause.
bool of_row_class(const Error& error) {
    constexpr std::array kClasses = {
        sqlstate::kDataExceptions,       sqlstate::kIntegrityViolations,
        sqlstate::kTriggeredDataChanges, sqlstate::kInvalidSchemaNames,
        sqlstate::kSyntaxOrAccess,       sqlstate::kCheckOptionViolations,
        sqlstate::kProgramLimits,        sqlstate::kPlpgsqlErrors};
    return std::ranges::any_of(kClasses, [&](auto kind) { return error.of_class(kind); });
}

}  // namespace

bool about_rows(const Error& error) {
    if (!error.sql() || schema::is_unwritable(error)) return false;
    // what a trigger raises may have any SQLSTATE
    const auto frames = schema::frames_of(*error.sql());
    if (!frames.empty() && frames.front().by_author) return true;
    const bool of_rows = !frames.empty() || of_row_class(error);
    return of_rows && error.code() != Code::kUnavailable &&
           !error.is(sqlstate::kInsufficientPrivilege);
}

bool about_rows_or_triggers(const RestoreContext& restoring, const Error& error) {
    const bool may_lack = !restoring.options.role && error.is(sqlstate::kInsufficientPrivilege);
    return about_rows(error) || (may_lack && !schema::frames_of(*error.sql()).empty());
}

}  // namespace trashd::trash
