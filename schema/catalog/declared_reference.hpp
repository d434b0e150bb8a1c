// References that the owner declares and no foreign key knows of: as they are declared, and as keys
// of the catalog, found in the tables as these are.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/catalog/catalog.hpp"
#include "schema/object_name.hpp"

namespace trashd::schema {

class Connection;

// Rows of the table refer by the columns to a row of another one, where the condition holds.
struct DeclaredReference {
    std::string name;  // told as that of a constraint
    QualifiedName table;
    std::vector<std::string> columns;
    std::string where;  // SQL over the table's columns; empty: every row refers
    QualifiedName to;
    std::vector<std::string> to_columns;  // empty: the key
    Action on_delete = Action::kCascade;
};

// As the configuration says it: cascade, set-null, restrict or no-action.
inline std::string_view action_word(Action action) {
    switch (action) {
        case Action::kCascade:
            return "cascade";
        case Action::kSetNull:
            return "set-null";
        case Action::kRestrict:
            return "restrict";
        default:
            return "no-action";
    }
}

// What the references are in these tables, beside the foreign keys that are there; those that
// cannot be followed are added to broken. Runs in a transaction that reads.
std::vector<ForeignKey> declared_keys(Connection& connection, const std::vector<Table>& tables,
                                      const std::vector<ForeignKey>& keys,
                                      const std::vector<DeclaredReference>& references,
                                      std::vector<BrokenReference>& broken);

// SQL of what a row of the child has, at this place of the key, as a value that the key's operator
// compares with the parent's. NULL where it is none of the parent's type.
std::string as_parents(const ForeignKey& key, std::size_t place, const std::string& value);
// SQL: the parent's value equals the child's, at this place of the key.
std::string same_value(const ForeignKey& key, std::size_t place, const std::string& parent,
                       const std::string& child);
// SQL: a row of the child refers by the key, as far as its other columns say; value gives the SQL
// of each, in its base type. Empty: each row does.
std::string binds(const ForeignKey& key, const Table& child,
                  const std::function<std::string(const Column&)>& value);
// The same of a row of the table under the alias.
std::string binds(const ForeignKey& key, const Table& child, const std::string& alias);

}  // namespace trashd::schema
