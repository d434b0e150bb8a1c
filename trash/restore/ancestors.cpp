// Finds what the rows of a restore refer to and what lies in the trash itself; with_ancestors those
// groups come back too. Keys are compared as the foreign key does, not as text.
#include <algorithm>
#include <set>

#include "cascade/predicates.hpp"
#include "schema/catalog/catalog.hpp"
#include "schema/catalog/declared_reference.hpp"
#include "schema/catalog/makeup.hpp"
#include "schema/catalog/tenant.hpp"
#include "schema/catalog/value.hpp"
#include "schema/error.hpp"
#include "schema/identifier.hpp"
#include "schema/session/transaction.hpp"
#include "schema/text.hpp"
#include "trash/insert/restore_context.hpp"
#include "trash/model/item.hpp"
#include "trash/model/options.hpp"
#include "trash/restore/choices.hpp"
#include "trash/restore/steps.hpp"
#include "trash/store/item_id.hpp"
#include "trash/store/key_spelling.hpp"
#include "trash/store/sql.hpp"

namespace trashd::trash {
namespace {

using schema::ForeignKey;
using schema::join;
using schema::literal;
using schema::quoted;
using schema::Table;
using std::to_string;

const schema::Column& at(const Table& table, int attnum) {
    return *table.column(attnum);
}

bool by_identity(const ForeignKey& key, const Table& parent) {
    return !key.period && !parent.identity.empty() &&
           std::ranges::is_permutation(key.parent_columns, parent.identity);
}

std::vector<std::string> names(const Table& table, const std::vector<int>& attnums) {
    std::vector<std::string> out;
    for (const int attnum : attnums) out.push_back(quoted(at(table, attnum).name));
    return out;
}

bool all_alike(const std::vector<std::string>& operators) {
    return std::ranges::all_of(operators,
                               [&](const auto& one) { return one == operators.front(); });
}

// Of expressions that are these columns.
std::vector<std::string> values(const std::string& alias, const Table& table,
                                const std::vector<int>& attnums) {
    std::vector<std::string> out;
    for (const int attnum : attnums) {
        const auto value = alias + ".e" + to_string(out.size() + 1);
        out.push_back(schema::in_base_type(at(table, attnum), value));
    }
    return out;
}

// That each value equals the one at its place, as the foreign key compares them.
std::string all_equal(const std::vector<std::string>& parents, const ForeignKey& key,
                      const std::vector<std::string>& children) {
    std::vector<std::string> same;
    for (std::size_t k = 0; k < children.size(); ++k)
        same.push_back(schema::same_value(key, k, parents[k], children[k]));
    return join(same, " AND ");
}

// That the value of v is among those of the parent's items. A subquery that is hashed whatever the
// planner believes about the items, of which it knows nothing yet.
constexpr const char* kAmongMoving = R"(({own}) {equals} ANY (
    SELECT {other} FROM {items} p
    WHERE pg_catalog.num_nulls({other}) OPERATOR(pg_catalog.=) 0))";
constexpr const char* kAmongMovingOneByOne = "EXISTS (SELECT 1 FROM {items} p WHERE {same})";

std::string among_moving(const RestoreContext& restoring, const ForeignKey& key) {
    const auto& parent = *restoring.catalog.table(key.parent);
    const auto parents = names(parent, key.parent_columns);
    auto own = values("v", *restoring.catalog.table(key.child), key.child_columns);
    const auto other = values("p", parent, key.parent_columns);
    const auto same = all_equal(other, key, own);
    for (std::size_t k = 0; k < own.size(); ++k) own[k] = schema::as_parents(key, k, own[k]);
    return schema::filled(all_alike(key.operators) ? kAmongMoving : kAmongMovingOneByOne,
                          {{"own", join(own, ", ")},
                           {"other", join(other, ", ")},
                           {"equals", key.operators.front()},
                           {"same", same},
                           {"items", evaluated(restoring, parent, parents, {})}});
}

