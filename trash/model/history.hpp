// Entries of the ledger: what happened to objects, by whom, when and why.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "schema/object_name.hpp"
#include "trash/model/impact.hpp"

namespace trashd::trash {

// One entry, about one group or one hard delete. at is RFC 3339 UTC; id is a decimal number, and
// gaps between ids mean nothing.
struct LedgerEntry {
    std::string id, at, action, by;  // trashed | restored | purged | deleted (hard)
    std::optional<std::string> by_name, reason;
    schema::QualifiedName table;  // of the root, as it was called then
    std::string object_id;
    std::optional<std::string> group_id, item_id;  // absent after a hard delete
    std::vector<TableCount> counts;                // rows
    std::optional<std::string> request_id, address;
};

// What is absent does not matter. from, to: RFC 3339; to is not included.
struct HistoryFilter {
    std::optional<schema::QualifiedName> table;
    std::optional<std::string> id, object_id, action, by, group_id, from, to;
    std::optional<std::vector<schema::QualifiedName>> among;  // entries of these tables only
};

// Of an object's history: so many entries, older than the one with the id `before`.
struct HistoryQuery {
    int limit = 50;
    long long before = 0;
    // Of groups that it was no root of only those whose root is of these tables.
    std::optional<std::vector<schema::QualifiedName>> among = {};
    std::optional<std::string> by = {};  // entries of this one only
};

// Newest first, in the order in which the entries were written.
struct HistoryPage {
    std::vector<LedgerEntry> entries;
    bool more = false;
};

}  // namespace trashd::trash
