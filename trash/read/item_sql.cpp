// A list is one statement, of which there are three: over the items, where few are meant or the
// order is of items; group by group along the index of groups; and group by group behind a sort of
// the groups. Each gives one row more than asked for, which says that there is a next page.
#include "trash/read/item_sql.hpp"

#include <algorithm>

#include "schema/catalog/catalog.hpp"
#include "schema/catalog/value.hpp"
#include "schema/identifier.hpp"
#include "schema/session/connection.hpp"
#include "trash/read/group_counts.hpp"
#include "trash/store/item_id.hpp"
#include "trash/store/principal_names.hpp"
#include "trash/store/rehearsal_holds.hpp"
#include "trash/store/sql.hpp"
#include "trash/store/usual_names.hpp"

namespace trashd::trash {
namespace {

using schema::literal;
using std::to_string;

constexpr int kLongestName = 500;        // characters of a display name
constexpr std::size_t kItemFields = 14;  // before those of a rehearsal, where there was one

std::string naming_rows(const std::vector<Naming>& naming) {
    if (naming.empty())
        return R"((SELECT NULL::pg_catalog.text, NULL::pg_catalog.text, NULL::pg_catalog.text,
      NULL::pg_catalog.text WHERE false))";
    std::vector<std::string> rows;
    for (const auto& one : naming)
        rows.push_back(schema::filled("({table_schema}, {table}, {class}, {display})",
                                      {{"table_schema", literal(one.table.schema)},
                                       {"table", literal(one.table.name)},
                                       {"class", literal(one.class_name)},
                                       {"display", literal(one.display)}}));
    return "(VALUES " + schema::join(rows, ", ") + ")";
}

bool hides(const std::vector<Naming>& naming) {
    return std::ranges::any_of(naming, [](const Naming& one) { return !one.hidden.empty(); });
}

std::string unless_empty(const std::string& text) {
    return schema::filled("CASE WHEN {text} OPERATOR(pg_catalog.<>) '' THEN {text} END",
                          {{"text", text}});
}

// What the form's place d..., e... holds; NULL for nothing.
std::string named_by(const std::string& place) {
    return unless_empty("i.payload[s." + place + "]");
}

// What the usual columns of a name hold, in their order: of two that make one name, both.
std::string usual_names() {
    std::vector<std::string> out;
    for (std::size_t at = 0; at < std::size(kUsualNames); ++at) {
        const auto n = to_string(at + 1), first = named_by("d" + n);
        const bool alone = kUsualNames[at].second.empty();
        out.push_back(alone ? first
                            : unless_empty(schema::filled(
                                  "pg_catalog.concat_ws(' ', {first}, {second})",
                                  {{"first", first}, {"second", named_by("e" + n)}})));
    }
    return schema::join(out, ", ");
}

// Where a form has a column of its display name, and what that place is called.
struct PlaceOfName {
    std::string column, name;  // the column as SQL
};

std::vector<PlaceOfName> places_of_names() {
    std::vector<PlaceOfName> places = {{"m.display", "d0"}};
    for (std::size_t at = 0; at < std::size(kUsualNames); ++at) {
        const auto& usual = kUsualNames[at];
        places.push_back({literal(std::string(usual.column)), "d" + to_string(at + 1)});
        if (!usual.second.empty())
            places.push_back({literal(std::string(usual.second)), "e" + to_string(at + 1)});
    }
    return places;
}

// names: SQL of the names of the form's columns.
std::string select_places_of_names(const std::string& names) {
    std::vector<std::string> out;
    for (const auto& place : places_of_names())
        out.push_back("pg_catalog.array_position(" + names + ", " + place.column + ") AS " +
                      place.name);
    return schema::join(out, ", ");
}

// Of the columns of a form s, with NULL for those that are hidden.
std::string shown_names(const std::vector<Naming>& naming) {
    return schema::filled(R"(ARRAY(SELECT CASE WHEN {hidden} THEN NULL ELSE u.name END
      FROM pg_catalog.unnest(s.names) WITH ORDINALITY u(name, n) ORDER BY u.n))",
                          {{"hidden", hidden_place(naming, "u.n")}});
}

}  // namespace

