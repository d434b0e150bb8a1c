// Members that go back with other values than they had. Their items get these values, in a form of
// their own in which the columns are as the table has them today, at ordinals of their own; what
// refers to a key that was set gets the new one.
#include <algorithm>

#include "cascade/predicates.hpp"
#include "schema/catalog/declared_reference.hpp"
#include "schema/catalog/value.hpp"
#include "schema/error.hpp"
#include "schema/text.hpp"
#include "trash/insert/links.hpp"
#include "trash/model/options.hpp"
#include "trash/restore/choices.hpp"
#include "trash/store/sql.hpp"

namespace trashd::trash {
namespace {

using schema::ForeignKey;
using schema::join;
using schema::literal;
using schema::Param;
using schema::quoted;
using schema::Table;
using std::to_string;
using Columns = std::vector<const schema::Column*>;

// Items of one group and one form.
struct Items {
    int shape;
    long long group;
    std::vector<long long> ordinals;
};
using ItemsByForm = std::map<std::pair<int, long long>, Items>;  // by form and group

// Columns and the text that each gets.
struct Values {
    Columns columns;
    std::vector<Param> texts;
};

// Of a row, by attnum, the text of columns that others refer to: before and after.
struct KeyChange {
    const Table* table;
    std::vector<int> changed;  // attnums
    std::map<int, Param> was, is;
};

std::string numbers(const std::vector<long long>& all) {
    std::vector<Param> out;
    for (const auto one : all) out.emplace_back(to_string(one));
    return schema::array_literal(out);
}

int form_of(RestoreContext& restoring, int base, const Columns& columns) {
    std::vector<int> attnums;
    for (const auto* column : columns) attnums.push_back(column->attnum);
    auto& forms = restoring.chosen.forms;
    const auto known = forms.find({base, attnums});
    if (known != forms.end()) return known->second;
    const int id = -1 - static_cast<int>(forms.size());
    Shape form = restoring.shapes.at(base);
    form.ranges.clear();
    form.count = 0;
    for (const auto* column : columns) as_today(form, *column);
    restoring.shapes.emplace(id, std::move(form));
    forms.emplace(std::pair{base, std::move(attnums)}, id);
    return id;
}

long long next_ordinal(const RestoreContext& restoring, long long group) {
    long long next = kFirstChanged;
    for (const auto& [was, now] : restoring.chosen.now)
        if (now.group == group) next = std::max(next, now.ordinal + 1);
    for (const auto& [id, shape] : restoring.shapes)
        for (const auto& range : shape.ranges)
            if (range.group == group) next = std::max(next, range.last + 1);
    return next;
}

void note_move(RestoreContext& restoring, const Place& from, const Place& to) {
    auto& chosen = restoring.chosen;
    const auto origin = as_trashed(restoring, from);
    chosen.was.erase(from);
    chosen.now[origin] = to;
    chosen.was[to] = origin;
}

// Answers the form in which the items are now.
int move(RestoreContext& restoring, const Items& items, const Values& values) {
    const int form = form_of(restoring, items.shape, values.columns);
    auto& to = restoring.shapes.at(form);
    const auto first = next_ordinal(restoring, items.group);
    std::vector<std::string> set = {
        "ordinal = (m.k OPERATOR(pg_catalog.+) $3::pg_catalog.int8)::pg_catalog.int4"};
    std::vector<Param> params = {to_string(items.group), numbers(items.ordinals),
                                 to_string(first - 1)};
    for (std::size_t k = 0; k < values.columns.size(); ++k) {
        params.push_back(values.texts[k]);
        const auto position = to_string(to.position(values.columns[k]->attnum));
        set.push_back(schema::filled("payload[{position}] = ${n}::pg_catalog.text",
                                     {{"position", position}, {"n", to_string(params.size())}}));
    }
    const auto sql = filled(
        R"(UPDATE {schema}.item i SET {assignments}
  FROM pg_catalog.unnest($2::pg_catalog.int4[]) WITH ORDINALITY m(o, k)
  WHERE i.group_id OPERATOR(pg_catalog.=) $1::pg_catalog.int8
    AND i.ordinal OPERATOR(pg_catalog.=) m.o)",
        restoring.trash_schema, {{"assignments", join(set, ", ")}});
    restoring.transaction.exec(sql, params);
    const auto count = static_cast<long long>(items.ordinals.size());
    for (long long k = 0; k < count; ++k)
        note_move(restoring, {items.group, items.ordinals[static_cast<std::size_t>(k)]},
                  {items.group, first + k});
    restoring.shapes.at(items.shape).count -= count;
    to.ranges.push_back({items.group, first, first + count - 1});
    to.count += count;
    return form;
}

std::string array_of(const std::vector<long long>& ordinals) {
    return literal(numbers(ordinals)) + "::pg_catalog.int4[]";
}

std::string of_items(const Items& items) {
    return schema::filled(
        R"( WHERE i.group_id OPERATOR(pg_catalog.=) {group}
    AND i.ordinal OPERATOR(pg_catalog.=) ANY ({ordinals})
  ORDER BY i.ordinal)",
        {{"group", to_string(items.group)}, {"ordinals", array_of(items.ordinals)}});
}

