// The texts that a CHECK allows a column, where it says nothing else.
#pragma once

#include <string>
#include <vector>

namespace trashd::schema {
struct Column;
struct Table;
}  // namespace trashd::schema

namespace trashd::service::openapi {

// Those that `column IN ('a', 'b')` lists, in its order, whatever casts PostgreSQL adds to it;
// empty where no check of the table is of that form alone.
std::vector<std::string> check_values(const schema::Table& table, const schema::Column& column);

}  // namespace trashd::service::openapi