// By its name of then and of now, so that neither a column that is gone nor one that has been
// called otherwise since is shown.
std::string hidden_place(const std::vector<Naming>& naming, const std::string& place) {
    std::vector<std::string> out;
    for (const auto& one : naming) {
        if (one.hidden.empty()) continue;
        const auto names = literal(schema::array_literal({one.hidden.begin(), one.hidden.end()}));
        out.push_back(schema::filled(
            R"((coalesce(s.now_schema, s.schema_name) OPERATOR(pg_catalog.=) {table_schema}
        AND coalesce(s.now_table, s.table_name) OPERATOR(pg_catalog.=) {table}
        OR s.relation OPERATOR(pg_catalog.=) pg_catalog.to_regclass({relation})::pg_catalog.oid)
      AND (s.names[({place})::pg_catalog.int4] OPERATOR(pg_catalog.=) ANY ({names}::pg_catalog.text[])
        OR s.now_names[({place})::pg_catalog.int4] OPERATOR(pg_catalog.=)
          ANY ({names}::pg_catalog.text[])))",
            {{"table_schema", literal(one.table.schema)},
             {"table", literal(one.table.name)},
             {"relation", literal(schema::quoted(one.table))},
             {"names", names},
             {"place", place}}));
    }
    return out.empty() ? "" : "(" + schema::join(out, " OR ") + ")";
}

// The configured column, and where nothing is in it the usual ones.
std::string display_name() {
    static const auto sql = schema::filled(
        R"(coalesce({configured}, {usual},
    s.class OPERATOR(pg_catalog.||) ' ' OPERATOR(pg_catalog.||) coalesce(i.object_id, '')))",
        {{"configured", named_by("d0")}, {"usual", usual_names()}});
    return sql;
}

std::string shown_name() {
    return schema::filled("pg_catalog.left({name}, {longest})",
                          {{"name", display_name()}, {"longest", to_string(kLongestName)}});
}

std::string described_shapes(const std::string& trash_schema, const std::vector<Naming>& naming) {
    static const auto of_all = select_places_of_names("s.names");
    const auto places = hides(naming) ? select_places_of_names(shown_names(naming)) : of_all;
    return filled(
        R"((SELECT s.id,
      coalesce(n.nspname::pg_catalog.text, s.now_schema, s.schema_name) AS schema_name,
      coalesce(c.relname::pg_catalog.text, s.now_table, s.table_name) AS table_name,
      coalesce({called}, c.relname::pg_catalog.text, s.now_table, s.table_name) AS class,
      {places}
    FROM {schema}.shape s
    LEFT JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) s.relation
    LEFT JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
    LEFT JOIN {naming} m(schema_name, table_name, class, display)
      ON m.schema_name OPERATOR(pg_catalog.=) n.nspname
      AND m.table_name OPERATOR(pg_catalog.=) c.relname))",
        trash_schema,
        {{"called", unless_empty("m.class")}, {"places", places}, {"naming", naming_rows(naming)}});
}

std::string shapes_as_described(schema::Connection& connection, const std::string& trash_schema,
                                const std::vector<Naming>& naming, const std::vector<int>& forms) {
    std::vector<schema::Param> ids;
    for (const int form : forms) ids.emplace_back(to_string(form));
    const auto sql = schema::filled(
        "SELECT s.* FROM {shapes} s WHERE s.id OPERATOR(pg_catalog.=) ANY($1::int[])",
        {{"shapes", described_shapes(trash_schema, naming)}});
    const auto found = connection.exec(sql, {schema::array_literal(ids)});
    std::string names = "id, schema_name, table_name, class";
    for (const auto& place : places_of_names()) names += ", " + place.name;
    std::vector<std::string> rows;
    for (int row = 0; row < found.rows(); ++row) {
        std::vector<std::string> values;
        for (int at = 0; at < found.columns(); ++at) {
            const bool text = at > 0 && at < 4;
            values.push_back(
                (found.null(row, at) ? "NULL" : literal(std::string(found.text(row, at)))) +
                (text ? "::pg_catalog.text" : "::pg_catalog.int4"));
        }
        rows.push_back("(" + schema::join(values, ", ") + ")");
    }
    return schema::filled("(SELECT * FROM (VALUES {rows}) v({names}))",
                          {{"rows", schema::join(rows, ", ")}, {"names", names}});
}

std::string is_gone(const std::string& alias) {
    return schema::filled(
        R"(NOT EXISTS (SELECT FROM pg_catalog.pg_class there
    WHERE there.oid OPERATOR(pg_catalog.=) {alias}.relation))",
        {{"alias", alias}});
}

