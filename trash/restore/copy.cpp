// A copy of a group beside whatever is live. Its items are copied into a group of their own, which
// is gone at the end; there keys that the database makes are made anew, references within the group
// follow them, and then it is restored like any other. The group itself stays in the trash.
#include <algorithm>
#include <deque>

#include "cascade/predicates.hpp"
#include "schema/catalog/value.hpp"
#include "schema/error.hpp"
#include "schema/sqlstate.hpp"
#include "schema/text.hpp"
#include "trash/restore/choices.hpp"
#include "trash/restore/steps.hpp"
#include "trash/restore/undo_restore.hpp"
#include "trash/store/item_id.hpp"
#include "trash/store/sql.hpp"

namespace trashd::trash {
namespace {

using schema::Column;
using schema::ForeignKey;
using schema::join;
using schema::Param;
using schema::quoted;
using schema::Table;
using std::to_string;

constexpr schema::Oid kUuid = 2950;
// How often a key is followed, where columns refer to each other in a circle.
constexpr int kRounds = 4;
constexpr std::size_t kMostCopied = 10000;  // rows that one answer lists

// The group's forms as they lie in the trash, of the group that stays there.
RestoreContext originals(const RestoreContext& restoring) {
    auto out = restoring;
    out.groups = {restoring.copy->group};
    out.shapes = restoring.copy->shapes;
    out.chosen = {};
    out.guard_casts = true;
    return out;
}

GroupRow copied_group(RestoreContext& restoring, const GroupRow& group) {
    const auto uuid = new_group_id();
    const auto made = restoring.transaction.exec(
        schema::filled(R"(INSERT INTO {schema}.trash_group (uuid, created_at, deleted_by, reason,
    root_shape, root_object, shapes, counts, size, links, layout, roots, tenant)
  SELECT $1::pg_catalog.uuid, created_at, deleted_by, reason, root_shape, root_object, shapes,
    counts, size, 0, layout, roots, tenant
  FROM {schema}.trash_group WHERE id OPERATOR(pg_catalog.=) $2::pg_catalog.int8
  RETURNING id)",
                       {{"schema", quoted(restoring.trash_schema)}}),
        {uuid, to_string(group.id)});
    auto out = group;
    out.id = made.integer(0, 0);
    out.links = 0;
    restoring.copy->uuid = uuid;
    restoring.transaction.exec(
        schema::filled(R"(INSERT INTO {schema}.item (group_id, ordinal, shape, object_id, payload)
  SELECT $1::pg_catalog.int8, ordinal, shape, object_id, payload FROM {schema}.item
  WHERE group_id OPERATOR(pg_catalog.=) $2::pg_catalog.int8)",
                       {{"schema", quoted(restoring.trash_schema)}}),
        {to_string(out.id), to_string(group.id)});
    return out;
}

// What refers takes the value of what it refers to.
bool refers(const RestoreContext& restoring, const Table& table, int attnum) {
    return std::ranges::any_of(restoring.catalog.references(table.oid), [&](const auto* key) {
        return std::ranges::count(key->child_columns, attnum) > 0;
    });
}

bool in_key(const Table& table, int attnum) {
    return std::ranges::count(table.identity, attnum) > 0;
}

bool in_unique(const Table& table, int attnum) {
    return std::ranges::any_of(table.uniques, [&](const auto& index) {
        return !index.temporal && std::ranges::count(index.attnums, attnum) > 0;
    });
}

