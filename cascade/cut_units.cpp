#include "cascade/cut_units.hpp"

#include <algorithm>

namespace trashd::cascade {

using schema::Catalog;

namespace {

bool overlap(const std::set<int>& a, const std::set<int>& b) {
    return std::any_of(a.begin(), a.end(), [&](int x) { return b.count(x) > 0; });
}

bool all_apart(const Unit& unit, const Edge& edge) {
    return std::ranges::all_of(unit.edges, [&](const Edge* other) { return apart(*other, edge); });
}

}  // namespace

std::vector<Unit> units_of(const Catalog& catalog, const Plan& plan) {
    std::vector<Unit> units;
    for (const Edge& edge : plan.edges) {
        if (!sets(edge)) continue;
        Unit unit{catalog.table(edge.key->child), edge.child, {&edge}};
        for (auto it = units.begin(); it != units.end();) {
            if (it->table == unit.table && overlap(it->columns(), unit.columns()) &&
                !all_apart(*it, edge)) {
                unit.edges.insert(unit.edges.begin(), it->edges.begin(), it->edges.end());
                it = units.erase(it);
            } else {
                ++it;
            }
        }
        units.push_back(std::move(unit));
    }
    std::stable_sort(units.begin(), units.end(),
                     [](const Unit& a, const Unit& b) { return a.table->oid < b.table->oid; });
    return units;
}

}  // namespace trashd::cascade
