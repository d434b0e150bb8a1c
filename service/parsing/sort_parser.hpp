// sort=-a,b of an address, read as a total order.
#pragma once

#include <string>

#include "trash/rows/order.hpp"

namespace trashd::schema {
struct Table;
}

namespace trashd::service {

// trashed: rows of the trash are among them, of which several may have one key. newest: what is
// meant when sort is empty. Throws Error kBadRequest for unknown and incomparable columns.
trash::Order parse_order(const std::string& sort, const schema::Table& table, bool trashed,
                         bool newest);

}  // namespace trashd::service
