#include "trash/read/item_values.hpp"

#include <set>

#include "schema/catalog/catalog.hpp"
#include "schema/catalog/declared_reference.hpp"
#include "schema/catalog/value.hpp"
#include "schema/text.hpp"
#include "trash/read/item_sql.hpp"

namespace trashd::trash {

using schema::ForeignKey;
using schema::Table;
using std::to_string;

bool binds_all(const ForeignKey& key) {
    return key.child_part == 0 && key.parent_part == 0;
}

std::string value_of(const Form& form, const Table& table, int attnum,
                     const std::string& trash_schema) {
    const auto& column = *table.column(attnum);
    return schema::in_base_type(column, "(" + typed_value(form, column, trash_schema, true) + ")");
}

std::string named_values(const Form& form, const Table& table, const std::vector<int>& attnums,
                         const std::string& trash_schema) {
    std::string values;
    for (std::size_t k = 0; k < attnums.size(); ++k)
        values +=
            ", " + value_of(form, table, attnums[k], trash_schema) + " AS v" + to_string(k + 1);
    return values;
}

std::string is_of(const Form& form) {
    return std::string(kShapeInGroup) + " OPERATOR(pg_catalog.=) " + to_string(form.id);
}

std::string binds(const ForeignKey& key, const Form& form, const std::string& trash_schema) {
    return schema::binds(key, *form.table, [&](const schema::Column& column) {
        return value_of(form, *form.table, column.attnum, trash_schema);
    });
}

std::string same_values(const ForeignKey& key, const std::string& parent,
                        const std::string& child) {
    std::vector<std::string> same;
    for (std::size_t k = 1; k <= key.child_columns.size(); ++k)
        same.push_back(schema::same_value(key, k - 1, parent + ".v" + to_string(k),
                                          child + ".v" + to_string(k)));
    return "(" + schema::join(same, " AND ") + ")";
}

std::vector<int> forms_in(const std::vector<GroupRow>& groups) {
    std::set<int> all;
    for (const auto& group : groups) all.insert(group.shapes.begin(), group.shapes.end());
    return {all.begin(), all.end()};
}

}  // namespace trashd::trash