// SQL that makes a value of the column; empty: nothing does.
std::string maker_of(RestoreContext& restoring, const Table& table, const Column& column) {
    const auto found = restoring.transaction.exec(
        R"(SELECT pg_catalog.pg_get_expr(d.adbin, d.adrelid), s.name,
    s.name IS NULL OR pg_catalog.has_sequence_privilege(s.name::pg_catalog.regclass, 'USAGE')
  FROM pg_catalog.pg_attribute a
    LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid OPERATOR(pg_catalog.=) a.attrelid
      AND d.adnum OPERATOR(pg_catalog.=) a.attnum
    CROSS JOIN LATERAL (SELECT CASE WHEN a.attidentity OPERATOR(pg_catalog.<>) ''
      THEN pg_catalog.pg_get_serial_sequence($3, a.attname) END AS name) s
  WHERE a.attrelid OPERATOR(pg_catalog.=) $1::pg_catalog.oid
    AND a.attnum OPERATOR(pg_catalog.=) $2::pg_catalog.int2)",
        {to_string(table.oid), to_string(column.attnum), quoted(table.name)});
    if (found.rows() > 0 && !found.null(0, 1))
        return found.boolean(0, 2)
                   ? "pg_catalog.nextval(" + schema::literal(std::string(found.text(0, 1))) +
                         "::pg_catalog.regclass)"
                   : "";
    if (found.rows() > 0 && !found.null(0, 0)) return std::string(found.text(0, 0));
    const bool uuid = column.base_oid == kUuid && in_key(table, column.attnum);
    return uuid ? "pg_catalog.gen_random_uuid()" : "";
}

// A default that gives the same each time makes no key. Of sequences nothing is used up for that.
bool makes_new(RestoreContext& restoring, const Column& column, const std::string& maker) {
    for (const char* sure : {"nextval(", "pg_catalog.nextval(", "pg_catalog.gen_random_uuid("})
        if (maker.starts_with(sure)) return true;
    const auto value =
        schema::filled("(SELECT {text} FROM (SELECT ({maker})::{type} AS {column} OFFSET 0) v)",
                       {{"text", schema::to_text(column, "v")},
                        {"maker", maker},
                        {"type", column.type},
                        {"column", quoted(column.name)}});
    return restoring.exec("SELECT " + schema::differ(value, value)).boolean(0, 0);
}

struct Made {
    std::vector<Param> was, is;  // texts
};

// A value for each that the items have: what was alike stays alike.
Made make(RestoreContext& restoring, const Table& table, const Column& column,
          const std::string& maker) {
    std::vector<std::string> texts;
    for (const auto* shape : shapes_of(restoring, table))
        texts.push_back(schema::filled(
            "SELECT i.ordinal, {stored} AS old FROM {items} i",
            {{"stored", stored(*shape, column.attnum)}, {"items", source(restoring, *shape)}}));
    const auto sql = schema::filled(
        R"(SELECT v.old, {text}
  FROM (
    SELECT o.old, ({maker})::{type} AS {column}
    FROM (
      SELECT x.old FROM ({texts}) x
      WHERE x.old IS NOT NULL
      GROUP BY 1 ORDER BY pg_catalog.min(x.ordinal)) o
    OFFSET 0) v)",
        {{"text", schema::to_text(column, "v")},
         {"maker", maker},
         {"type", column.type},
         {"column", quoted(column.name)},
         {"texts", join(texts, " UNION ALL ")}});
    const auto found = restoring.exec(sql);
    Made out;
    for (int row = 0; row < found.rows(); ++row) {
        out.was.push_back(found.value(row, 0));
        out.is.push_back(found.value(row, 1));
    }
    return out;
}

void put(RestoreContext& restoring, const Table& table, const Column& column, const Made& made) {
    for (auto& [id, shape] : restoring.shapes) {
        const int position = shape.position(column.attnum);
        if (shape.table != &table || shape.count == 0 || position == 0) continue;
        const auto sql = filled(
            R"(UPDATE {schema}.item i SET payload[{position}] = m.v
  FROM ROWS FROM (
    pg_catalog.unnest($2::pg_catalog.text[]), pg_catalog.unnest($3::pg_catalog.text[])) m(old, v)
  WHERE i.group_id OPERATOR(pg_catalog.=) $1::pg_catalog.int8
    AND i.shape OPERATOR(pg_catalog.=) {shape}
    AND {stored} OPERATOR(pg_catalog.=) m.old)",
            restoring.trash_schema,
            {{"position", to_string(position)},
             {"shape", to_string(id)},
             {"stored", stored(shape, column.attnum)}});
        restoring.transaction.exec(
            sql, {to_string(restoring.groups.front().id), schema::array_literal(made.was),
                  schema::array_literal(made.is)});
        as_today(shape, column);
    }
}