// Of a live row p of the parent what is referred to.
std::vector<std::string> live_values(const RestoreContext& restoring, const ForeignKey& key) {
    const auto& parent = *restoring.catalog.table(key.parent);
    std::vector<std::string> live;
    for (const int attnum : key.parent_columns)
        live.push_back(cascade::value_of(parent, attnum, "p"));
    return live;
}

std::string live_parent(const RestoreContext& restoring, const ForeignKey& key,
                        const std::vector<std::string>& own) {
    const auto& parent = *restoring.catalog.table(key.parent);
    const auto live = live_values(restoring, key);
    const auto& tenant = restoring.options.tenant_column;
    const auto* column = tenant.empty() ? nullptr : parent.column(tenant);
    return schema::filled(
        "FROM {table} AS p WHERE {conditions}",
        {{"table", schema::relation(parent)},
         {"conditions",
          schema::both(all_equal(live, key, own), column ? schema::of_tenant(*column, "p") : "")}});
}

// That the period of v is covered by those of its parents, live and among the groups, together.
std::string covered(const RestoreContext& restoring, const ForeignKey& key,
                    const std::vector<std::string>& own) {
    const auto& parent = *restoring.catalog.table(key.parent);
    std::vector<std::string> periods = {
        schema::filled("SELECT {period} AS period {from_live}",
                       {{"period", cascade::value_of(parent, key.parent_columns.back(), "p")},
                        {"from_live", live_parent(restoring, key, own)}})};
    if (!shapes_of(restoring, parent).empty()) {
        const auto moving = values("p", parent, key.parent_columns);
        periods.push_back(schema::filled(
            "SELECT {period} FROM {items} p WHERE {same}",
            {{"period", moving.back()},
             {"items", evaluated(restoring, parent, names(parent, key.parent_columns), {})},
             {"same", all_equal(moving, key, own)}}));
    }
    return schema::filled(
        R"(COALESCE({own} OPERATOR(pg_catalog.<@)
    (SELECT pg_catalog.range_agg(a.period) FROM ({periods}) a), false))",
        {{"own", own.back()}, {"periods", join(periods, " UNION ALL ")}});
}

std::string has_live_parent(const RestoreContext& restoring, const ForeignKey& key,
                            const std::vector<std::string>& own) {
    return key.period ? covered(restoring, key, own)
                      : "EXISTS (SELECT 1 " + live_parent(restoring, key, own) + ")";
}

// The items v of the child: their columns of the key as e1..., and last whether they refer.
std::string referring_items_of(const RestoreContext& restoring, const ForeignKey& key) {
    const auto& child = *restoring.catalog.table(key.child);
    auto columns = names(child, key.child_columns);
    if (!key.where.empty()) columns.push_back(key.where + "\n");
    return evaluated(restoring, child, columns, key.child_columns);
}

// SQL: no column of the item v is NULL, and it refers by the key.
std::string refers(const ForeignKey& key, const std::vector<std::string>& own) {
    auto sql = "pg_catalog.num_nulls(" + join(own, ", ") + ") OPERATOR(pg_catalog.=) 0";
    if (!key.where.empty()) sql += " AND v.e" + to_string(key.child_columns.size() + 1);
    return sql;
}

// (object_id, w, e1...): items of the child whose parent is neither live nor among the groups.
std::string missing(const RestoreContext& restoring, const ForeignKey& key) {
    const auto& child = *restoring.catalog.table(key.child);
    const auto& parent = *restoring.catalog.table(key.parent);
    const auto own = values("v", child, key.child_columns);
    const bool moving = !key.period && !shapes_of(restoring, parent).empty();
    return schema::filled(
        R"(SELECT v.* FROM {items} v
  WHERE {refers}
    AND NOT {has_live_parent}{and_none_moving})",
        {{"items", referring_items_of(restoring, key)},
         {"refers", refers(key, own)},
         {"has_live_parent", has_live_parent(restoring, key, own)},
         {"and_none_moving",
          moving ? " AND (" + among_moving(restoring, key) + ") IS NOT TRUE" : ""}});
}

