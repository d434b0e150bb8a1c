// References are values, so all items of the tables that refer to the group's are looked through:
// for two seconds, as a search does.
#include "trash/read/group_referrers.hpp"

#include <algorithm>
#include <chrono>

#include "schema/session/result.hpp"
#include "schema/text.hpp"
#include "trash/access/row_scope.hpp"
#include "trash/read/descendants.hpp"
#include "trash/read/item_references.hpp"
#include "trash/read/item_sql.hpp"
#include "trash/read/statistics.hpp"
#include "trash/store/groups.hpp"
#include "trash/store/sql.hpp"

namespace trashd::trash {
namespace {

using std::to_string;

constexpr std::chrono::milliseconds kLongest{2000};
constexpr std::size_t kFirst = 20;

constexpr const char* kGroups = R"(SELECT g.id, {root}, r.amount
  FROM (SELECT x.group_id, pg_catalog.count(DISTINCT x.ordinal) AS amount
    FROM ({items}) x
    GROUP BY 1) r
  JOIN {schema}.trash_group g ON g.id OPERATOR(pg_catalog.=) r.group_id
  JOIN {schema}.item i ON i.group_id OPERATOR(pg_catalog.=) g.id
    AND i.ordinal OPERATOR(pg_catalog.=) {root}
  WHERE {seen}
  ORDER BY g.created_at DESC, g.id DESC)";

constexpr const char* kRoot = "coalesce(g.roots[1], 1)";

struct Found {
    long long group = 0, root = 0, rows = 0;
};

std::vector<Found> all_of(const schema::Result& result) {
    std::vector<Found> all;
    for (int row = 0; row < result.rows(); ++row)
        all.push_back({result.integer(row, 0), result.integer(row, 1), result.integer(row, 2)});
    return all;
}

std::vector<Referrer> first_of(const GroupSource& source, const std::vector<Found>& found) {
    std::vector<Referrer> first;
    for (const auto& [group, root, rows] : found) {
        if (first.size() == kFirst) break;
        const auto item =
            source.connection.exec("SELECT " + item_fields_at(source.trash_schema, source.naming,
                                                              to_string(group), to_string(root)));
        first.push_back({item_from(item.text(0, 0)), rows});
    }
    return first;
}

Referrers::Descendants counts_of(const std::vector<GroupRow>& groups) {
    Referrers::Descendants counts;
    for (const auto& group : groups) counts.items += group.size;
    counts.groups = static_cast<long long>(groups.size());
    return counts;
}

}  // namespace

Referrers read_referrers(const GroupSource& source, const std::string& item_id,
                         const std::optional<RowScope>& seen) {
    auto& connection = source.connection;
    const auto& schema = source.trash_schema;
    const auto group = group_of(connection, schema, item_id, false);
    const ItemReferences references(connection, source.catalog, schema,
                                    {group.id, group.shapes, group.roots});
    const auto condition =
        seen_by_tenant("g") +
        (seen ? " AND " + within(*seen, source.catalog, schema, false) : std::string());
    const auto sql =
        filled(kGroups, schema,
               {{"root", kRoot}, {"items", references.referring(condition)}, {"seen", condition}});
    Referrers all;
    std::vector<Found> found;
    std::vector<GroupRow> below;
    all.known = in_time(connection, kLongest, [&] {
        // No statistics tell that a group has many rows, and row by row each is compared with all.
        connection.exec("SET LOCAL enable_nestloop = off");
        found = all_of(connection.exec(sql));
        if (!found.empty() && !source.hidden)
            below = descendants_of(connection, source.catalog, schema, {group});
    });
    if (!all.known) return all;
    if (!seen && !source.hidden) all.descendants = counts_of(below);
    all.groups = static_cast<long long>(found.size());
    all.first = first_of(source, found);
    std::erase_if(found, [&](const Found& one) {
        return std::ranges::find(below, one.group, &GroupRow::id) != below.end();
    });
    all.others = static_cast<long long>(found.size());
    all.first_others = first_of(source, found);
    return all;
}

}  // namespace trashd::trash
