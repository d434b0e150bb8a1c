// What a request for a list of the rows of a resource asks for.
#pragma once

#include <string>
#include <vector>

#include "trash/rows/row_list.hpp"

namespace trashd::schema {
struct Table;
}

namespace trashd::service {

struct Context;
class Query;
struct Request;

// deleted, trash and where[deletedAt], each of which narrows; trashed_only: the address is
// @deleted.
trash::Scope parse_scope(const Query& query, const trash::Conditions& where, bool trashed_only);
// select=a,b. Throws Error kBadRequest for a column that is not there.
std::vector<std::string> parse_select(const Query& query, const schema::Table& table);
// limit, cursor, page, sort, select, count, where and the scope. Throws Error kBadRequest.
trash::Listing parse_listing(const Request& request, const Context& context, bool trashed_only);

}  // namespace trashd::service