// The parent's columns that are referred to, from the child's values m.e1..., in the parent's
// types.
std::string wanted(const ForeignKey& key, const Table& parent) {
    std::vector<std::string> out;
    for (std::size_t k = 0; k < key.parent_columns.size(); ++k) {
        const auto& column = at(parent, key.parent_columns[k]);
        const auto value = schema::as_parents(key, k, "m.e" + to_string(k + 1));
        out.push_back(schema::filled(
            "({value})::{type} AS {name}",
            {{"value", value}, {"type", column.type}, {"name", quoted(column.name)}}));
    }
    return "(SELECT " + join(out, ", ") + ") k";
}

// The ids in the trash of the object of the parent whose key's values are k.
std::string spellings(const RestoreContext& restoring, const Table& parent) {
    const auto id = schema::key_text(parent, parent.identity, "k");
    if (text_decides(parent, parent.identity)) return id;
    return schema::filled(
        "ANY (ARRAY(SELECT pg_catalog.unnest(w.ids) FROM {spelt} w))",
        {{"spelt", spelt_by_items(parent, "SELECT " + id, restoring.trash_schema)}});
}

// That the item i has the values that m has, as the foreign key compares them.
std::vector<std::string> values_alike(const RestoreContext& restoring, const ForeignKey& key) {
    const auto& parent = *restoring.catalog.table(key.parent);
    const auto own = values("m", *restoring.catalog.table(key.child), key.child_columns);
    const bool texts = text_decides(parent, key.parent_columns);
    std::vector<std::string> out;
    for (std::size_t k = 0; k < own.size(); ++k) {
        const auto& column = at(parent, key.parent_columns[k]);
        const auto place = "[" + place_in("s", column.attnum) + "]";
        auto stored = "i.payload" + place;
        if (schema::is_enum(column)) stored = schema::label_today(stored, "s.makeup" + place);
        out.push_back(texts ? stored + " OPERATOR(pg_catalog.=) (" + schema::to_text(column, "k") +
                                  ")"
                            : reads_as(column, stored, key.operators[k],
                                       schema::as_parents(key, k, own[k]), restoring.trash_schema));
    }
    return out;
}

// The items of a copy go by ids that they had before their keys were made anew.
std::string by_id(const RestoreContext& restoring, const ForeignKey& key) {
    const auto id = "i.object_id OPERATOR(pg_catalog.=) " +
                    spellings(restoring, *restoring.catalog.table(key.parent));
    if (!restoring.copy || restoring.chosen.parts.empty()) return id;
    return schema::filled(
        R"(((i.group_id OPERATOR(pg_catalog.<>) {copy} AND {id})
    OR (i.group_id OPERATOR(pg_catalog.=) {copy} AND {values_alike})))",
        {{"copy", to_string(restoring.groups.front().id)},
         {"id", id},
         {"values_alike", join(values_alike(restoring, key), " AND ")}});
}

// Items that may be the row that is referred to, whose values are k. OFFSET 0: by their own index,
// whatever the planner believes about groups.
std::string candidates(const RestoreContext& restoring, const ForeignKey& key) {
    const auto& parent = *restoring.catalog.table(key.parent);
    return filled(
        R"((SELECT i.group_id, i.ordinal
      FROM {schema}.item i
      JOIN {schema}.shape s ON s.id OPERATOR(pg_catalog.=) i.shape
      WHERE i.shape OPERATOR(pg_catalog.=) ANY(ARRAY(
          SELECT id FROM {schema}.shape WHERE relation OPERATOR(pg_catalog.=) {parent}))
        AND {same} OFFSET 0))",
        restoring.trash_schema,
        {{"parent", to_string(parent.oid)},
         {"same", by_identity(key, parent) ? by_id(restoring, key)
                                           : join(values_alike(restoring, key), " AND ")}});
}

