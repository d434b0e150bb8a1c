// Groups of which some comes back, or is purged, and the rest stays. What stays is put out of reach
// first, so that the restore is that of a smaller group; when it has ended the group is what is
// left.
#include "trash/restore/partial.hpp"

#include <algorithm>
#include <iterator>

#include "schema/catalog/declared_reference.hpp"
#include "schema/catalog/value.hpp"
#include "schema/error.hpp"
#include "schema/text.hpp"
#include "trash/insert/links.hpp"
#include "trash/records/holds.hpp"
#include "trash/records/ledger_seal.hpp"
#include "trash/restore/choices.hpp"
#include "trash/restore/steps.hpp"
#include "trash/restore/undo_restore.hpp"
#include "trash/store/groups.hpp"
#include "trash/store/item_id.hpp"
#include "trash/store/own_statements.hpp"
#include "trash/store/sql.hpp"

namespace trashd::trash {
namespace {

using schema::ForeignKey;
using schema::join;
using schema::literal;
using schema::Param;
using std::to_string;
using Ordinals = std::set<long long>;

std::string numbers(const Ordinals& ordinals) {
    std::vector<Param> out;
    for (const auto one : ordinals) out.emplace_back(to_string(one));
    return schema::array_literal(out);
}

// Of columns e1... of the child under v and of the parent under p: they are the same.
std::string same_key(const RestoreContext& restoring, const ForeignKey& key) {
    const auto& child = *restoring.catalog.table(key.child);
    const auto& parent = *restoring.catalog.table(key.parent);
    std::vector<std::string> out;
    for (std::size_t k = 0; k < key.parent_columns.size(); ++k) {
        const auto e = ".e" + to_string(k + 1);
        out.push_back(schema::same_value(
            key, k, schema::in_base_type(*parent.column(key.parent_columns[k]), "p" + e),
            schema::in_base_type(*child.column(key.child_columns[k]), "v" + e)));
    }
    if (!key.where.empty()) out.push_back("v.e" + to_string(key.child_columns.size() + 1));
    return join(out, " AND ");
}

std::string items_with(const RestoreContext& restoring, schema::Oid oid,
                       const std::vector<int>& attnums, const std::string& more = "") {
    const auto& table = *restoring.catalog.table(oid);
    std::vector<std::string> columns;
    for (const int attnum : attnums) columns.push_back(schema::quoted(table.column(attnum)->name));
    if (!more.empty()) columns.push_back(more + "\n");
    return evaluated(restoring, table, columns, {});
}

bool has_items(const RestoreContext& restoring, schema::Oid oid) {
    const auto* table = restoring.catalog.table(oid);
    return table && !shapes_of(restoring, *table).empty();
}

// However many rows the planner believes there to be, the two are not compared pair by pair.
Ordinals ordinals_of(RestoreContext& restoring, const std::string& sql) {
    const auto found = restoring.together({{"SET LOCAL enable_nestloop = off"},
                                           {sql, {}, false},
                                           {"SET LOCAL enable_nestloop TO DEFAULT"}})[1];
    Ordinals out;
    for (int row = 0; row < found.rows(); ++row) out.insert(std::abs(found.integer(row, 0)));
    return out;
}

constexpr const char* kHanging = R"(SELECT DISTINCT v.ordinal
  FROM {referring_items}
  WHERE v.group_id OPERATOR(pg_catalog.=) {group} AND p.group_id OPERATOR(pg_catalog.=) {group}
    AND {on})";

// Of the group's items those that hang by the key on one that the SQL means, under p.
Ordinals hanging(RestoreContext& restoring, long long group, const ForeignKey& key,
                 const std::string& on) {
    return ordinals_of(
        restoring, schema::filled(kHanging, {{"referring_items", referring_items(restoring, key)},
                                             {"group", to_string(group)},
                                             {"on", on}}));
}

// These and what hangs on them.
Ordinals closure(RestoreContext& restoring, long long group, const Ordinals& seeds) {
    auto all = seeds;
    const auto keys = hanging_keys(restoring);
    for (auto last = seeds; !last.empty();) {
        Ordinals next;
        const auto on = "p.ordinal OPERATOR(pg_catalog.=) ANY (" + literal(numbers(last)) +
                        "::pg_catalog.int4[])";
        for (const auto* key : keys)
            for (const auto one : hanging(restoring, group, *key, on))
                if (all.insert(one).second) next.insert(one);
        last = std::move(next);
    }
    return all;
}

// How many of them there are for each of the group's forms.
std::vector<long long> by_form(const GroupRow& group, const Ordinals& ordinals) {
    std::vector<long long> out;
    long long first = 1;
    for (const auto made : group.layout) {
        out.push_back(
            std::distance(ordinals.lower_bound(first), ordinals.lower_bound(first + made)));
        first += made;
    }
    return out;
}

std::vector<long long> less(std::vector<long long> all, const std::vector<long long>& some) {
    for (std::size_t k = 0; k < all.size(); ++k) all[k] -= some[k];
    return all;
}

Ordinals minus(const Ordinals& all, const Ordinals& some) {
    Ordinals out;
    std::ranges::set_difference(all, some, std::inserter(out, out.end()));
    return out;
}

Ordinals of_group(const std::set<Place>& places, long long group) {
    Ordinals out;
    for (const auto& place : places)
        if (place.group == group) out.insert(place.ordinal);
    return out;
}

// An item that has left the group says so itself; others are not of it.
Ordinals named_only(RestoreContext& restoring, const GroupRow& group) {
    Ordinals out;
    for (const auto& id : *restoring.options.choices.only) {
        const auto address = parse_item_id(id);
        if (address.group_id != group.uuid)
            throw Error(Code::kBadRequest, "'only' names " + id + ", which is not of the group");
        group_of(restoring.transaction.connection(), restoring.trash_schema, id, false);
        out.insert(address.ordinal);
    }
    if (out.empty()) throw Error(Code::kBadRequest, "'only' names nothing; leave it out for all");
    return out;
}

// What is said of a group: a set of its items, and whether these go or stay.
struct Split {
    Ordinals named;
    bool going = false;
};

std::optional<Split> split(RestoreContext& restoring, const GroupRow& group) {
    const auto& exactly = restoring.options.choices.exactly;
    if (const auto some = exactly.find(group.uuid); some != exactly.end())
        return Split{some->second, true};
    const bool main = group.id == restoring.groups.front().id;
    const auto out = of_group(restoring.chosen.left_out, group.id);
    const bool only = main && restoring.options.choices.only;
    if (!only && out.empty()) return std::nullopt;
    auto left = closure(restoring, group.id, out);
    if (!only) return Split{std::move(left), false};
    auto going = closure(restoring, group.id, named_only(restoring, group));
    going.merge(of_group(restoring.chosen.brought, group.id));
    return Split{minus(going, left), true};
}

constexpr const char* kMoveOut = R"(UPDATE {schema}.item
  SET ordinal = OPERATOR(pg_catalog.-) ordinal
  WHERE group_id OPERATOR(pg_catalog.=) $1::pg_catalog.int8
    AND {not}ordinal OPERATOR(pg_catalog.=) ANY ($2::pg_catalog.int4[]))";

