// Each round looks at what refers to all that goes so far: a row that could take another's place
// may go in a later round itself.
#include "trash/read/descendants.hpp"

#include <algorithm>

#include "cascade/predicates.hpp"
#include "schema/catalog/catalog.hpp"
#include "schema/catalog/declared_reference.hpp"
#include "schema/catalog/value.hpp"
#include "schema/session/connection.hpp"
#include "schema/session/result.hpp"
#include "schema/text.hpp"
#include "trash/read/item_values.hpp"
#include "trash/store/sql.hpp"

namespace trashd::trash {
namespace {

using schema::ForeignKey;
using schema::Table;
using std::to_string;

// $1: the groups that go.
constexpr const char* kReferring = R"(SELECT c.group_id
  FROM (SELECT i.group_id{child_values}
    FROM {schema}.item i
    JOIN {schema}.trash_group g ON g.id OPERATOR(pg_catalog.=) i.group_id
      AND g.state OPERATOR(pg_catalog.=) 'trashed' AND {seen}
    WHERE i.group_id OPERATOR(pg_catalog.<>) ALL ($1::pg_catalog.int8[])
      AND {is_of_child} AND CASE WHEN {is_of_child} THEN {bound} END) c
  JOIN (SELECT i.group_id{parent_values}
    FROM {schema}.item i
    WHERE i.group_id OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.int8[])
      AND {is_of_parent}) p ON {same}
  WHERE NOT EXISTS (SELECT FROM {parent} t WHERE {live}){and_no_other})";
constexpr const char* kNoOther = R"(
    AND NOT EXISTS (SELECT FROM (SELECT i.group_id{values}
        FROM {schema}.item i
        JOIN {schema}.trash_group g ON g.id OPERATOR(pg_catalog.=) i.group_id
          AND g.state OPERATOR(pg_catalog.=) 'trashed'
        WHERE i.group_id OPERATOR(pg_catalog.<>) ALL ($1::pg_catalog.int8[])
          AND {is_of_form}) o
      WHERE {same}))";

bool may_be_null(const ForeignKey& key, const Table& child) {
    return !std::ranges::all_of(key.child_columns,
                                [&](int attnum) { return child.column(attnum)->not_null; });
}

class Search {
  public:
    Search(schema::Connection& connection, const schema::Catalog& catalog,
           const std::string& trash_schema)
        : connection_(connection), catalog_(catalog), schema_(trash_schema) {}

    // Numbers of groups beside these that refer to them.
    std::vector<long long> referring_to(const std::vector<GroupRow>& groups) const {
        std::vector<std::string> selects;
        for (const auto& parent : forms_of(connection_, catalog_, schema_, forms_in(groups)))
            if (parent.table) add(parent, selects);
        std::vector<long long> found;
        if (selects.empty()) return found;
        const auto rows =
            connection_.exec("SELECT DISTINCT x.group_id FROM (" +
                                 schema::join(selects, " UNION ALL ") + ") x ORDER BY 1",
                             {ids_of(groups)});
        for (int row = 0; row < rows.rows(); ++row) found.push_back(rows.integer(row, 0));
        return found;
    }

  private:
    void add(const Form& parent, std::vector<std::string>& selects) const {
        for (const auto* key : catalog_.referrers(parent.table->oid)) {
            const auto* child = catalog_.table(key->child);
            if (!child || !binds_all(*key) || may_be_null(*key, *child)) continue;
            for (const auto& form : forms_of(connection_, catalog_, schema_, *child))
                selects.push_back(referring(*key, form, parent));
        }
    }
    std::string referring(const ForeignKey& key, const Form& child, const Form& parent) const {
        const auto bound = binds(key, child, schema_);
        std::vector<std::string> live;
        for (std::size_t k = 0; k < key.child_columns.size(); ++k)
            live.push_back(schema::same_value(
                key, k, cascade::value_of(*parent.table, key.parent_columns[k], "t"),
                "c.v" + to_string(k + 1)));
        return filled(
            kReferring, schema_,
            {{"child_values", named_values(child, *child.table, key.child_columns, schema_)},
             {"parent_values", named_values(parent, *parent.table, key.parent_columns, schema_)},
             {"seen", seen_by_tenant("g")},
             {"is_of_child", is_of(child)},
             {"is_of_parent", is_of(parent)},
             {"bound", bound.empty() ? "true" : bound},
             {"same", same_values(key, "p", "c")},
             {"parent", schema::relation(*parent.table)},
             {"live", schema::join(live, " AND ")},
             {"and_no_other", no_other(key, *parent.table)}});
    }
    // In whichever form the table's rows lie there.
    std::string no_other(const ForeignKey& key, const Table& parent) const {
        std::string all;
        for (const auto& form : forms_of(connection_, catalog_, schema_, parent))
            all += filled(kNoOther, schema_,
                          {{"values", named_values(form, parent, key.parent_columns, schema_)},
                           {"is_of_form", is_of(form)},
                           {"same", same_values(key, "o", "c")}});
        return all;
    }

    schema::Connection& connection_;
    const schema::Catalog& catalog_;
    const std::string& schema_;
};

}  // namespace

std::vector<GroupRow> descendants_of(schema::Connection& connection, const schema::Catalog& catalog,
                                     const std::string& trash_schema,
                                     const std::vector<GroupRow>& groups) {
    // No statistics tell that a group has many rows, and row by row each is compared with all.
    connection.exec("SET LOCAL enable_nestloop = off");
    const Search search(connection, catalog, trash_schema);
    auto all = groups;
    for (auto found = search.referring_to(all); !found.empty(); found = search.referring_to(all))
        for (const auto id : found) all.push_back(group_with_id(connection, trash_schema, id));
    connection.exec("SET LOCAL enable_nestloop TO DEFAULT");
    std::vector<GroupRow> below(all.begin() + static_cast<std::ptrdiff_t>(groups.size()),
                                all.end());
    std::ranges::sort(below, {}, &GroupRow::id);
    return below;
}

}  // namespace trashd::trash
