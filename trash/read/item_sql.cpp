#include "trash/read/item_sql.hpp"

#include "schema/catalog/catalog.hpp"
#include "schema/catalog/value.hpp"
#include "schema/identifier.hpp"
#include "trash/store/item_id.hpp"
#include "trash/store/sql.hpp"
#include "trash/store/usual_names.hpp"

namespace trashd::trash {
namespace {

using schema::literal;
using schema::quoted;
using std::to_string;

constexpr int kLongestName = 500;  // characters of a display name

std::string naming_rows(const std::vector<Naming>& naming) {
    if (naming.empty())
        return "(SELECT NULL::pg_catalog.text, NULL::pg_catalog.text, NULL::pg_catalog.text, "
               "NULL::pg_catalog.text WHERE false)";
    std::string rows;
    for (const auto& one : naming)
        rows += (rows.empty() ? "(VALUES (" : ", (") + literal(one.table.schema) + ", " +
                literal(one.table.name) + ", " + literal(one.class_name) + ", " +
                literal(one.display) + ")";
    return rows + ")";
}

std::string unless_empty(const std::string& text) {
    return "CASE WHEN " + text + " OPERATOR(pg_catalog.<>) '' THEN " + text + " END";
}

// What the form's place d..., e... holds; NULL for nothing.
std::string named_by(const std::string& place) {
    return unless_empty("i.payload[s." + place + "]");
}

std::string place_of(std::string_view column, const std::string& name) {
    return ", pg_catalog.array_position(s.names, " + literal(std::string(column)) + ") AS " + name;
}

}  // namespace

// The configured column, and where nothing is in it the usual ones.
std::string display_name() {
    std::string sql = "coalesce(" + named_by("d0");
    for (std::size_t at = 0; at < std::size(kUsualNames); ++at) {
        const auto first = named_by("d" + to_string(at + 1));
        if (kUsualNames[at].second.empty())
            sql += ", " + first;
        else
            sql += ", " + unless_empty("pg_catalog.concat_ws(' ', " + first + ", " +
                                       named_by("e" + to_string(at + 1)) + ")");
    }
    return sql +
           ", s.class OPERATOR(pg_catalog.||) ' ' OPERATOR(pg_catalog.||) coalesce(i.object_id, "
           "''))";
}

std::string shown_name() {
    return "pg_catalog.left(" + display_name() + ", " + to_string(kLongestName) + ")";
}

std::string described_shapes(const std::string& trash_schema, const std::vector<Naming>& naming) {
    std::string places = "pg_catalog.array_position(s.names, m.display) AS d0";
    for (std::size_t at = 0; at < std::size(kUsualNames); ++at) {
        const auto& usual = kUsualNames[at];
        places += place_of(usual.column, "d" + to_string(at + 1));
        if (!usual.second.empty()) places += place_of(usual.second, "e" + to_string(at + 1));
    }
    return "(SELECT s.id, coalesce(n.nspname::pg_catalog.text, s.now_schema, s.schema_name) AS "
           "schema_name, "
           "coalesce(c.relname::pg_catalog.text, s.now_table, s.table_name) AS table_name, "
           "coalesce(" +
           unless_empty("m.class") +
           ", c.relname::pg_catalog.text, s.now_table, s.table_name) AS class, " + places +
           " FROM " + quoted({trash_schema, "shape"}) +
           " s LEFT JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) s.relation "
           "LEFT JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace "
           "LEFT JOIN " +
           naming_rows(naming) +
           " m(schema_name, table_name, class, display) ON m.schema_name OPERATOR(pg_catalog.=) "
           "n.nspname AND "
           "m.table_name OPERATOR(pg_catalog.=) c.relname)";
}

std::string is_gone(const std::string& alias) {
    return "NOT EXISTS (SELECT FROM pg_catalog.pg_class there WHERE there.oid "
           "OPERATOR(pg_catalog.=) " +
           alias + ".relation)";
}

std::string item_fields() {
    return "ARRAY[g.uuid::pg_catalog.text, i.ordinal::pg_catalog.text, " + utc("g.created_at") +
           ", g.deleted_by, g.reason, " + utc("g.expires_at") +
           ", g.size::pg_catalog.text, i.object_id, s.schema_name, s.table_name, " + shown_name() +
           ", (" + is_root() + ")::pg_catalog.text, (g.layout IS NOT NULL)::pg_catalog.text]";
}

std::string item_fields_at(const std::string& trash_schema, const std::vector<Naming>& naming,
                           const std::string& group_id, const std::string& ordinal) {
    return "(SELECT " + item_fields() + " FROM " + quoted({trash_schema, "item"}) + " i JOIN " +
           quoted({trash_schema, "trash_group"}) +
           " g ON g.id OPERATOR(pg_catalog.=) i.group_id JOIN " +
           described_shapes(trash_schema, naming) +
           " s ON s.id OPERATOR(pg_catalog.=) i.shape WHERE i.group_id OPERATOR(pg_catalog.=) " +
           group_id + " AND i.ordinal OPERATOR(pg_catalog.=) " + ordinal + ")";
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
    item.reason = values.at(4);
    item.expires_at = values.at(5);
    item.group_size = std::stoll(text(6));
    item.object_id = text(7);
    item.table = {text(8), text(9)};
    item.display_name = text(10);
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

// Forwards the members of a group follow each other in the order of their ordinals, whatever the
// order of the groups.
class Listing {
  public:
    Listing(const ItemQuery& asked, const std::string& trash_schema)
        : key_(sort_key(asked.order)),
          down_(asked.descending != asked.backwards),
          ordinal_down_(key_.of_item ? down_ : asked.backwards),
          count_(asked.limit + 1),
          limit_(" LIMIT " + to_string(count_)),
          groups_(quoted({trash_schema, "trash_group"})),
          items_(quoted({trash_schema, "item"})) {}

    void go_on(ItemConditions& all, const ItemPosition& after) const;
    void end_at(ItemConditions& all, const ItemPosition& last) const;
    // plain: each group has an item that is meant.
    std::string select(const ItemConditions& all, bool few, bool plain) const;
    std::string bound(const ItemConditions& all, long long groups) const;

  private:
    static std::string way(bool down) { return down ? " DESC" : ""; }
    std::string group_order() const {
        return " ORDER BY " + key_.sql + way(down_) + ", g.id" + way(down_);
    }
    std::string order() const { return group_order() + ", i.ordinal" + way(ordinal_down_); }
    std::string compared(const std::string& list, const std::string& than, bool or_same) const {
        return "(" + key_.sql + list + ") OPERATOR(pg_catalog." + (down_ ? "<" : ">") +
               (or_same ? "=" : "") + ") (" + than + ")";
    }
    std::string members(const ItemConditions& all) const;
    std::string joined(const ItemConditions& all) const;
    std::string first_groups(const ItemConditions& all, bool plain) const;

    SortKey key_;
    bool down_, ordinal_down_;
    int count_;
    std::string limit_, groups_, items_;
};

void Listing::go_on(ItemConditions& all, const ItemPosition& after) const {
    const auto at = all.param(after.key) + "::" + key_.type,
               group = all.param(to_string(after.group)) + "::bigint",
               ordinal = all.param(to_string(after.ordinal)) + "::bigint";
    if (key_.of_item)
        return all.of_item(
            compared(", g.id, i.ordinal", at + ", " + group + ", " + ordinal, false));
    all.of_group(compared(", g.id", at + ", " + group, true));
    all.of_item("(g.id OPERATOR(pg_catalog.<>) " + group + " OR i.ordinal OPERATOR(pg_catalog." +
                (ordinal_down_ ? "<" : ">") + ") " + ordinal + ")");
}

void Listing::end_at(ItemConditions& all, const ItemPosition& last) const {
    all.of_group("(" + key_.sql + ", g.id) OPERATOR(pg_catalog." + (down_ ? ">=" : "<=") + ") (" +
                 all.param(last.key) + "::" + key_.type + ", " + all.param(to_string(last.group)) +
                 "::bigint)");
}

std::string Listing::members(const ItemConditions& all) const {
    return " FROM " + items_ + " i" + all.names + " WHERE i.group_id OPERATOR(pg_catalog.=) g.id" +
           all.items_of_form(kShapeInGroup);
}

std::string Listing::joined(const ItemConditions& all) const {
    return " FROM " + items_ + " i" + all.names + " JOIN " + groups_ +
           " g ON g.id OPERATOR(pg_catalog.=) i.group_id WHERE " + all.groups +
           all.items_of_form("i.shape");
}

// Where no index gives the order, groups are sorted before their items are looked at. Of the one
// that the page before ended in nothing may be left.
std::string Listing::first_groups(const ItemConditions& all, bool plain) const {
    return "(SELECT g.* FROM " + groups_ + " g WHERE " + all.groups +
           (plain ? "" : " AND EXISTS (SELECT" + members(all) + ")") + group_order() + " LIMIT " +
           to_string(count_ + 1) + ") g";
}

std::string Listing::select(const ItemConditions& all, bool few, bool plain) const {
    const auto head =
        "SELECT g.id AS group_id, i.ordinal, i.shape, (" + key_.sql + ")::pg_catalog.text AS key";
    if (few || key_.of_item) return head + joined(all) + order() + limit_;
    const bool indexed = key_.sql == "g.created_at";
    return head + " FROM " + (indexed ? groups_ + " g" : first_groups(all, plain)) +
           " CROSS JOIN LATERAL (SELECT i.ordinal, i.shape" + members(all) + " ORDER BY i.ordinal" +
           way(ordinal_down_) + limit_ + ") i" + (indexed ? " WHERE " + all.groups : "") + order() +
           limit_;
}

std::string Listing::bound(const ItemConditions& all, long long groups) const {
    return "SELECT (" + key_.sql + ")::pg_catalog.text, g.id FROM " + groups_ + " g WHERE " +
           all.groups + group_order() + " OFFSET " + to_string(groups - 1) + " LIMIT 1";
}

}  // namespace

std::string key_type(ItemOrder order) {
    return sort_key(order).type;
}

ItemListSql item_list_sql(const ItemQuery& asked, const ItemSource& source,
                          const FilterShapes& forms) {
    const Listing listing(asked, source.trash_schema);
    auto all = item_conditions(asked, source, forms);
    const auto groups = quoted({source.trash_schema, "trash_group"});
    ItemListSql query;
    query.count =
        all.items_of_form("i.shape").empty() && !asked.filter.hidden
            ? "SELECT coalesce(pg_catalog.sum(g.size), 0) FROM " + groups + " g WHERE " + all.groups
            : "SELECT pg_catalog.count(*) FROM " + quoted({source.trash_schema, "item"}) + " i" +
                  all.names + " JOIN " + groups +
                  " g ON g.id OPERATOR(pg_catalog.=) i.group_id WHERE " + all.groups +
                  all.items_of_form("i.shape");
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