namespace {

constexpr const char* kRehearsed = R"((SELECT
      ARRAY[r.restorable::pg_catalog.text, {checked}, r.conflicts::pg_catalog.text]
    FROM {schema}.rehearsal r
    WHERE {holds} AND r.restorable IS NOT NULL))";

}  // namespace

std::string item_fields(const std::string& trash_schema) {
    return schema::filled(
        R"(ARRAY[g.uuid::pg_catalog.text, i.ordinal::pg_catalog.text, {created}, g.deleted_by,
      g.reason, {expires}, g.size::pg_catalog.text, i.object_id, s.schema_name, s.table_name,
      {name}, ({is_root})::pg_catalog.text, (g.layout IS NOT NULL)::pg_catalog.text, {called}]
    OPERATOR(pg_catalog.||) {rehearsed})",
        {{"rehearsed",
          filled(kRehearsed, trash_schema, {{"checked", utc("r.at")}, {"holds", kRehearsalHolds}})},
         {"called", name_of_principal(trash_schema, "g.deleted_by", "g.tenant")},
         {"created", utc("g.created_at")},
         {"expires", utc("g.expires_at")},
         {"name", shown_name()},
         {"is_root", is_root()}});
}

std::string item_fields_at(const std::string& trash_schema, const std::vector<Naming>& naming,
                           const std::string& group_id, const std::string& ordinal) {
    return filled(
        R"((SELECT {fields}
    FROM {schema}.item i
    JOIN {schema}.trash_group g ON g.id OPERATOR(pg_catalog.=) i.group_id
    JOIN {shapes} s ON s.id OPERATOR(pg_catalog.=) i.shape
    WHERE i.group_id OPERATOR(pg_catalog.=) {group}
      AND i.ordinal OPERATOR(pg_catalog.=) {ordinal}))",
        trash_schema,
        {{"fields", item_fields(trash_schema)},
         {"shapes", described_shapes(trash_schema, naming)},
         {"group", group_id},
         {"ordinal", ordinal}});
}

Item item_from(std::string_view fields) {
    auto values = schema::parse_array(fields);
    auto text = [&](std::size_t at) { return values.at(at).value_or(""); };
    Item item;
    item.group_id = text(0);
    item.id = item_id(item.group_id, std::stoll(text(1)));
    item.root = text(11) == "true";
    item.partly = text(12) == "true";
    item.created_at = item.updated_at = text(2);
    item.deleted_by = text(3);
    item.deleted_by_name = values.at(13);
    item.reason = values.at(4);
    item.expires_at = values.at(5);
    item.group_size = std::stoll(text(6));
    item.object_id = text(7);
    item.table = {text(8), text(9)};
    item.display_name = text(10);
    if (values.size() > kItemFields) {
        item.restorable = text(kItemFields) == "true";
        item.checked_at = values.at(kItemFields + 1);
        item.conflicts = values.at(kItemFields + 2);
    }
    return item;
}

namespace {

// What a list is sorted by before the group's number and the ordinal. of_item: it differs among the
// items of a group.
struct SortKey {
    std::string sql, type;
    bool of_item = false;
};

SortKey sort_key(ItemOrder order) {
    switch (order) {
        case ItemOrder::kCreatedAt:
            return {"g.created_at", "pg_catalog.timestamptz"};
        case ItemOrder::kDisplayName:
            return {shown_name(), "pg_catalog.text", true};
        case ItemOrder::kGroupSize:
            return {"g.size", "pg_catalog.int8"};
        case ItemOrder::kDeletedBy:
            return {"g.deleted_by", "pg_catalog.text"};
        case ItemOrder::kExpiresAt:  // what never expires comes after all that does
            return {"coalesce(g.expires_at, 'infinity')", "pg_catalog.timestamptz"};
    }
    return {};
}

// The items that are meant: where there are few of them, or they are sorted by what is of each.
constexpr const char* kAmongItems = R"(SELECT g.id AS group_id, i.ordinal, i.shape,
    ({key})::pg_catalog.text AS key
  FROM {schema}.item i{join_names}
  JOIN {schema}.trash_group g ON g.id OPERATOR(pg_catalog.=) i.group_id
  WHERE {groups}{and_items}
  ORDER BY {order} LIMIT {limit})";