// That the id, of an entry of the ledger, is of the object of the parent whose key's values are k.
std::string same_as_key(const RestoreContext& restoring, const Table& parent,
                        const std::string& id) {
    const auto key = schema::key_text(parent, parent.identity, "k");
    return text_decides(parent, parent.identity)
               ? id + " OPERATOR(pg_catalog.=) " + key
               : same_object(parent, id, "false", key, restoring.trash_schema);
}

// SQL: or the item i is one of the groups' own that stay in the trash.
std::string or_staying(const RestoreContext& restoring) {
    constexpr const char* kStay = R"(
        OR (i.group_id OPERATOR(pg_catalog.=) {group} AND i.ordinal OPERATOR(pg_catalog.<) 0))";
    constexpr const char* kStayAsTheyWere = R"(
        OR (i.group_id OPERATOR(pg_catalog.=) {group} AND i.ordinal OPERATOR(pg_catalog.>) 0
          AND i.ordinal OPERATOR(pg_catalog.<) {first_changed}))";
    std::string out;
    for (const auto& [group, part] : restoring.chosen.parts)
        out += schema::filled(
            part.going_moved ? kStayAsTheyWere : kStay,
            {{"group", to_string(group)}, {"first_changed", to_string(kFirstChanged)}});
    return out;
}

// Whether the row of the parent, whose values are k, was purged: of a key that is not its own the
// ledger tells nothing.
std::string was_purged(const RestoreContext& restoring, const ForeignKey& key) {
    const auto& parent = *restoring.catalog.table(key.parent);
    if (!by_identity(key, parent)) return "false";
    return filled(
        R"(EXISTS (SELECT 1 FROM {schema}.ledger l
    WHERE l.action OPERATOR(pg_catalog.=) 'purged'
      AND l.schema_name OPERATOR(pg_catalog.=) {parents_schema}
      AND {seen_by_tenant}
      AND l.table_name OPERATOR(pg_catalog.=) {parent}
      AND {same_key}))",
        restoring.trash_schema,
        {{"parents_schema", literal(parent.name.schema)},
         {"seen_by_tenant", seen_by_tenant("l")},
         {"parent", literal(parent.name.name)},
         {"same_key", same_as_key(restoring, parent, "l.object_id")}});
}

// (object_id, w, group id, ordinal; group id, uuid and ordinal of the newest item of the parent,
// whether it was purged, its id: NULL where the reference is not to its key)
constexpr const char* kLocated = R"(SELECT m.object_id, m.w, m.group_id, m.ordinal,
    x.group_id AS parents_group, x.uuid, pg_catalog.abs(x.ordinal) AS parents_ordinal,
    {purged} AS purged, {id} AS parent
  FROM ({missing}) m
  CROSS JOIN LATERAL {wanted}
  LEFT JOIN LATERAL (
    SELECT i.group_id, g.uuid, i.ordinal
    FROM {candidates} i
    JOIN {schema}.trash_group g ON g.id OPERATOR(pg_catalog.=) i.group_id
      AND g.state OPERATOR(pg_catalog.=) 'trashed' AND {seen_by_tenant}
    WHERE i.group_id OPERATOR(pg_catalog.<>) ALL ({ours}){or_staying}
    ORDER BY {ours_first}i.group_id DESC LIMIT 1) x ON true)";

std::string located(const RestoreContext& restoring, const ForeignKey& key) {
    const auto& parent = *restoring.catalog.table(key.parent);
    std::vector<std::string> ids;
    for (const auto& group : restoring.groups) ids.push_back(to_string(group.id));
    if (restoring.copy) ids.push_back(to_string(restoring.copy->group.id));
    const auto ours = "ARRAY[" + join(ids, ", ") + "]::pg_catalog.int8[]";
    const bool whole = restoring.chosen.parts.empty();
    return filled(kLocated, restoring.trash_schema,
                  {{"purged", was_purged(restoring, key)},
                   {"id", by_identity(key, parent) ? schema::key_text(parent, parent.identity, "k")
                                                   : "NULL::pg_catalog.text"},
                   {"missing", missing(restoring, key)},
                   {"wanted", wanted(key, parent)},
                   {"candidates", candidates(restoring, key)},
                   {"seen_by_tenant", seen_by_tenant("g")},
                   {"ours", ours},
                   {"or_staying", or_staying(restoring)},
                   {"ours_first",
                    whole ? "" : "i.group_id OPERATOR(pg_catalog.=) ANY (" + ours + ") DESC, "}});
}

