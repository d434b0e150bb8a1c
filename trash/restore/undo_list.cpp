// What a restore keeps of the rows that it has brought back, so that it can be undone: their keys
// and what they are like now. Kept under the entry of the ledger that was written last.
#include <algorithm>

#include "schema/catalog/catalog.hpp"
#include "schema/catalog/value.hpp"
#include "schema/identifier.hpp"
#include "schema/text.hpp"
#include "trash/insert/restore_context.hpp"
#include "trash/restore/choices.hpp"
#include "trash/restore/undo_restore.hpp"
#include "trash/store/own_statements.hpp"
#include "trash/store/sql.hpp"

namespace trashd::trash {
namespace {

using schema::Param;
using schema::Statement;
using std::to_string;

// The text of a value of such types alone is the same as long as the value is.
bool is_of_today(const Shape& shape) {
    const auto columns = shape.table->kept_columns();
    if (shape.attnums.size() != columns.size()) return false;
    for (std::size_t k = 0; k < columns.size(); ++k)
        if (shape.attnums[k] != columns[k]->attnum || shape.types[k] != columns[k]->type ||
            columns[k]->user_type || columns[k]->reg)
            return false;
    return true;
}

// A delete would take these rows just as their items are.
bool came_back_as_kept(const RestoreContext& restoring, const Shape& shape) {
    return shape.id > 0 && is_of_today(shape) && !runs_code(restoring) && !restoring.copy;
}

// Rows without a key cannot be looked at: where a trigger has changed one it is no more as it is
// said to have come back, and is not taken again.
bool as_kept_at_best(const Shape& shape) {
    return shape.id > 0 && is_of_today(shape) && !comparable(shape);
}

// The number of the form in the trash; of items that were changed, of another one of their table.
int number_of(const RestoreContext& restoring, const Shape& shape) {
    if (shape.id > 0) return shape.id;
    for (const auto& [id, other] : restoring.chosen.shapes)
        if (id > 0 && other.relation == shape.relation) return id;
    return shape.id;
}

constexpr const char* kKeepForm = R"(INSERT INTO {schema}.undo_item
    (entry, shape, first, ordinals, ids, hashes)
  SELECT {entry}, {shape}, pg_catalog.min(o.ordinal),
    pg_catalog.array_agg(o.ordinal), pg_catalog.array_agg(o.id), pg_catalog.array_agg(o.hash)
  FROM (
    SELECT COALESCE(m.was, pg_catalog.abs(i.ordinal)) AS ordinal, {id} AS id, {hash} AS hash
    FROM {rows}
    LEFT JOIN ROWS FROM (pg_catalog.unnest($1::pg_catalog.int4[]),
      pg_catalog.unnest($2::pg_catalog.int4[])) m(now, was)
      ON m.now OPERATOR(pg_catalog.=) i.ordinal
    WHERE i.group_id OPERATOR(pg_catalog.=) {group}) o
  GROUP BY o.ordinal OPERATOR(pg_catalog./) 1000)";

// Where the rows of a form are looked at, and what is kept of each.
struct Look {
    std::string rows, id, hash;
};

Look look_of(const RestoreContext& restoring, const Shape& shape) {
    const auto items = source(restoring, shape) + " i";
    if (came_back_as_kept(restoring, shape) || as_kept_at_best(shape))
        return {items, "i.object_id", hash_of("i.payload")};
    if (!comparable(shape)) return {items, "i.object_id", "NULL::pg_catalog.int8"};
    const auto& table = *shape.table;
    return {items + " JOIN " + its_row(shape), schema::key_text(table, table.identity, "t"),
            hash_of(schema::payload(table, "t"))};
}

Statement keep_form(const RestoreContext& restoring, const GroupRow& group, const Shape& shape) {
    std::vector<Param> now, was;
    for (const auto& [place, before] : restoring.chosen.was) {
        if (place.group != group.id) continue;
        now.emplace_back(to_string(place.ordinal));
        was.emplace_back(to_string(before.ordinal));
    }
    const auto look = look_of(restoring, shape);
    return {filled(kKeepForm, restoring.trash_schema,
                   {{"entry", last_entry(restoring.trash_schema)},
                    {"shape", to_string(number_of(restoring, shape))},
                    {"id", look.id},
                    {"hash", look.hash},
                    {"rows", look.rows},
                    {"group", to_string(group.id)}}),
            {schema::array_literal(now), schema::array_literal(was)},
            false};
}

bool has_items_of(const Shape& shape, const GroupRow& group) {
    return shape.count > 0 && std::ranges::count(shape.ranges, group.id, &Range::group) > 0;
}

}  // namespace

bool all_came_back_plain(const RestoreContext& restoring) {
    return !chooses(restoring) && std::ranges::all_of(restoring.shapes, [&](const auto& shape) {
        return shape.second.count == 0 || came_back_as_kept(restoring, shape.second);
    });
}

bool came_back_plain(const RestoreContext& restoring, const GroupRow& group) {
    if (chooses(restoring)) return false;
    for (const auto& [id, shape] : restoring.shapes)
        if (has_items_of(shape, group) && !came_back_as_kept(restoring, shape)) return false;
    return true;
}

std::vector<Statement> keep_many_for_undo(const RestoreContext& restoring,
                                          const std::vector<GroupRow>& groups) {
    const auto keep = [&](const char* text, const char* hashed) {
        return Statement{filled(text, restoring.trash_schema, {{"hash", hash_of(hashed)}}),
                         {ids_of(groups)}};
    };
    return {keep(kKeepLinksOfMany, "l.key"), keep(kKeepItemsOfMany, "i.payload")};
}

std::vector<Statement> keep_for_undo(const RestoreContext& restoring, const GroupRow& group) {
    const Statement links = {
        filled(kKeepLinks, restoring.trash_schema,
               {{"entry", last_entry(restoring.trash_schema)}, {"hash", hash_of("l.key")}}),
        {to_string(group.id)}};
    std::vector<Statement> all;
    if (group.links > 0) all.push_back(links);
    if (came_back_plain(restoring, group)) {
        all.push_back({filled(group.size == 1 ? kKeepItem : kKeepItems, restoring.trash_schema,
                              {{"entry", last_entry(restoring.trash_schema)},
                               {"group", "$1::pg_catalog.int8"},
                               {"hash", hash_of("i.payload")}}),
                       {to_string(group.id)}});
        return all;
    }
    for (const auto& [id, shape] : restoring.shapes)
        if (has_items_of(shape, group)) all.push_back(keep_form(restoring, group, shape));
    return all;
}

}  // namespace trashd::trash
