// The rows that others refer to, by the values that those hold: many at once, live and in the
// trash.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "trash/model/item.hpp"
#include "trash/model/row_scope.hpp"

namespace trashd::schema {
class Catalog;
struct Table;
class Transaction;
}  // namespace trashd::schema

namespace trashd::trash {

class Trash;

// What is looked for: rows of a table by some of its columns. Each of the values has a text for
// each column, in their order.
struct ReferencedRows {
    const schema::Table* table = nullptr;
    std::vector<int> columns;
    std::vector<std::vector<std::string>> values;
    // SQL over live rows under the alias t: they may be seen.
    std::string live = "true";
    bool trashed = false;   // values are of trashed rows too, and may not be of the columns' types
    bool in_trash = false;  // what is not live is looked for in the trash
    std::optional<RowScope> seen = {};  // the items that may be seen; nothing: all
};

// readable: the values are of the columns' types; else nothing is known of what they refer to.
struct ReferencedRow {
    bool readable = true, live = false;
    std::string id, name;      // of a live row
    std::optional<Item> item;  // the newest, where it may be seen
    bool hidden = false;       // there is one that may not be seen
};

// For each of the values, in their order. In a transaction of Trash::run; not more than two
// statements and, where some items are hidden, one more, however many the values are. What the role
// of the database may not read is not readable.
std::vector<ReferencedRow> find_referenced(const Trash& trash, schema::Transaction& transaction,
                                           const schema::Catalog& catalog,
                                           const ReferencedRows& asked);

// The key that the values are, as addresses have it; nothing where the columns are not the key's.
std::optional<std::string> referenced_id(const schema::Table& table,
                                         const std::vector<int>& columns,
                                         const std::vector<std::string>& values);

}  // namespace trashd::trash