// Keys of single partitions are left to the server: which rows they bind is its to say.
std::vector<const ForeignKey*> keys_of(const RestoreContext& restoring) {
    std::vector<const ForeignKey*> out;
    for (const auto* table : tables_of(restoring)) {
        for (const auto* key : restoring.catalog.references(table->oid)) {
            if (key->child_part == 0 && restoring.catalog.table(key->parent)) out.push_back(key);
        }
    }
    return out;
}

// The key of a parent may have changed since; only live rows went along.
bool follows_updates(RestoreContext& restoring, const ForeignKey& key) {
    const auto sql = schema::filled(
        R"(SELECT EXISTS (SELECT FROM pg_catalog.pg_constraint
    WHERE oid OPERATOR(pg_catalog.=) {key} AND confupdtype OPERATOR(pg_catalog.=) 'c'))",
        {{"key", to_string(key.oid)}});
    return restoring.exec(sql).boolean(0, 0);
}

// Columns of what located() finds.
constexpr int kGroup = 4, kUuid = 5, kOrdinal = 6, kPurged = 7, kParent = 8;

constexpr const char* kMayHaveMoved =
    "; its key may have been changed since, which only live rows follow (ON UPDATE CASCADE): "
    "restore with the new key in 'set'";

std::string fate(const schema::Result& found, int row, const Table& parent) {
    const auto name = parent.name.schema + "." + parent.name.name;
    if (!found.null(row, kGroup))
        return "the row of " + name + " lies in the trash; restore it first";
    if (found.boolean(row, kPurged)) return "the row of " + name + " was purged from the trash";
    return "the row of " + name + " is neither there nor in the trash";
}

std::set<long long> groups_of_parents(RestoreContext& restoring) {
    std::set<long long> out;
    for (const auto* key : keys_of(restoring)) {
        const auto found = restoring.exec(schema::filled(
            R"(SELECT DISTINCT f.parents_group FROM ({located}) f
  WHERE f.parents_group IS NOT NULL)",
            {{"located", located(restoring, *key)}}));
        for (int row = 0; row < found.rows(); ++row) out.insert(found.integer(row, 0));
    }
    return out;
}

void check_tables(RestoreContext& restoring, const std::string& groups) {
    if (!restoring.options.check.tables) return;
    const auto found = restoring.exec(filled(
        R"(SELECT uuid FROM {schema}.trash_group
  WHERE id OPERATOR(pg_catalog.=) ANY (ARRAY[{groups}]::pg_catalog.int8[]) ORDER BY id)",
        restoring.trash_schema, {{"groups", groups}}));
    for (int row = 0; row < found.rows(); ++row)
        restoring.options.check.tables(group_tables(restoring.transaction.connection(),
                                                    restoring.trash_schema,
                                                    item_id(std::string(found.text(row, 0)), 1))
                                           .all);
}

// Those that are still in the trash, which they do not leave any more.
bool add_groups(RestoreContext& restoring, const std::set<long long>& ids) {
    std::vector<std::string> list;
    for (const long long id : ids) list.push_back(to_string(id));
    const auto groups = join(list, ", ");
    check_tables(restoring, groups);
    const auto locked = restoring.exec(filled(
        R"(SELECT id, uuid FROM {schema}.trash_group
  WHERE id OPERATOR(pg_catalog.=) ANY (ARRAY[{groups}]::pg_catalog.int8[])
    AND state OPERATOR(pg_catalog.=) 'trashed'
  ORDER BY id FOR UPDATE)",
        restoring.trash_schema, {{"groups", groups}}));
    for (int row = 0; row < locked.rows(); ++row) {
        add_group(restoring, locked.integer(row, 0));
        restoring.result.ancestors.emplace_back(locked.text(row, 1));
    }
    return locked.rows() > 0;
}

}  // namespace