// The smaller part moves.
void move_out(RestoreContext& restoring, const GroupRow& group, const Split& parts, Part& part) {
    const auto size = static_cast<long long>(parts.named.size());
    const bool named_moves = size * 2 <= group.size;
    part.going_moved = named_moves == parts.going;
    restoring.transaction.exec(
        filled(kMoveOut, restoring.trash_schema, {{"not", named_moves ? "" : "NOT "}}),
        {to_string(group.id), numbers(parts.named)});
}

void lay_out(RestoreContext& restoring, const GroupRow& group, bool moved) {
    for (auto& [id, shape] : restoring.shapes)
        std::erase_if(shape.ranges, [&](const auto& range) { return range.group == group.id; });
    for (const auto& whole : restoring.chosen.groups)
        if (whole.id == group.id)
            for (std::size_t k = 0; k < whole.shapes.size(); ++k)
                restoring.shapes.at(whole.shapes[k]).count -= whole.counts[k];
    add_ranges(restoring, group, moved);
}

std::string in_link(const std::string& array, int attnum) {
    return schema::filled("l.{array}[{place}]",
                          {{"array", array}, {"place", place_in("l", attnum)}});
}

// SQL: the link l is of the key and refers to one of the items.
std::string refers_to_items(const RestoreContext& restoring, const Shape& shape,
                            const ForeignKey& key) {
    const auto cut = cut_reference(restoring, shape, key);
    return schema::filled("({of_key} AND EXISTS (SELECT FROM {parents} p WHERE {same}))",
                          {{"of_key", cut.of_key}, {"parents", cut.parents}, {"same", cut.same}});
}

