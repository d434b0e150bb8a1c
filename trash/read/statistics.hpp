// How much a filter means, told apart by table, person and time. A large trash is not counted but
// estimated from a sample, so that the answer does not grow with it.
#pragma once

#include <chrono>
#include <functional>

#include "schema/session/connection.hpp"
#include "trash/model/statistics.hpp"
#include "trash/read/item_conditions.hpp"

namespace trashd::trash {

struct CountSource {
    schema::Connection& connection;
    ItemSource items;
    const ItemFilter& filter;
    const FilterShapes& forms;
};

// The contract of Trash::facets and statistics.
Facets read_facets(const CountSource& source);
Statistics read_statistics(const CountSource& source);

// Work that only reads, for so long: false when the time was over before it was done.
bool in_time(schema::Connection& connection, std::chrono::milliseconds longest,
             const std::function<void()>& work);

}  // namespace trashd::trash
