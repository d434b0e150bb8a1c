// where[column][op]=value of an address, read as conditions.
#pragma once

#include <cstddef>
#include <string>

#include "trash/rows/conditions.hpp"

namespace trashd::schema {
struct Table;
}

namespace trashd::service {

class Query;

inline constexpr const char* kWhere = "where[";  // what its parameters begin with

// Throws Error kBadRequest for unknown columns and operators, more than most terms, nesting deeper
// than 8, and comparisons that the type does not have.
trash::Conditions parse_where(const Query& query, const schema::Table& table, std::size_t most);

}  // namespace trashd::service
