// SQL of the values by which items refer to each other, as the tables of today compare them.
#pragma once

#include <string>
#include <vector>

#include "trash/store/shapes.hpp"

namespace trashd::schema {
struct ForeignKey;
struct Table;
}  // namespace trashd::schema

namespace trashd::trash {

// Of a single partition only the server can say which rows it binds.
bool binds_all(const schema::ForeignKey& key);
// The value of an item i to be compared.
std::string value_of(const Form& form, const schema::Table& table, int attnum,
                     const std::string& trash_schema);
// ", first AS v1, second AS v2 ..." of the columns.
std::string named_values(const Form& form, const schema::Table& table,
                         const std::vector<int>& attnums, const std::string& trash_schema);
// Asked before the values of the form are read, which are of other types in other forms.
std::string is_of(const Form& form);
// That an item i of the form refers by the key, as far as its other columns say; empty: it does.
std::string binds(const schema::ForeignKey& key, const Form& form, const std::string& trash_schema);
// That the values v1 ... under the alias `parent` are those that `child` refers to by the key.
std::string same_values(const schema::ForeignKey& key, const std::string& parent,
                        const std::string& child);
std::vector<int> forms_in(const std::vector<GroupRow>& groups);

}  // namespace trashd::trash