constexpr const char* kHideLinks = R"(UPDATE {schema}.link l
  SET group_id = OPERATOR(pg_catalog.-) l.group_id
  WHERE l.group_id OPERATOR(pg_catalog.=) {group} AND ({going}) IS NOT TRUE)";

// References to what stays are set back when that comes.
long long hide_links(RestoreContext& restoring, const GroupRow& group) {
    if (group.links == 0) return 0;
    std::vector<std::string> going = {"false"};
    for (const auto& [id, shape] : restoring.shapes)
        for (const auto* key : cutting_keys(restoring, shape))
            going.push_back(refers_to_items(restoring, shape, *key));
    const auto sql = filled(kHideLinks, restoring.trash_schema,
                            {{"group", to_string(group.id)}, {"going", join(going, " OR ")}});
    return restoring.exec(sql).affected();
}

void hide(RestoreContext& restoring, GroupRow& group) {
    const auto parts = split(restoring, group);
    if (!parts) return;
    const auto named = by_form(group, parts->named);
    const auto size = static_cast<long long>(parts->named.size());
    const auto going = parts->going ? size : group.size - size;
    if (going == 0)
        throw Error(Code::kBadRequest, "all of the group is left out; nothing would come back");
    if (going == group.size) return;
    Part part;
    part.counts = parts->going ? less(group.counts, named) : named;
    part.size = group.size - going;
    if (parts->going) part.first = *parts->named.begin();
    const bool alone = of_group(restoring.chosen.brought, group.id).empty() &&
                       of_group(restoring.chosen.left_out, group.id).empty();
    for (const auto root : group.roots)
        if (alone && !parts->named.contains(root)) part.topmost.push_back(root);
    move_out(restoring, group, *parts, part);
    group.counts = less(group.counts, part.counts);
    group.size = going;
    lay_out(restoring, group, part.going_moved);
    part.links = hide_links(restoring, group);
    group.links -= part.links;
    restoring.chosen.parts[group.id] = std::move(part);
}

std::string gone_items(const Part& part) {
    if (!part.going_moved) return "ordinal OPERATOR(pg_catalog.>) 0";
    return schema::filled(
        "(ordinal OPERATOR(pg_catalog.<) 0 OR ordinal OPERATOR(pg_catalog.>=) {changed})",
        {{"changed", to_string(kFirstChanged)}});
}

// The items are gone, and the group knows which and by whom.
void remove_items(RestoreContext& restoring, const GroupRow& group, const Part& part,
                  const std::string& outcome) {
    Ordinals changed;
    for (const auto& [was, now] : restoring.chosen.now)
        if (was.group == group.id && now.ordinal >= kFirstChanged) changed.insert(was.ordinal);
    const auto done = restoring.transaction.exec(
        schema::filled(kEndPart, {{"schema", schema::quoted(restoring.trash_schema)},
                                  {"gone", gone_items(part)},
                                  {"changed", to_string(kFirstChanged)}}),
        {to_string(group.id), outcome, restoring.actor.by, numbers(changed)});
    if (done.integer(0, 0) != group.size)
        throw Error(Code::kInternal,
                    "the group has other items than it says; nothing has happened");
}

constexpr const char* kDeleteLinks =
    "DELETE FROM {schema}.link WHERE group_id OPERATOR(pg_catalog.=) {group}";
constexpr const char* kBringLinksBack = R"(UPDATE {schema}.link SET group_id = {group}
  WHERE group_id OPERATOR(pg_catalog.=) -{group})";
