// sort=-a,b as a total order over rows t, and the SQL of what comes after a given row of it.
#pragma once

#include <string>
#include <vector>

#include "schema/catalog.hpp"
#include "schema/database.hpp"
#include "service/api/cursor.hpp"

namespace trashd::service {

struct OrderTerm {
    const schema::Column* column;  // the table's, deletedAt, or the number of a group or item
    bool descending = false;
};

struct Order {
    std::vector<OrderTerm> terms;
    bool newest = false;  // by when a row went into the trash, newest first
};

// trashed: rows of the trash are among them, of which several may have one key. newest: what is
// meant when sort is empty. Throws Error kBadRequest for unknown and incomparable columns.
Order parse_order(const std::string& sort, const schema::Table& table, bool trashed, bool newest);

// SQL of the term's value over rows t.
std::string term_sql(const OrderTerm& term);
// "a DESC, b": of the terms as SQL, in their order.
std::string order_sql(const Order& order, const std::vector<std::string>& terms);

// What comes strictly after the row with these values; bound is implied by where and lets an index
// start there. Appends to params.
struct After {
    std::string where, bound;
};
After after_sql(const Order& order, const CursorValues& values, std::vector<schema::Param>& params);

}  // namespace trashd::service
