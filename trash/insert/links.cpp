// Which references a restore sets back, and in which rows.
#include "trash/insert/links.hpp"

#include <algorithm>
#include <set>

#include "cascade/predicates.hpp"
#include "schema/catalog/catalog.hpp"
#include "schema/catalog/makeup.hpp"
#include "schema/catalog/tenant.hpp"
#include "schema/catalog/value.hpp"
#include "schema/identifier.hpp"
#include "schema/session/result.hpp"
#include "schema/text.hpp"
#include "trash/insert/restore_context.hpp"
#include "trash/model/options.hpp"
#include "trash/store/sql.hpp"

namespace trashd::trash {

using schema::join;
using std::to_string;

namespace {

std::vector<int> cut_beside(const std::vector<Links>& all, const Links& links) {
    std::set<int> cut;
    for (const auto& other : all)
        if (other.group == links.group && other.shape == links.shape)
            cut.insert(other.attnums.begin(), other.attnums.end());
    return {cut.begin(), cut.end()};
}

constexpr const char* kLinks = R"(SELECT l.group_id, l.shape, l.attnums, g.taken,
    pg_catalog.bool_or(l.row_left IS NOT NULL)
  FROM {schema}.link l
  JOIN {schema}.trash_group g ON g.id OPERATOR(pg_catalog.=) l.group_id
  WHERE l.group_id OPERATOR(pg_catalog.=) ANY (ARRAY[{groups}]::pg_catalog.int8[])
  GROUP BY 1, 2, 3, 4
  ORDER BY g.taken DESC, l.shape, l.attnums)";
constexpr const char* kThese = R"(l.group_id OPERATOR(pg_catalog.=) {group}
    AND l.shape OPERATOR(pg_catalog.=) {shape}
    AND l.attnums OPERATOR(pg_catalog.=) {attnums}::pg_catalog.int2[])";

// Whether the columns name one row: the table may have got another key.
bool still_key(const schema::Table& table, const std::vector<int>& identity) {
    if (identity.empty() || table.identity == identity) return true;
    return std::ranges::any_of(table.uniques, [&](const schema::UniqueIndex& index) {
        return index.predicate.empty() && !index.temporal &&
               std::ranges::all_of(index.attnums, [&](int attnum) {
                   return attnum != 0 && std::ranges::find(identity, attnum) != identity.end();
               });
    });
}

// Of the labels alone: what else may have changed is judged by itself.
schema::Reading reading_of(const Shape& shape, const schema::Column& column) {
    const int position = shape.position(column.attnum);
    schema::Reading out;
    if (position != 0) out.labels = shape.readings[static_cast<std::size_t>(position) - 1].labels;
    return out;
}

}  // namespace

std::vector<Links> links_of(RestoreContext& restoring) {
    std::vector<std::string> ids;
    for (const auto& group : restoring.groups) ids.push_back(to_string(group.id));
    const auto found =
        restoring.exec(filled(kLinks, restoring.trash_schema, {{"groups", join(ids, ", ")}}));
    std::vector<Links> out;
    for (int row = 0; row < found.rows(); ++row) {
        Links links;
        links.group = found.integer(row, 0);
        links.taken = found.integer(row, 3);
        links.shape = &restoring.shapes.at(static_cast<int>(found.integer(row, 1)));
        for (const auto& attnum : schema::parse_array(found.text(row, 2))) {
            links.attnums.push_back(std::stoi(*attnum));
        }
        links.whole = found.boolean(row, 4);
        links.where =
            schema::filled(kThese, {{"group", to_string(links.group)},
                                    {"shape", to_string(links.shape->id)},
                                    {"attnums", schema::literal(std::string(found.text(row, 2)))}});
        out.push_back(std::move(links));
    }
    for (auto& links : out) links.cut = cut_beside(out, links);
    return out;
}

bool can_relink(const Links& links) {
    const auto* table = links.shape->table;
    if (table == nullptr || !still_key(*table, links.shape->identity)) return false;
    const auto there = [&](int attnum) {
        const auto* column = table->column(attnum);
        return column != nullptr && !column->generated && sure_to_read(*links.shape, attnum);
    };
    return std::ranges::all_of(links.attnums, there) &&
           std::ranges::all_of(links.shape->identity,
                               [&](int a) { return table->column(a) != nullptr; });
}

bool sure_to_read(const Shape& shape, int attnum) {
    const int position = shape.position(attnum);
    if (position == 0) return true;
    const auto& reading = shape.readings[static_cast<std::size_t>(position) - 1];
    return !reading.moved && !reading.doubtful;
}

std::string live_text(const Shape& shape, const schema::Column& column) {
    return schema::write_then(reading_of(shape, column), schema::to_text(column, "t"));
}

std::string read_text(const Shape& shape, const schema::Column& column, const std::string& text) {
    return schema::read_today(reading_of(shape, column), text);
}

std::string read_value(const Shape& shape, const schema::Column& column, const std::string& text) {
    return schema::from_text(column, read_text(shape, column, text));
}

std::string same_row(const Links& links) {
    const auto& table = *links.shape->table;
    const auto& identity = links.shape->identity;
    const auto operators = table.identity == identity
                               ? cascade::identity_operators(table)
                               : std::vector<std::string>(identity.size(), "=");
    std::vector<std::string> out;
    for (std::size_t k = 0; k < identity.size(); ++k) {
        const auto& column = *table.column(identity[k]);
        const auto key = read_value(*links.shape, column, "l.key[" + to_string(k + 1) + "]");
        out.push_back(cascade::value_of(table, column.attnum, "t") + " " + operators[k] + " " +
                      schema::in_base_type(column, key));
    }
    return join(out, " AND ");
}

std::string untouched(const Links& links) {
    std::vector<std::string> out;
    for (std::size_t k = 0; k < links.attnums.size(); ++k) {
        const auto& column = *links.shape->table->column(links.attnums[k]);
        out.push_back(
            schema::same(live_text(*links.shape, column), "l.left_as[" + to_string(k + 1) + "]"));
    }
    return join(out, " AND ");
}

std::string of_tenant(const RestoreContext& restoring, const schema::Table& table) {
    const auto& name = restoring.options.tenant_column;
    const auto* column = name.empty() ? nullptr : table.column(name);
    return column ? " AND " + schema::of_tenant(*column, "t") : "";
}

}  // namespace trashd::trash