constexpr const char* kBringItemsBack = R"(UPDATE {schema}.item
  SET ordinal = OPERATOR(pg_catalog.-) ordinal
  WHERE group_id OPERATOR(pg_catalog.=) {group} AND ordinal OPERATOR(pg_catalog.<) 0)";

void bring_rest_back(RestoreContext& restoring, const GroupRow& group, const Part& part) {
    const auto run = [&](const char* sql) {
        restoring.exec(filled(sql, restoring.trash_schema, {{"group", to_string(group.id)}}));
    };
    run(kDeleteLinks);
    if (part.links > 0) run(kBringLinksBack);
    if (!part.going_moved) run(kBringItemsBack);
}

// What has nothing above it of what is left.
std::vector<long long> topmost(RestoreContext& restoring, const GroupRow& whole, const Part& part) {
    if (!part.topmost.empty()) return part.topmost;
    const auto going = restoring.shapes;
    auto rest = whole;
    rest.counts = part.counts;
    restoring.shapes = restoring.chosen.shapes;
    lay_out(restoring, rest, false);
    auto all = topmost_items(restoring, whole.id);
    restoring.shapes = going;
    return all;
}

void keep_group(RestoreContext& restoring, const GroupRow& whole, const Part& part) {
    const auto roots = topmost(restoring, whole, part);
    std::vector<Param> counts, layout, ordinals;
    for (const auto count : part.counts) counts.emplace_back(to_string(count));
    for (const auto made : whole.layout) layout.emplace_back(to_string(made));
    for (const auto root : roots) ordinals.emplace_back(to_string(root));
    const auto done = restoring.transaction.exec(
        schema::filled(kKeepRest, {{"schema", schema::quoted(restoring.trash_schema)}}),
        {to_string(whole.id), to_string(part.size), to_string(part.links),
         schema::array_literal(counts), schema::array_literal(layout),
         schema::array_literal(ordinals), to_string(roots.front())});
    if (done.affected() != 1)
        throw Error(Code::kInternal, "what is left of the group is not there; nothing happened");
}

constexpr const char* kNamed = R"(SELECT shape, coalesce(object_id, '') FROM {schema}.item
  WHERE group_id OPERATOR(pg_catalog.=) $1::pg_catalog.int8
    AND ordinal OPERATOR(pg_catalog.=) $2::pg_catalog.int4)";

// The ledger names the topmost item that went.
GroupRow named_by_first(RestoreContext& restoring, GroupRow group, const Part& part) {
    const auto place = as_changed(restoring, {group.id, part.first});
    const auto found = restoring.transaction.exec(filled(kNamed, restoring.trash_schema),
                                                  {to_string(group.id), to_string(place.ordinal)});
    if (found.rows() == 0) return group;
    group.root_shape = static_cast<int>(found.integer(0, 0));
    group.root_object = found.text(0, 1);
    return group;
}

const GroupRow& whole_of(const RestoreContext& restoring, long long group) {
    return *std::ranges::find(restoring.chosen.groups, group, &GroupRow::id);
}

}  // namespace

// Whose rows went into the trash because of those that they refer to.
std::vector<const ForeignKey*> hanging_keys(const RestoreContext& restoring) {
    std::vector<const ForeignKey*> out;
    for (const auto* table : tables_of(restoring))
        for (const auto* key : restoring.catalog.references(table->oid)) {
            const bool cuts = key->on_delete == schema::Action::kSetNull ||
                              key->on_delete == schema::Action::kSetDefault;
            if (!cuts && !key->period && key->child_part == 0 && has_items(restoring, key->parent))
                out.push_back(key);
        }
    return out;
}

std::vector<const ForeignKey*> cutting_keys(const RestoreContext& restoring, const Shape& shape) {
    std::vector<const ForeignKey*> out;
    if (shape.table == nullptr || shape.id < 0) return out;
    for (const auto* key : restoring.catalog.references(shape.relation))
        if (key->child_part == 0 && !key->period && has_items(restoring, key->parent))
            out.push_back(key);
    return out;
}