bool all_forms_have(const RestoreContext& restoring, const Table& table, int attnum) {
    return std::ranges::all_of(shapes_of(restoring, table),
                               [&](const auto* shape) { return shape->position(attnum) != 0; });
}

// Under no search path, as the text of the default was written. What fails there makes nothing.
bool renew(RestoreContext& restoring, const Table& table, const Column& column) {
    const auto path =
        std::string(restoring.exec("SELECT pg_catalog.current_setting('search_path')").text(0, 0));
    restoring.exec("SAVEPOINT trashd_key");
    bool done = false;
    try {
        restoring.exec("SET LOCAL search_path = ''");
        const auto maker = maker_of(restoring, table, column);
        if (!maker.empty() && makes_new(restoring, column, maker)) {
            put(restoring, table, column, make(restoring, table, column, maker));
            done = true;
        }
        restoring.transaction.exec("SELECT pg_catalog.set_config('search_path', $1, true)", {path});
    } catch (const Error& error) {
        if (!about_rows(error) && !error.is(sqlstate::kInsufficientPrivilege)) throw;
        restoring.exec("ROLLBACK TO SAVEPOINT trashd_key");
        done = false;
    }
    restoring.exec("RELEASE SAVEPOINT trashd_key");
    return done;
}

using Columns = std::set<std::pair<const Table*, int>>;

// Of keys, and of what else must be unique where the database makes its values by itself.
Columns renew_keys(RestoreContext& restoring) {
    Columns renewed;
    for (const auto* table : tables_of(restoring))
        for (const auto& column : table->columns) {
            const bool key = in_key(*table, column.attnum) || in_unique(*table, column.attnum);
            if (key && !column.generated && !refers(restoring, *table, column.attnum) &&
                all_forms_have(restoring, *table, column.attnum) &&
                renew(restoring, *table, column))
                renewed.emplace(table, column.attnum);
        }
    return renewed;
}

// The text of a column of the parent as the child's column has it.
std::string as_child(const Column& parent, const Column& child, const std::string& text) {
    if (parent.type == child.type && !parent.user_type) return text;
    auto named = child;
    named.name = "v";
    return schema::filled("(SELECT {text} FROM (SELECT ({value})::{type} AS v) a)",
                          {{"text", schema::to_text(named, "a")},
                           {"value", schema::from_text(parent, text)},
                           {"type", child.type}});
}

// Which columns of the key follow: those whose parent's were renewed, by their place in the key.
std::vector<std::size_t> following(const Columns& renewed, const Table& parent,
                                   const ForeignKey& key) {
    std::vector<std::size_t> out;
    for (std::size_t k = 0; k < key.parent_columns.size(); ++k)
        if (renewed.contains({&parent, key.parent_columns[k]})) out.push_back(k);
    return out;
}

// Assignments of the parent's new values, of items n, to those of the child that refer to them.
std::string new_references(const RestoreContext& restoring, const ForeignKey& key,
                           const std::vector<std::size_t>& places,
                           const std::pair<const Shape*, const Shape*>& child_and_parent) {
    const auto& [below, above] = child_and_parent;
    std::vector<std::string> set;
    for (const auto k : places) {
        const auto& column = *below->table->column(key.child_columns[k]);
        const int at = below->position(column.attnum);
        if (at == 0) continue;
        const auto& other = *restoring.catalog.table(key.parent)->column(key.parent_columns[k]);
        const auto text = "n.payload[" + to_string(above->position(other.attnum)) + "]";
        set.push_back("payload[" + to_string(at) + "] = " + as_child(other, column, text));
    }
    return join(set, ", ");
}

