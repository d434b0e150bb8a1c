// The forms (shapes) in which rows of a table lie in the trash, and the SQL that reads a row of one
// form: as it was, or as the table is today.
#pragma once

#include <string>
#include <vector>

#include "schema/catalog/makeup.hpp"
#include "trash/store/groups.hpp"

namespace trashd::schema {
class Catalog;
class Connection;
struct Column;
struct Table;
}  // namespace trashd::schema

namespace trashd::trash {

// Id of the shape row of the table as it is now; makes it when missing.
int shape_of(schema::Connection& connection, const std::string& trash_schema,
             const schema::Table& table);

// A table in one of the forms that its columns had when rows of it were captured.
struct Form {
    int id = 0;
    schema::Oid relation = 0;
    schema::QualifiedName name;            // as it was called last
    const schema::Table* table = nullptr;  // as it is today; nullptr: dropped
    bool there = false;   // there is a relation of that oid, whether the catalog knows it or not
    bool native = false;  // of a group's form: it was written here, not copied from elsewhere
    std::vector<int> attnums, identity;
    std::vector<std::string> names, types;
    std::vector<bool> type_exists;  // not asked of a group's forms, whose rows are not shown
    std::vector<bool> generated;
    std::vector<bool> hidden;               // nobody is shown it
    std::vector<std::string> omitted;       // columns that were not kept
    std::vector<schema::Reading> readings;  // per position: how its text reads today

    int position(int attnum) const;  // in the payload, from 1; 0: the form lacks the column
    const schema::QualifiedName& called() const;
};

// All forms of the table, those of the ids, or those that the group's root, items and links have.
std::vector<Form> forms_of(schema::Connection& connection, const schema::Catalog& catalog,
                           const std::string& trash_schema, const schema::Table& table);
std::vector<Form> forms_of(schema::Connection& connection, const schema::Catalog& catalog,
                           const std::string& trash_schema, const std::vector<int>& ids);
std::vector<Form> forms_of(schema::Connection& connection, const schema::Catalog& catalog,
                           const std::string& trash_schema, const GroupRow& group);

// SQL of the column's value in an item i, in today's type and collation: NULL where the form has
// none. careful: NULL as well where the type does not take the stored text; else that is an error.
std::string typed_value(const Form& form, const schema::Column& column,
                        const std::string& trash_schema, bool careful);

// SQL (a scalar subquery) of the row's JSON, of the item whose group and ordinal the SQL names.
// What its type does not take any more is shown as the stored text.
struct ItemPlace {
    std::string group_id, ordinal;
};
std::string json_as_it_was(const Form& form, const std::string& trash_schema,
                           const ItemPlace& place);
// The same of an item i: as a row of today's table, all columns, which the form must have as they
// are today (is_current).
std::string json_of_current(const Form& form, const std::string& trash_schema);
// The form's columns are today's, all of them, and their texts always read back.
bool is_current(const Form& form);
// As a row of today's table; the columns in select, else all, dropped ones behind the others.
std::string json_as_today(const Form& form, const std::string& trash_schema, const ItemPlace& place,
                          const std::vector<std::string>& select);

}  // namespace trashd::trash