// A value that its type does not take any more is shown as the text that it was.
std::string shown(const RestoreContext& restoring, const Shape& shape,
                  const schema::Column& column) {
    if (shape.position(column.attnum) == 0) return "NULL::pg_catalog.json";
    return filled(
        R"(CASE WHEN {schema}.cast_error({text}, {type}) IS NULL
      THEN pg_catalog.to_json({value}) ELSE pg_catalog.to_json({text}) END)",
        restoring.trash_schema,
        {{"text", stored(shape, column.attnum)},
         {"type", literal(column.type)},
         {"value", value(shape, column)}});
}

// (object id, JSON of the columns) of the items, in the order of their ordinals.
schema::Result as_json(RestoreContext& restoring, const Items& items, const Columns& columns) {
    const auto& shape = restoring.shapes.at(items.shape);
    std::vector<std::string> rows;
    for (const auto* column : columns)
        rows.push_back("(" + literal(column->name) + ", " + shown(restoring, shape, *column) + ")");
    return restoring.exec(schema::filled(
        R"(SELECT i.object_id, (
      SELECT pg_catalog.json_object_agg(x.name, x.v) FROM (VALUES {rows}) x(name, v))
  FROM {items} i{of_items})",
        {{"rows", join(rows, ", ")},
         {"items", source(restoring, shape)},
         {"of_items", of_items(items)}}));
}

bool has_any(const Columns& columns, const std::vector<int>& attnums) {
    return std::ranges::any_of(columns, [&](const auto* column) {
        return std::ranges::count(attnums, column->attnum) > 0;
    });
}

// The ids of items whose key was set.
void rename(RestoreContext& restoring, const Items& items) {
    const auto& table = *restoring.shapes.at(items.shape).table;
    const auto id = schema::key_text(table, table.identity, "");
    restoring.exec(filled(
        R"(UPDATE {schema}.item i SET object_id = v.e1
  FROM {items} v
  WHERE i.group_id OPERATOR(pg_catalog.=) v.group_id
    AND i.ordinal OPERATOR(pg_catalog.=) v.ordinal
    AND v.group_id OPERATOR(pg_catalog.=) {group}
    AND v.ordinal OPERATOR(pg_catalog.=) ANY ({ordinals}))",
        restoring.trash_schema,
        {{"items", evaluated(restoring, table, {id}, {})},
         {"group", to_string(items.group)},
         {"ordinals", array_of(items.ordinals)}}));
}

std::vector<const ForeignKey*> keys_on(const RestoreContext& restoring, const Table& table,
                                       const std::vector<int>& changed) {
    std::vector<const ForeignKey*> out;
    for (const auto* key : restoring.catalog.referrers(table.oid)) {
        const bool named = std::ranges::any_of(key->parent_columns, [&](int attnum) {
            return std::ranges::count(changed, attnum) > 0;
        });
        if (named && key->child_part == 0 && !key->period) out.push_back(key);
    }
    return out;
}

// The texts of the columns that others refer to, for each of the items.
std::vector<std::map<int, Param>> key_texts(RestoreContext& restoring, const Items& items,
                                            const std::vector<int>& attnums) {
    const auto& shape = restoring.shapes.at(items.shape);
    std::vector<std::string> texts;
    for (const int attnum : attnums) texts.push_back(stored(shape, attnum));
    const auto found = restoring.exec(schema::filled("SELECT {texts} FROM {items} i{of_items}",
                                                     {{"texts", join(texts, ", ")},
                                                      {"items", source(restoring, shape)},
                                                      {"of_items", of_items(items)}}));
    std::vector<std::map<int, Param>> out;
    for (int row = 0; row < found.rows(); ++row) {
        auto& one = out.emplace_back();
        for (std::size_t k = 0; k < attnums.size(); ++k)
            one[attnums[k]] = found.value(row, static_cast<int>(k));
    }
    return out;
}

