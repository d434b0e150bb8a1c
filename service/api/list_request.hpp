// A list of the rows of a resource, live, trashed or both: what was asked, and how it is read. Rows
// go one by one from the server into the answer.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "service/api/request.hpp"
#include "service/api/where_parser.hpp"
#include "service/api/sort_parser.hpp"

namespace trashd::service {

// Which rows are meant; both false: none.
struct Scope {
    bool live = true, trashed = false;
};

struct Listing {
    const Resource* resource = nullptr;
    Scope scope;
    Conditions where;
    Order order;
    std::vector<std::string> select;  // empty: all columns
    long long limit = 50, offset = 0;
    CursorValues after;  // empty: from the start
    bool count = false;
    // SQL over live and over trashed rows under the alias t: they may be seen; the columns that the
    // latter names.
    std::string live = "true", trashed = "true";
    std::vector<const schema::Column*> owners = {};
};

// Told of each row, with the item where it lies in the trash, and then of its JSON, piece by piece.
// begin: before the rows, again when they have to be read again.
struct ListedRows {
    std::function<void()> begin;
    std::function<void(std::optional<trash::Item>)> row;
    std::function<void(std::string_view)> piece;
};

struct Listed {
    bool more = false;
    CursorValues last;               // of the last row given
    std::optional<long long> total;  // of the whole filter, where asked for
};

// deleted, trash and where[deletedAt], each of which narrows; trashed_only: the address is
// @deleted.
Scope parse_scope(const Query& query, const Conditions& where, bool trashed_only);
// select=a,b. Throws Error kBadRequest for a column that is not there.
std::vector<std::string> parse_select(const Query& query, const schema::Table& table);
// limit, cursor, page, sort, select, count, where and the scope. Throws Error kBadRequest.
Listing parse_listing(const Call& call, bool trashed_only);

// Throws Error kBadRequest for a value that is not of its column's type.
void check_where(trash::Trash& trash, const Conditions& where);

// Throws what check_where does.
Listed read_listing(trash::Trash& trash, const Listing& listing, const ListedRows& rows);

}  // namespace trashd::service