std::vector<Conflict> find_missing_parents(RestoreContext& restoring) {
    std::vector<Conflict> out;
    for (const auto* key : keys_of(restoring)) {
        const auto& child = *restoring.catalog.table(key->child);
        const auto found =
            restoring.exec(located(restoring, *key) + " LIMIT " + to_string(kMostConflicts + 1));
        Conflict like;
        like.kind = "missing-parent";
        like.table = child.name;
        like.constraint = key->name;
        for (const int attnum : key->child_columns) like.columns.push_back(at(child, attnum).name);
        const auto from = out.size();
        append(out, like, found);
        const bool moved = found.rows() > 0 && follows_updates(restoring, *key);
        for (int row = 0; row < found.rows(); ++row) {
            auto& conflict = out[from + row];
            const auto& parent = *restoring.catalog.table(key->parent);
            conflict.detail = fate(found, row, parent);
            if (moved && found.null(row, kGroup) && !found.boolean(row, kPurged))
                conflict.detail += kMayHaveMoved;
            if (!found.null(row, kParent)) {
                conflict.with_table = parent.name;
                conflict.with_id = found.text(row, kParent);
            }
            if (found.null(row, kGroup)) continue;
            auto uuid = std::string(found.text(row, kUuid));
            if (restoring.copy && uuid == restoring.copy->uuid) uuid = restoring.copy->group.uuid;
            conflict.trash_item = item_id(uuid, found.integer(row, kOrdinal));
        }
    }
    return out;
}

namespace {

constexpr const char* kLockParents = R"(SELECT FROM {parent} AS p
  WHERE EXISTS (SELECT FROM {items} v WHERE {refers} AND {same}) FOR KEY SHARE OF p)";

}  // namespace

// Locked as a foreign key locks them: a delete of one waits, or has gone before and is seen.
bool lack_declared_parents(RestoreContext& restoring) {
    for (const auto* key : keys_of(restoring)) {
        if (!key->declared) continue;
        const auto own = values("v", *restoring.catalog.table(key->child), key->child_columns);
        restoring.exec(schema::filled(
            kLockParents, {{"parent", schema::relation(*restoring.catalog.table(key->parent))},
                           {"items", referring_items_of(restoring, *key)},
                           {"refers", refers(*key, own)},
                           {"same", all_equal(live_values(restoring, *key), *key, own)}}));
        if (restoring.exec("SELECT EXISTS (" + missing(restoring, *key) + ")").boolean(0, 0))
            return true;
    }
    return false;
}

bool add_ancestors(RestoreContext& restoring) {
    restoring.exec("SAVEPOINT trashd_ancestors");
    std::set<long long> ids;
    try {
        ids = groups_of_parents(restoring);
    } catch (const Error& error) {
        // values that cannot be read: the attempt will fail on them and say so
        if (!about_rows(error)) throw;
        restoring.exec("ROLLBACK TO SAVEPOINT trashd_ancestors");
    }
    restoring.exec("RELEASE SAVEPOINT trashd_ancestors");
    return !ids.empty() && add_groups(restoring, ids);
}

bool add_ancestors(RestoreContext& restoring, const std::vector<std::string>& groups) {
    const auto sql = filled(
        R"(SELECT id FROM {schema}.trash_group
  WHERE uuid OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.uuid[]))",
        restoring.trash_schema);
    const auto found =
        restoring.transaction.exec(sql, {schema::array_literal({groups.begin(), groups.end()})});
    std::set<long long> ids;
    for (int row = 0; row < found.rows(); ++row) ids.insert(found.integer(row, 0));
    for (const auto& group : restoring.groups) ids.erase(group.id);
    return !ids.empty() && add_groups(restoring, ids);
}

}  // namespace trashd::trash