std::vector<int> referred_to(const RestoreContext& restoring, const Table& table,
                             const Columns& columns) {
    std::vector<int> changed;
    for (const auto* column : columns) changed.push_back(column->attnum);
    std::set<int> out;
    for (const auto* key : keys_on(restoring, table, changed))
        out.insert(key->parent_columns.begin(), key->parent_columns.end());
    return {out.begin(), out.end()};
}

void tell(RestoreContext& restoring, const schema::Result& was, const schema::Result& is,
          const Changed& like) {
    auto& all = restoring.result.changed;
    for (int row = 0; row < was.rows(); ++row) {
        if (all.size() >= static_cast<std::size_t>(kMostConflicts)) return;
        all.push_back(like);
        all.back().id = is.text(row, 0);
        all.back().was = was.text(row, 1);
        all.back().is = is.text(row, 1);
    }
}

// The items with other values, and what of that others refer to.
std::vector<KeyChange> change(RestoreContext& restoring, Items items, const Values& values) {
    const auto& table = *restoring.shapes.at(items.shape).table;
    std::ranges::sort(items.ordinals);
    Changed like{table.name, "", {}, "", ""};
    std::vector<int> changed;
    for (const auto* column : values.columns) like.columns.push_back(column->name);
    for (const auto* column : values.columns) changed.push_back(column->attnum);
    const auto attnums = referred_to(restoring, table, values.columns);
    const auto was = as_json(restoring, items, values.columns);
    const auto before = attnums.empty() ? std::vector<std::map<int, Param>>()
                                        : key_texts(restoring, items, attnums);
    Items moved{move(restoring, items, values), items.group, {}};
    const auto last = restoring.shapes.at(moved.shape).ranges.back();
    for (auto at = last.first; at <= last.last; ++at) moved.ordinals.push_back(at);
    const bool key = has_any(values.columns, table.identity);
    if (key) rename(restoring, moved);
    const auto is = as_json(restoring, moved, values.columns);
    tell(restoring, was, is, like);
    for (int row = 0; key && row < is.rows(); ++row)
        restoring.chosen.ids[as_trashed(
            restoring, {moved.group, moved.ordinals[static_cast<std::size_t>(row)]})] =
            is.text(row, 0);
    std::vector<KeyChange> out;
    if (attnums.empty()) return out;
    const auto after = key_texts(restoring, moved, attnums);
    for (std::size_t k = 0; k < before.size(); ++k)
        out.push_back({&table, changed, before[k], after[k]});
    return out;
}

// SQL: the row's old key, as the key's parent column has it, equals what the child has.
std::string refers(const RestoreContext& restoring, const KeyChange& change, const ForeignKey& key,
                   const std::function<std::string(const schema::Column&)>& child_value) {
    const auto& child = *restoring.catalog.table(key.child);
    std::vector<std::string> out;
    for (std::size_t k = 0; k < key.parent_columns.size(); ++k) {
        const auto& parent = *change.table->column(key.parent_columns[k]);
        const auto& old = change.was.at(parent.attnum);
        if (!old) return "false";
        const auto& column = *child.column(key.child_columns[k]);
        out.push_back(schema::same_value(
            key, k, schema::in_base_type(parent, schema::from_text(parent, literal(*old))),
            schema::in_base_type(column, child_value(column))));
    }
    return join(out, " AND ");
}

// The new key in the types of the child.
Values new_reference(RestoreContext& restoring, const KeyChange& change, const ForeignKey& key) {
    const auto& child = *restoring.catalog.table(key.child);
    Values out;
    for (std::size_t k = 0; k < key.parent_columns.size(); ++k) {
        const int attnum = key.parent_columns[k];
        if (std::ranges::count(change.changed, attnum) == 0) continue;
        const auto& parent = *change.table->column(attnum);
        auto column = *child.column(key.child_columns[k]);
        out.columns.push_back(child.column(key.child_columns[k]));
        const auto& text = change.is.at(attnum);
        column.name = "v";
        const auto sql =
            schema::filled("SELECT {text} FROM (SELECT ({value})::{type} AS v) a",
                           {{"text", schema::to_text(column, "a")},
                            {"value", text ? schema::from_text(parent, literal(*text)) : "NULL"},
                            {"type", column.type}});
        out.texts.push_back(text ? restoring.exec(sql).value(0, 0) : std::nullopt);
    }
    return out;
}