constexpr const char* kFollow = R"(UPDATE {schema}.item i SET {assignments}
  FROM (SELECT v.ordinal AS child, p.ordinal AS parent FROM {referring_items}) j
  JOIN {schema}.item n ON n.ordinal OPERATOR(pg_catalog.=) j.parent
    AND n.group_id OPERATOR(pg_catalog.=) {group}
    AND n.shape OPERATOR(pg_catalog.=) {parents_shape}
  WHERE i.group_id OPERATOR(pg_catalog.=) {group}
    AND i.ordinal OPERATOR(pg_catalog.=) j.child
    AND i.shape OPERATOR(pg_catalog.=) {shape})";

// Items of the child that refer to items of the parent in the group get their new values.
void follow(RestoreContext& restoring, const ForeignKey& key,
            const std::vector<std::size_t>& places) {
    const auto& child = *restoring.catalog.table(key.child);
    const auto& parent = *restoring.catalog.table(key.parent);
    const auto pairs = referring_items(originals(restoring), key);
    const auto group = to_string(restoring.groups.front().id);
    for (auto& [id, shape] : restoring.shapes) {
        if (shape.table != &child || shape.count == 0) continue;
        for (const auto* above : shapes_of(restoring, parent)) {
            const auto set = new_references(restoring, key, places, {&shape, above});
            if (set.empty()) continue;
            restoring.together({{"SET LOCAL enable_nestloop = off"},
                                {filled(kFollow, restoring.trash_schema,
                                        {{"assignments", set},
                                         {"referring_items", pairs},
                                         {"group", group},
                                         {"parents_shape", to_string(above->id)},
                                         {"shape", to_string(id)}}),
                                 {},
                                 false},
                                {"SET LOCAL enable_nestloop TO DEFAULT"}});
        }
        for (const auto k : places)
            if (shape.position(key.child_columns[k]) != 0)
                as_today(shape, *child.column(key.child_columns[k]));
    }
}

// What refers to keys that are new, and to keys that are new because of that.
void follow_all(RestoreContext& restoring, Columns renewed) {
    std::deque<std::pair<const Table*, int>> news(renewed.begin(), renewed.end());
    std::map<std::pair<const ForeignKey*, int>, int> done;
    while (!news.empty()) {
        const auto [parent, attnum] = news.front();
        news.pop_front();
        for (const auto* key : restoring.catalog.referrers(parent->oid)) {
            const auto* child = restoring.catalog.table(key->child);
            const bool named = std::ranges::count(key->parent_columns, attnum) > 0;
            if (!named || key->child_part != 0 || key->period || child == nullptr ||
                shapes_of(restoring, *child).empty() || ++done[{key, attnum}] > kRounds)
                continue;
            const auto places = following(renewed, *parent, *key);
            follow(restoring, *key, places);
            for (const auto k : places) {
                renewed.emplace(child, key->child_columns[k]);
                news.emplace_back(child, key->child_columns[k]);
            }
        }
    }
}

std::vector<std::string> names_of(const Table& table, const std::vector<int>& attnums) {
    std::vector<std::string> out;
    for (const int attnum : attnums) out.push_back(quoted(table.column(attnum)->name));
    return out;
}

// Items whose copies would have the very key that they have themselves.
std::vector<Conflict> with_old_key(RestoreContext& restoring, const Table& table) {
    Conflict like;
    like.kind = "primary-key-taken";
    like.table = table.name;
    like.constraint = table.key_name;
    like.detail =
        "the row in the trash keeps its key, and the database makes no other for the copy; name "
        "one in 'set'";
    for (const int attnum : table.identity) like.columns.push_back(table.column(attnum)->name);
    const auto operators = cascade::identity_operators(table);
    std::vector<std::string> same;
    for (std::size_t k = 0; k < table.identity.size(); ++k) {
        const auto& column = *table.column(table.identity[k]);
        const auto e = ".e" + to_string(k + 1);
        same.push_back(schema::in_base_type(column, "v" + e) + " " + operators[k] + " " +
                       schema::in_base_type(column, "o" + e));
    }
    const auto names = names_of(table, table.identity);
    const auto own = originals(restoring);
    const auto sql = schema::filled(
        R"(SELECT v.object_id, v.w, v.group_id, v.ordinal
  FROM {copies} v JOIN {originals} o ON {same}
  ORDER BY 4 LIMIT {enough})",
        {{"copies", evaluated(restoring, table, names, table.identity)},
         {"originals", evaluated(own, table, names, {})},
         {"same", join(same, " AND ")},
         {"enough", to_string(kMostConflicts + 1)}});
    const auto found = restoring.together({{"SET LOCAL enable_nestloop = off"},
                                           {sql, {}, false},
                                           {"SET LOCAL enable_nestloop TO DEFAULT"}})[1];
    std::vector<Conflict> out;
    append(out, like, found);
    return out;
}

