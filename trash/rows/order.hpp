// A total order over rows t as a value and as SQL, and what comes after a given row of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "schema/session/result.hpp"

namespace trashd::schema {
struct Column;
}

namespace trashd::trash {

// The values that the last row has in the terms of the order.
using CursorValues = std::vector<std::optional<std::string>>;

struct OrderTerm {
    const schema::Column* column;  // the table's, deletedAt, or the number of a group or item
    bool descending = false;
};

struct Order {
    std::vector<OrderTerm> terms;
    bool newest = false;  // by when a row went into the trash, newest first
};

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

// Beside the table's columns: the number of a row's group, and its place in it.
const schema::Column& group_number();
const schema::Column& ordinal();
// Throws Error kBadRequest for a cursor that trashd did not make.
[[noreturn]] void refuse_cursor();

}  // namespace trashd::trash