void add(ItemsByForm& all, int shape, const Place& place) {
    auto& items = all[{shape, place.group}];
    items.shape = shape;
    items.group = place.group;
    items.ordinals.push_back(place.ordinal);
}

void carry_to_members(RestoreContext& restoring, const KeyChange& changed, const ForeignKey& key,
                      std::vector<KeyChange>& more) {
    ItemsByForm found;
    for (const auto& [id, shape] : restoring.shapes) {
        if (shape.count == 0 || shape.table == nullptr || shape.relation != key.child) continue;
        const auto value_of = [&, shape = &shape](const schema::Column& column) {
            return value(*shape, column);
        };
        const auto rows = restoring.exec("SELECT i.group_id, i.ordinal FROM " +
                                         source(restoring, shape) + " i WHERE " +
                                         schema::both(refers(restoring, changed, key, value_of),
                                                      schema::binds(key, *shape.table, value_of)));
        for (int row = 0; row < rows.rows(); ++row)
            add(found, id, {rows.integer(row, 0), rows.integer(row, 1)});
    }
    if (found.empty()) return;
    const auto values = new_reference(restoring, changed, key);
    for (const auto& [at, items] : found)
        for (auto& one : change(restoring, items, values)) more.push_back(std::move(one));
}

// Of the key's links of a form to the old values of a parent.
constexpr const char* kCarryToLinks = R"(UPDATE {schema}.link l SET {assignments}
  WHERE l.group_id OPERATOR(pg_catalog.=) ANY (ARRAY[{groups}]::pg_catalog.int8[])
    AND l.shape OPERATOR(pg_catalog.=) {shape}
    AND {whole_key}
    AND {refers})";

// References from outside that the delete has cut are to be set back to the new key.
void carry_to_links(RestoreContext& restoring, const KeyChange& changed, const ForeignKey& key) {
    const auto values = new_reference(restoring, changed, key);
    const auto in_link = [](int attnum) { return "[" + place_in("l", attnum) + "]"; };
    std::vector<std::string> ids, set, whole;
    for (const auto& group : restoring.groups) ids.push_back(to_string(group.id));
    for (std::size_t k = 0; k < values.columns.size(); ++k)
        set.push_back("was" + in_link(values.columns[k]->attnum) + " = " +
                      (values.texts[k] ? literal(*values.texts[k]) : "NULL"));
    for (const int attnum : key.child_columns)
        whole.push_back("l.attnums OPERATOR(pg_catalog.@>) ARRAY[" + to_string(attnum) +
                        "]::pg_catalog.int2[]");
    for (const auto& [id, shape] : restoring.shapes) {
        if (id < 0 || shape.table == nullptr || shape.relation != key.child) continue;
        const auto was = [&, shape = &shape](const auto& column) {
            return read_value(*shape, column, "l.was" + in_link(column.attnum));
        };
        restoring.exec(filled(kCarryToLinks, restoring.trash_schema,
                              {{"assignments", join(set, ", ")},
                               {"groups", join(ids, ", ")},
                               {"shape", to_string(id)},
                               {"whole_key", join(whole, " AND ")},
                               {"refers", refers(restoring, changed, key, was)}}));
    }
}

// What refers to the keys that were set, and what refers to that.
void carry(RestoreContext& restoring, std::vector<KeyChange> changes) {
    for (std::size_t at = 0; at < changes.size(); ++at) {
        const auto one = changes[at];
        for (const auto* key : keys_on(restoring, *one.table, one.changed)) {
            carry_to_members(restoring, one, *key, changes);
            carry_to_links(restoring, one, *key);
        }
    }
}

std::string text_of(RestoreContext& restoring, const schema::Column& column,
                    const std::string& json, bool& null) {
    try {
        const auto sql = schema::filled(
            "SELECT {text} FROM pg_catalog.json_to_record($1::pg_catalog.json) AS v({name} {type})",
            {{"text", schema::to_text(column, "v")},
             {"name", quoted(column.name)},
             {"type", column.type}});
        const auto found = restoring.transaction.exec(sql, {json});
        null = found.null(0, 0);
        return std::string(found.text(0, 0));
    } catch (const Error& error) {
        if (!about_rows(error)) throw;
        throw Error(Code::kInvalid,
                    "the column '" + column.name + "' does not take the value in 'set'",
                    *error.sql());
    }
}

