// A list of the rows of a table, live, trashed or both: what is asked, and how it is read. Rows go
// one by one from the server to who asks.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "trash/model/item.hpp"
#include "trash/rows/conditions.hpp"
#include "trash/rows/order.hpp"

namespace trashd::schema {
struct Column;
struct Table;
}  // namespace trashd::schema

namespace trashd::trash {

class Trash;

// Which rows are meant; both false: none.
struct Scope {
    bool live = true, trashed = false;
};

struct Listing {
    const schema::Table* table = nullptr;
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
    std::function<void(std::optional<Item>)> row;
    std::function<void(std::string_view)> piece;
};

struct Listed {
    bool more = false;
    CursorValues last;               // of the last row given
    std::optional<long long> total;  // of the whole filter, where asked for
};

// Throws Error kBadRequest for a value that is not of its column's type.
void check_where(Trash& trash, const Conditions& where);

// Throws what check_where does.
Listed read_listing(Trash& trash, const Listing& listing, const ListedRows& rows);

}  // namespace trashd::trash
