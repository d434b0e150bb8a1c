// What a delete means: the foreign-key graph below one table, as a value. No connection, no SQL.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cascade/policy.hpp"

namespace trashd::schema {
class Catalog;
struct ForeignKey;
struct Table;
}  // namespace trashd::schema

namespace trashd::cascade {

enum class Effect { kCascade, kRestrict, kSetNull, kSetDefault };

struct Edge {
    const schema::ForeignKey* key = nullptr;
    // All that this edge stands for, key first: keys of single partitions that mean the same.
    std::vector<const schema::ForeignKey*> keys = {};
    int parent = 0, child = 0;  // positions in Plan::nodes; child -1: a table outside the closure
    Effect effect = Effect::kRestrict;
    bool by_database = true;  // the database itself does or refuses the same
    std::string reason;  // for the dry run: "ON DELETE CASCADE", "configured", "cascade=true", ...
};

// A table that rows may be taken from.
struct Node {
    const schema::Table* table = nullptr;
    bool loop = false;    // rows of it may be reached again from rows of it
    std::vector<int> in;  // positions in Plan::edges of the cascade edges that reach it
};

// Tables that reach each other, or one table: locked together, in this order, parents first.
struct Step {
    std::vector<int> nodes;
    bool loop = false;
};

struct Plan {
    const schema::Table* root = nullptr;
    bool take_all = false;    // ?cascade=true
    std::vector<Node> nodes;  // node 0 is the root; parents before children outside loops
    std::vector<Edge> edges;
    std::vector<Step> steps;
    std::string tenant_column = {};     // rows of one tenant only; empty: of all
    std::vector<std::string> refusals;  // why this delete cannot be trusted; empty: it can
    std::size_t missing_grants = 0;     // how many of the refusals a GRANT ends
    // Rows that go for good with what is kept are put among the items, under negative ordinals,
    // so that they can be asked about; who asks removes them.
    bool look_first = false;

    // Rows of the node go for good, though those that they hang on are kept: Table::kept. None are
    // where the root's go for good as well.
    bool drops(int node) const;
    bool drops(const Edge& edge) const { return drops(edge.parent); }
    // The nodes that are kept; they come first.
    int kept_nodes() const;
    // A row that is kept refers by the edge to one that goes for good with it.
    bool strands(const Edge& edge) const;
};

// Why rows of the child must not hang on rows of the parent, which go for good, and what to do.
std::string kept_below(const schema::Table& parent, const schema::Table& child,
                       const std::string& key);

// The edges are of keys of partitions that have no leaf in common.
bool apart(const Edge& a, const Edge& b);

// What becomes of the rows that refer through the key when the row that they refer to goes; the
// positions of the edge are not set.
Edge effect_of(const schema::Catalog& catalog, const Policy& policy, const schema::ForeignKey& key,
               bool take_all);

// Never throws: what cannot be handled is a refusal with a sentence that says what to do.
// The catalog must outlive the plan.
Plan make_plan(const schema::Catalog& catalog, const schema::Table& root, const Policy& policy,
               bool take_all);

// Tables of nodes in an order in which rows can be inserted, parents first; tables in one inner
// vector refer to each other and go into one statement.
std::vector<std::vector<const schema::Table*>> insert_order(
    const schema::Catalog& catalog, const std::vector<const schema::Table*>& tables);

}  // namespace trashd::cascade