// Group by group, along the groups' index.
constexpr const char* kByGroup = R"(SELECT g.id AS group_id, i.ordinal, i.shape,
    ({key})::pg_catalog.text AS key
  FROM {schema}.trash_group g
  CROSS JOIN LATERAL (
    SELECT i.ordinal, i.shape {from_members}
    ORDER BY i.ordinal{ordinal_way} LIMIT {limit}) i
  WHERE {groups}
  ORDER BY {order} LIMIT {limit})";

// Where no index gives the order, groups are sorted before their items are looked at. Of the one
// that the page before ended in nothing may be left.
constexpr const char* kBySortedGroup = R"(SELECT g.id AS group_id, i.ordinal, i.shape,
    ({key})::pg_catalog.text AS key
  FROM (
    SELECT g.* FROM {schema}.trash_group g
    WHERE {groups}{and_has_members}
    ORDER BY {group_order} LIMIT {limit_of_groups}) g
  CROSS JOIN LATERAL (
    SELECT i.ordinal, i.shape {from_members}
    ORDER BY i.ordinal{ordinal_way} LIMIT {limit}) i
  ORDER BY {order} LIMIT {limit})";

constexpr const char* kMembers = R"(FROM {schema}.item i{join_names}
    WHERE i.group_id OPERATOR(pg_catalog.=) g.id{and_items})";

constexpr const char* kBound = R"(SELECT ({key})::pg_catalog.text, g.id
  FROM {schema}.trash_group g
  WHERE {groups}
  ORDER BY {group_order} OFFSET {before} LIMIT 1)";

constexpr const char* kSumOfGroups =
    "SELECT coalesce(pg_catalog.sum(g.size), 0) FROM {schema}.trash_group g WHERE {groups}";
constexpr const char* kSumOfRoots =
    "SELECT coalesce(pg_catalog.sum({roots}), 0) FROM {schema}.trash_group g WHERE {groups}";
constexpr const char* kSumOfForms = R"(SELECT coalesce(pg_catalog.sum(u.n), 0)
  FROM {schema}.trash_group g
  CROSS JOIN LATERAL {forms} u
  WHERE {groups}{and_of_form})";
constexpr const char* kCountOfItems = R"(SELECT pg_catalog.count(*)
  FROM {schema}.item i{join_names}
  JOIN {schema}.trash_group g ON g.id OPERATOR(pg_catalog.=) i.group_id
  WHERE {groups}{and_items})";

// Forwards the members of a group follow each other in the order of their ordinals, whatever the
// order of the groups.
class Listing {
  public:
    Listing(const ItemQuery& asked, const std::string& trash_schema)
        : key_(sort_key(asked.order)),
          down_(asked.descending != asked.backwards),
          ordinal_down_(key_.of_item ? down_ : asked.backwards),
          count_(asked.limit + 1),
          trash_schema_(trash_schema) {}

    void go_on(ItemConditions& all, const ItemPosition& after) const;
    void end_at(ItemConditions& all, const ItemPosition& last) const;
    // plain: each group has an item that is meant.
    std::string select(const ItemConditions& all, bool few, bool plain) const;
    std::string bound(const ItemConditions& all, long long groups) const;

  private:
    static std::string way(bool down) { return down ? " DESC" : ""; }
    std::string group_order() const { return key_.sql + way(down_) + ", g.id" + way(down_); }
    std::string order() const { return group_order() + ", i.ordinal" + way(ordinal_down_); }
    std::string among_items(const ItemConditions& all) const;

    SortKey key_;
    bool down_, ordinal_down_;
    int count_;
    const std::string& trash_schema_;
};

void Listing::go_on(ItemConditions& all, const ItemPosition& after) const {
    const schema::Values values = {{"key", key_.sql},
                                   {"type", key_.type},
                                   {"beyond", down_ ? "<" : ">"},
                                   {"ordinal_beyond", ordinal_down_ ? "<" : ">"},
                                   {"at", all.param(after.key)},
                                   {"group", all.param(to_string(after.group))},
                                   {"ordinal", all.param(to_string(after.ordinal))}};
    if (key_.of_item)
        return all.of_item(schema::filled(
            R"(({key}, g.id, i.ordinal) OPERATOR(pg_catalog.{beyond})
    ({at}::{type}, {group}::bigint, {ordinal}::bigint))",
            values));
    all.of_group(schema::filled(
        "({key}, g.id) OPERATOR(pg_catalog.{beyond}=) ({at}::{type}, {group}::bigint)", values));
    all.of_item(schema::filled(
        R"((g.id OPERATOR(pg_catalog.<>) {group}::bigint
    OR i.ordinal OPERATOR(pg_catalog.{ordinal_beyond}) {ordinal}::bigint))",
        values));
}