// By their ordinals in the group that stays.
std::map<long long, std::string> ids_in_trash(RestoreContext& restoring) {
    const auto sql = filled(
        R"(SELECT ordinal, object_id FROM {schema}.item
  WHERE group_id OPERATOR(pg_catalog.=) {group} AND object_id IS NOT NULL)",
        restoring.trash_schema, {{"group", to_string(restoring.copy->group.id)}});
    const auto found = restoring.exec(sql);
    std::map<long long, std::string> out;
    for (int row = 0; row < found.rows(); ++row)
        out.emplace(found.integer(row, 0), found.text(row, 1));
    return out;
}

// In the order of the ordinals: the root first.
void list_copied(RestoreContext& restoring) {
    const auto ids = ids_in_trash(restoring);
    std::map<long long, Copied> all;
    const auto group = restoring.groups.front().id;
    for (const auto* table : tables_of(restoring)) {
        if (table->identity.empty()) continue;
        const auto id = schema::key_text(*table, table->identity, "");
        const auto found = restoring.exec(schema::filled(
            R"(SELECT v.ordinal, v.e1 FROM {items} v
  WHERE v.group_id OPERATOR(pg_catalog.=) {group})",
            {{"items", evaluated(restoring, *table, {id}, {})}, {"group", to_string(group)}}));
        for (int row = 0; row < found.rows(); ++row) {
            const auto place = as_trashed(restoring, {group, found.integer(row, 0)});
            const auto from = ids.find(place.ordinal);
            if (from == ids.end()) continue;
            all[place.ordinal] = {table->name, from->second, std::string(found.text(row, 1))};
        }
    }
    for (auto& [ordinal, one] : all)
        if (restoring.result.copied.size() < kMostCopied)
            restoring.result.copied.push_back(std::move(one));
}

}  // namespace

void begin_copy(RestoreContext& restoring) {
    restoring.copy = Copy{restoring.groups.front(), restoring.shapes, ""};
    const auto group = copied_group(restoring, restoring.groups.front());
    for (auto& [id, shape] : restoring.shapes)
        for (auto& range : shape.ranges) range.group = group.id;
    restoring.groups.front() = group;
    follow_all(restoring, renew_keys(restoring));
}

std::vector<Conflict> find_old_keys(RestoreContext& restoring) {
    std::vector<Conflict> out;
    if (!restoring.copy) return out;
    for (const auto* table : tables_of(restoring)) {
        if (table->identity.empty() || shapes_of(originals(restoring), *table).empty()) continue;
        for (auto& one : with_old_key(restoring, *table)) out.push_back(std::move(one));
    }
    return out;
}

std::string end_copy(RestoreContext& restoring) {
    list_copied(restoring);
    const auto& copied = restoring.groups.front();
    const auto group = to_string(copied.id);
    std::vector<schema::Statement> all = {ledger_entry(restoring, copied, "copied")};
    for (auto& one : keep_for_undo(restoring, copied)) all.push_back(std::move(one));
    const std::string entry(restoring.together(all)[0].text(0, 0));
    for (const char* sql :
         {"DELETE FROM {schema}.item WHERE group_id OPERATOR(pg_catalog.=) {group}",
          "DELETE FROM {schema}.trash_group WHERE id OPERATOR(pg_catalog.=) {group}"})
        restoring.exec(filled(sql, restoring.trash_schema, {{"group", group}}));
    return entry;
}

}  // namespace trashd::trash