Values values_of(RestoreContext& restoring, const Table& table, const NewValues& given) {
    Values out;
    for (const auto& name : given.columns) {
        const auto* column = table.column(name);
        if (column == nullptr)
            throw Error(Code::kBadRequest,
                        "there is no column '" + name + "' in " + table.name.name + " to be set");
        if (column->generated)
            throw Error(Code::kBadRequest, "the database itself fills the column '" + name +
                                               "'; leave it out of 'set'");
        bool null = false;
        const auto text = text_of(restoring, *column, given.json, null);
        out.columns.push_back(column);
        out.texts.push_back(null ? Param() : Param(text));
    }
    return out;
}

ItemsByForm by_form(const std::vector<Found>& found) {
    ItemsByForm out;
    for (const auto& one : found) add(out, one.shape, one.place);
    return out;
}

constexpr const char* kMembers = R"(SELECT i.ordinal, i.object_id FROM {items} i
  WHERE i.group_id OPERATOR(pg_catalog.=) $1::pg_catalog.int8
    AND ($2::pg_catalog.text OPERATOR(pg_catalog.=) ''
      OR i.object_id OPERATOR(pg_catalog.=) $2::pg_catalog.text) ORDER BY 1)";

}  // namespace

void as_today(Shape& shape, const schema::Column& column) {
    int position = shape.position(column.attnum);
    if (position == 0) {
        shape.attnums.push_back(column.attnum);
        shape.names.push_back(column.name);
        shape.types.emplace_back();
        shape.generated.push_back(false);
        shape.readings.emplace_back();
        position = static_cast<int>(shape.attnums.size());
    }
    const auto at = static_cast<std::size_t>(position) - 1;
    shape.types[at] = column.type;
    shape.generated[at] = false;
    shape.readings[at] = {};
}

Place as_trashed(const RestoreContext& restoring, const Place& place) {
    const auto found = restoring.chosen.was.find(place);
    if (found != restoring.chosen.was.end()) return found->second;
    return {place.group, std::abs(place.ordinal)};
}

Place as_changed(const RestoreContext& restoring, const Place& place) {
    const auto found = restoring.chosen.now.find(place);
    if (found != restoring.chosen.now.end()) return found->second;
    const auto part = restoring.chosen.parts.find(place.group);
    const bool moved = part != restoring.chosen.parts.end() && part->second.going_moved;
    return {place.group, moved ? -place.ordinal : place.ordinal};
}

std::vector<Found> find_members(RestoreContext& restoring, const Member& member) {
    std::vector<Found> out;
    for (const auto& group : restoring.groups) {
        for (const auto& [id, shape] : restoring.shapes) {
            if (shape.count == 0 || shape.called() != member.table) continue;
            const auto rows = restoring.transaction.exec(
                schema::filled(kMembers, {{"items", source(restoring, shape)}}),
                {to_string(group.id), member.id});
            for (int row = 0; row < rows.rows(); ++row)
                out.push_back(
                    {{group.id, rows.integer(row, 0)}, id, std::string(rows.text(row, 1))});
        }
        if (!out.empty()) return out;
    }
    return out;
}

void set_values(RestoreContext& restoring) {
    std::vector<std::pair<const NewValues*, std::vector<Found>>> all;
    std::set<Place> named;
    for (const auto& given : restoring.options.choices.set) {
        all.emplace_back(&given, find_members(restoring, given.member));
        for (const auto& one : all.back().second)
            if (!named.insert(one.place).second)
                throw Error(Code::kBadRequest, "'set' names " + given.member.table.name + " " +
                                                   one.id +
                                                   " twice; name all of its values at once");
    }
    std::vector<KeyChange> changes;
    for (const auto& [given, found] : all)
        for (const auto& [at, items] : by_form(found)) {
            const auto* table = restoring.shapes.at(items.shape).table;
            if (table == nullptr) continue;
            const auto values = values_of(restoring, *table, *given);
            if (values.columns.empty()) continue;
            for (auto& one : change(restoring, items, values)) changes.push_back(std::move(one));
        }
    carry(restoring, std::move(changes));
}

}  // namespace trashd::trash