void Listing::end_at(ItemConditions& all, const ItemPosition& last) const {
    all.of_group(schema::filled(
        "({key}, g.id) OPERATOR(pg_catalog.{within}) ({at}::{type}, {group}::bigint)",
        {{"key", key_.sql},
         {"type", key_.type},
         {"within", down_ ? ">=" : "<="},
         {"at", all.param(last.key)},
         {"group", all.param(to_string(last.group))}}));
}

std::string Listing::among_items(const ItemConditions& all) const {
    return filled(kAmongItems, trash_schema_,
                  {{"key", key_.sql},
                   {"join_names", all.names},
                   {"groups", all.groups},
                   {"and_items", all.items_of_form("i.shape")},
                   {"order", order()},
                   {"limit", to_string(count_)}});
}

std::string Listing::select(const ItemConditions& all, bool few, bool plain) const {
    if (few || key_.of_item) return among_items(all);
    const bool indexed = key_.sql == "g.created_at";
    const auto members =
        filled(kMembers, trash_schema_,
               {{"join_names", all.names}, {"and_items", all.items_of_form(kShapeInGroup)}});
    return filled(indexed ? kByGroup : kBySortedGroup, trash_schema_,
                  {{"key", key_.sql},
                   {"groups", all.groups},
                   {"from_members", members},
                   {"and_has_members", plain ? "" : " AND EXISTS (SELECT " + members + ")"},
                   {"group_order", group_order()},
                   {"order", order()},
                   {"ordinal_way", way(ordinal_down_)},
                   {"limit", to_string(count_)},
                   {"limit_of_groups", to_string(count_ + 1)}});
}

std::string Listing::bound(const ItemConditions& all, long long groups) const {
    return filled(kBound, trash_schema_,
                  {{"key", key_.sql},
                   {"groups", all.groups},
                   {"group_order", group_order()},
                   {"before", to_string(groups - 1)}});
}

}  // namespace

std::string key_type(ItemOrder order) {
    return sort_key(order).type;
}

namespace {

// Items are looked at only where they are few or their values matter: of the others the rows of the
// groups tell how many there are.
std::string count_sql(const ItemConditions& all, const ItemFilter& filter, bool few) {
    if (filter.hidden || few || asks_values(filter)) return kCountOfItems;
    if (!all.forms.empty()) return kSumOfForms;
    if (filter.root) return *filter.root ? kSumOfRoots : kSumOfForms;
    return kSumOfGroups;
}

}  // namespace

ItemListSql item_list_sql(const ItemQuery& asked, const ItemSource& source,
                          const FilterShapes& forms) {
    const Listing listing(asked, source.trash_schema);
    auto all = item_conditions(asked, source, forms);
    ItemListSql query;
    query.count = filled(count_sql(all, asked.filter, forms.few), source.trash_schema,
                         {{"join_names", all.names},
                          {"groups", all.groups},
                          {"and_items", all.items_of_form("i.shape")},
                          {"roots", roots_of_group()},
                          {"forms", forms_of_group(asked.filter.root)},
                          {"and_of_form", all.of_form("u.shape")}});
    query.count_params = all.params;
    const bool plain = means_whole_groups(all) && !asked.filter.hidden;
    if (asked.after) listing.go_on(all, *asked.after);
    if (forms.until) listing.end_at(all, *forms.until);
    query.select = listing.select(all, forms.few, plain);
    query.params = all.params;
    return query;
}

BoundSql item_bound_sql(const ItemQuery& asked, const ItemSource& source, long long groups) {
    const Listing listing(asked, source.trash_schema);
    auto all = group_conditions(asked.filter);
    if (asked.after) {
        const auto& after = *asked.after;
        auto own = asked;
        own.backwards = !asked.backwards;
        Listing(own, source.trash_schema).end_at(all, after);
    }
    return {listing.bound(all, groups), all.params};
}

}  // namespace trashd::trash
