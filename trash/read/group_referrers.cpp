// References are values, so all items of the tables that refer to the group's are looked through:
// for two seconds, as a search does.
#include "trash/read/group_referrers.hpp"

#include <chrono>

#include "schema/session/result.hpp"
#include "schema/text.hpp"
#include "trash/access/row_scope.hpp"
#include "trash/read/item_references.hpp"
#include "trash/read/item_sql.hpp"
#include "trash/read/statistics.hpp"
#include "trash/store/groups.hpp"
#include "trash/store/sql.hpp"

namespace trashd::trash {
namespace {

using std::to_string;

constexpr std::chrono::milliseconds kLongest{2000};
constexpr int kFirst = 20;

constexpr const char* kGroups = R"(SELECT g.id, {root}, r.amount, pg_catalog.count(*) OVER ()
  FROM (SELECT x.group_id, pg_catalog.count(DISTINCT x.ordinal) AS amount
    FROM ({items}) x
    GROUP BY 1) r
  JOIN {schema}.trash_group g ON g.id OPERATOR(pg_catalog.=) r.group_id
  JOIN {schema}.item i ON i.group_id OPERATOR(pg_catalog.=) g.id
    AND i.ordinal OPERATOR(pg_catalog.=) {root}
  WHERE {seen}
  ORDER BY g.created_at DESC, g.id DESC
  LIMIT {first})";

constexpr const char* kRoot = "coalesce(g.roots[1], 1)";

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
    const auto sql = filled(kGroups, schema,
                            {{"root", kRoot},
                             {"items", references.referring(condition)},
                             {"seen", condition},
                             {"first", to_string(kFirst)}});
    Referrers all;
    std::optional<schema::Result> found;
    all.known = in_time(connection, kLongest, [&] {
        // No statistics tell that a group has many rows, and row by row each is compared with all.
        connection.exec("SET LOCAL enable_nestloop = off");
        found = connection.exec(sql);
    });
    if (!all.known) return all;
    for (int row = 0; row < found->rows(); ++row) {
        const auto item = connection.exec(
            "SELECT " + item_fields_at(schema, source.naming, to_string(found->integer(row, 0)),
                                       to_string(found->integer(row, 1))));
        all.groups = found->integer(row, 3);
        all.first.push_back({item_from(item.text(0, 0)), found->integer(row, 2)});
    }
    return all;
}

}  // namespace trashd::trash
