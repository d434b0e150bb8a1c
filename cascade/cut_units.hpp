// Which references a plan sets, and which of them belong together. No SQL.
#pragma once

#include <set>
#include <vector>

#include "cascade/plan.hpp"
#include "schema/catalog/catalog.hpp"

namespace trashd::cascade {

// The edge's delete sets a reference instead of taking the row.
inline bool sets(const Edge& edge) {
    return edge.effect == Effect::kSetNull || edge.effect == Effect::kSetDefault;
}

// References set in one table whose columns overlap: noted and set back together.
struct Unit {
    const schema::Table* table = nullptr;
    int node = -1;  // of the table where it is in the closure
    std::vector<const Edge*> edges;

    std::set<int> columns() const {
        std::set<int> all;
        for (const Edge* edge : edges) {
            all.insert(edge->key->child_columns.begin(), edge->key->child_columns.end());
        }
        return all;
    }
    std::set<int> set_columns() const {
        std::set<int> all;
        for (const Edge* edge : edges) {
            all.insert(edge->key->set_columns.begin(), edge->key->set_columns.end());
        }
        return all;
    }
};

// In the order of their tables' oids.
std::vector<Unit> units_of(const schema::Catalog& catalog, const Plan& plan);

}  // namespace trashd::cascade