CutReference cut_reference(const RestoreContext& restoring, const Shape& shape,
                           const ForeignKey& key) {
    const auto& parent = *restoring.catalog.table(key.parent);
    std::vector<std::string> same,
        of_key = {"l.shape OPERATOR(pg_catalog.=) " + to_string(shape.id)};
    for (std::size_t k = 0; k < key.child_columns.size(); ++k) {
        const int attnum = key.child_columns[k];
        const bool cut = key.set_columns.empty() || std::ranges::count(key.set_columns, attnum) > 0;
        if (!cut) continue;
        const auto& column = *shape.table->column(attnum);
        of_key.push_back("l.attnums OPERATOR(pg_catalog.@>) ARRAY[" + to_string(attnum) +
                         "]::pg_catalog.int2[]");
        same.push_back(schema::same_value(
            key, k,
            schema::in_base_type(*parent.column(key.parent_columns[k]), "p.e" + to_string(k + 1)),
            schema::in_base_type(column, read_value(shape, column, in_link("was", attnum)))));
    }
    return {items_with(restoring, key.parent, key.parent_columns), join(of_key, " AND "),
            join(same, " AND ")};
}

std::vector<long long> topmost_items(RestoreContext& restoring, long long group) {
    std::vector<std::string> sources;
    for (const auto& [id, shape] : restoring.shapes)
        if (shape.count > 0 && std::ranges::count(shape.ranges, group, &Range::group) > 0)
            sources.push_back(schema::filled(
                "SELECT i.ordinal FROM {items} i WHERE i.group_id OPERATOR(pg_catalog.=) {group}",
                {{"items", source(restoring, shape)}, {"group", to_string(group)}}));
    auto all = ordinals_of(restoring, join(sources, " UNION ALL "));
    const auto first = *all.begin();
    for (const auto* key : hanging_keys(restoring))
        all = minus(
            all, hanging(restoring, group, *key,
                         key->child == key->parent ? "p.ordinal OPERATOR(pg_catalog.<>) v.ordinal"
                                                   : "true"));
    if (all.empty()) return {first};
    return {all.begin(), all.end()};
}

std::string referring_items(const RestoreContext& restoring, const ForeignKey& key) {
    return schema::filled(
        "{children} v JOIN {parents} p ON {same_key}",
        {{"children", items_with(restoring, key.child, key.child_columns, key.where)},
         {"parents", items_with(restoring, key.parent, key.parent_columns)},
         {"same_key", same_key(restoring, key)}});
}

void hide_rest(RestoreContext& restoring) {
    restoring.chosen.parts.clear();
    for (auto& group : restoring.groups) hide(restoring, group);
}

EndedPart end_part(RestoreContext& restoring, const GroupRow& group, const std::string& outcome) {
    const auto& part = restoring.chosen.parts.at(group.id);
    auto entry = ledger_entry(restoring, named_by_first(restoring, group, part), outcome);
    entry.sql += ", pg_catalog.encode(" + entry_digest() + ", 'hex')";
    std::vector<schema::Statement> all = {entry};
    if (outcome == "restored")
        for (auto& one : keep_for_undo(restoring, group)) all.push_back(std::move(one));
    const auto said = restoring.together(all)[0];
    remove_items(restoring, group, part, outcome);
    bring_rest_back(restoring, group, part);
    keep_group(restoring, whole_of(restoring, group.id), part);
    restoring.result.left += part.size;
    const std::string id(said.text(0, 0));
    return {id, id + "-" + std::string(said.text(0, 1))};
}

std::optional<Purged> purge_part(schema::Transaction& transaction, const schema::Catalog& catalog,
                                 const std::string& trash_schema, const PartToPurge& purging) {
    RestoreOptions options;
    options.choices.only = {purging.item_id};
    RestoreContext restoring{transaction, catalog, trash_schema, options, purging.actor};
    add_group(restoring, purging.group);
    restoring.chosen.groups = restoring.groups;
    restoring.chosen.shapes = restoring.shapes;
    hide_rest(restoring);
    if (restoring.chosen.parts.empty()) return std::nullopt;
    const auto& group = restoring.groups.front();
    refuse_held(transaction.connection(), trash_schema, {group.id},
                !restoring.chosen.parts.at(group.id).going_moved);
    return Purged{group.size, end_part(restoring, group, "purged").receipt, false};
}

}  // namespace trashd::trash
