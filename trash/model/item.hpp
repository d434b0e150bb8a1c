// TrashItems, which of them are asked for, and pages of them.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/object_name.hpp"
#include "trash/model/row_scope.hpp"

namespace trashd::trash {

// One TrashItem. times are RFC 3339 UTC as text.
// id and group_id are UUIDs, object_id is the key as addresses have it; empty: the table has none.
struct Item {
    std::string id, group_id, created_at, updated_at, deleted_by;
    std::optional<std::string> deleted_by_name;  // what that one is called, where it is known
    std::optional<std::string> reason, expires_at;
    schema::QualifiedName table;
    std::string object_id;
    bool root = false;
    long long group_size = 0;
    bool partly = false;  // some of the group was restored or purged already
    std::string display_name;
    std::optional<std::string> object;  // JSON of the row, where asked for and up to 1 MiB
    // Whether its group could come back when that was tried, at checked_at, and where not what was
    // in the way: a JSON array of {kind, count}. Nothing: it was not tried.
    std::optional<bool> restorable;
    std::optional<std::string> checked_at, conflicts;
    std::optional<std::string> via;  // the constraint by which it hangs on the parent asked for
};

// How the items of a table are called, where the configuration says so.
struct Naming {
    schema::QualifiedName table;
    std::string class_name, display;  // empty: the table's name; the first of the usual columns
    std::vector<std::string> hidden = {};  // columns that neither name an item nor are searched
};

// Which items; what is absent does not matter.
struct ItemFilter {
    std::optional<bool> root = {};
    std::vector<schema::QualifiedName> tables = {};  // of any of these; none: of all
    std::optional<std::string> group_id = {}, object_id = {}, deleted_by = {};
    std::optional<std::string> reason = {}, other_reason = {};  // is this; is any but this, or none
    std::optional<std::string> from = {}, to = {};              // created_at: from included, to not
    std::optional<std::string> age = {};    // an interval: created_at longer ago than this
    std::optional<std::string> words = {};  // in name, id or reason, whatever the case
    std::vector<std::string> except = {};   // ids of groups that are not meant
    std::optional<std::string> expires_before = {};
    // In a value, whatever the case; of roots alone (root = true) in one of any row of the group.
    std::optional<std::string> text = {};
    std::optional<std::string> parent = {};  // the id of an item that they hang on; never the root
    std::optional<bool> restorable = {};     // of groups that were tried
    bool orphaned = false;                   // what they refer to is neither live nor in the trash
    std::optional<std::string> tenant = {};  // filled by Trash
    bool hidden = false;                     // filled by Trash: some items may be
    // Items of these tables only; groups only whose items are all of these tables.
    std::optional<std::vector<schema::QualifiedName>> among = {}, whole = {};
    // Items within reach only; groups only all of whose items are.
    std::optional<RowScope> within = {}, whole_within = {};
};

// By what a list is sorted; items of one group follow each other, but by their names.
enum class ItemOrder { kCreatedAt, kDisplayName, kGroupSize, kDeletedBy, kExpiresAt };

// Where a list goes on: what it is sorted by, the item's group's number, its ordinal.
struct ItemPosition {
    std::string key;
    long long group = 0, ordinal = 0;
};

struct ItemQuery {
    ItemFilter filter = {};
    int limit = 50;
    ItemOrder order = ItemOrder::kCreatedAt;
    bool descending = true;
    std::optional<ItemPosition> after = {};
    bool backwards = false;  // what comes before `after`, in the same order
    bool with_object = false, count = false;
    // With the object: told the JSON of the row, piece by piece, behind the item.
    std::function<void(std::string_view)> object = {};
};

struct ItemPage {
    bool more = false;               // beyond the end to which the list was asked for
    ItemPosition first, last;        // of the items given; where none is, beside the one before
    std::optional<long long> total;  // of the whole filter, where asked for and found in time
    // The time was over before all was looked at: up to last, where there is more to look at.
    bool partial = false;
};

// The tables that a group has rows of, as they are called today, and that of one of its items.
struct GroupTables {
    schema::QualifiedName item;
    std::vector<schema::QualifiedName> all;
};

// An item, and then the JSON of its row, piece by piece.
struct ItemSink {
    std::function<void(const Item&)> item;
    std::function<void(std::string_view)> piece;
};

}  // namespace trashd::trash
