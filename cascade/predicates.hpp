// Pieces of SQL that say which rows a plan means. Key sets are PL/pgSQL arrays, one per column:
// _k{node}_{attnum} all rows found, _f{node}_{attnum} those of the last round, _x… being collected.
#pragma once

#include <string>
#include <vector>

#include "schema/object_name.hpp"

namespace trashd::schema {
class Catalog;
struct Table;
}  // namespace trashd::schema

namespace trashd::cascade {

struct Edge;
struct Plan;

// Stands among key columns for the partition that the row is in.
inline constexpr int kPartition = 0;

class Predicates {
  public:
    // for_impact: blockers are looked up too, so more tables need their keys.
    Predicates(const schema::Catalog& catalog, const Plan& plan, bool for_impact);

    // Keys of the node's rows are collected (and, when moving, locked) before its rows are taken.
    bool collected(int node) const { return collected_[node]; }
    const std::vector<int>& key_columns(int node) const { return key_columns_[node]; }
    // The edge matters before the delete itself; the others the database judges.
    bool looked_up(const Edge& edge) const;

    // Rows of the child (alias t) that refer to the collected rows of the edge's parent: the form
    // that an index serves, and the form that is a hashed filter. set: k, f.
    std::string reaches(const Edge& edge, const std::string& set = "k") const;
    std::string reaches_filter(const Edge& edge, const std::string& set = "k") const;
    // Row t of the node is among the rows found: by its identity.
    std::string found(int node, const std::string& set = "k", bool filter = true) const;
    // Row t of the table is in the closure; "false" for tables outside it.
    std::string in_closure(int node) const;
    // Equality of identity columns between t and the variables _r{attnum} of the root.
    std::string is_root() const;

    std::string variable(const std::string& set, int node, int attnum) const;
    // Of a key column in an array, or of the partition that the row is in.
    std::string key_value(int node, int attnum) const;
    std::string key_type(int node, int attnum) const;
    std::string any_found(int node, const std::string& set = "k") const;  // the set is not empty
    std::string count_found(int node) const;                              // how many rows it has

  private:
    std::string matches(const Edge& edge, const std::string& set, bool filter) const;
    std::string part(const Edge& edge) const;
    std::string parents_part(const Edge& edge, const std::string& set,
                             std::vector<std::string> asked, std::vector<std::string> sets) const;
    std::string some_row(const std::vector<std::string>& sets,
                         const std::vector<std::string>& asked) const;
    std::string among(const std::vector<std::string>& left,
                      const std::vector<std::string>& operators,
                      const std::vector<std::string>& sets, bool filter) const;

    const schema::Catalog& catalog_;
    const Plan& plan_;
    bool for_impact_;
    std::vector<bool> collected_;
    std::vector<std::vector<int>> key_columns_;
};

// Operators of equality on the identity columns, in key order.
std::vector<std::string> identity_operators(const schema::Table& table);
std::string column_of(const schema::Table& table, int attnum, const std::string& alias);
// The same to be compared or kept in a variable: in its base type.
std::string value_of(const schema::Table& table, int attnum, const std::string& alias);
// That the partition, an expression of type oid, is one of these.
std::string in_leaves(const std::string& partition, const std::vector<schema::Oid>& leaves);

}  // namespace trashd::cascade
