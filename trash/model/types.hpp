// The values that trash/ takes and gives. Tables are named as in the catalog; service/ turns them
// into resources.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schema/error.hpp"
#include "schema/identifier.hpp"
#include "trash/access/row_scope.hpp"

namespace trashd::trash {

// Who asks and why; kept with the group and in the ledger.
struct Context {
    std::string by = "anonymous";
    std::optional<std::string> reason, request_id, address;  // address: of who asks
};

struct TableCount {
    schema::QualifiedName table;
    long long count = 0;
};

struct Blocker {
    schema::QualifiedName table;
    std::string constraint;
    long long count = 0;           // -1: the role may not look
    std::vector<std::string> ids;  // up to five
    std::string reason;            // why its rows are not taken along; empty: the database says no
};

struct ImpactLine {
    schema::QualifiedName table;
    std::string action;  // trash, set-null, set-default
    long long count = 0;
    std::string reason;  // which reference takes it along
};

struct Impact {
    schema::QualifiedName table;
    std::optional<std::string> id;  // nothing: of several objects
    long long total = 0;            // rows that move
    std::vector<ImpactLine> lines;
    std::vector<Blocker> blockers;
    std::vector<TableCount> written = {};  // rows that triggers would put into tables beside
};

// One TrashItem. times are RFC 3339 UTC as text.
struct Item {
    std::string id, group_id, created_at, updated_at, deleted_by;
    std::optional<std::string> reason, expires_at;
    schema::QualifiedName table;
    std::string object_id;
    bool root = false;
    long long group_size = 0;
    std::string display_name;
    std::optional<std::string> object;  // JSON of the row, where asked for and up to 1 MiB
};

// How the items of a table are called, where the configuration says so.
struct Naming {
    schema::QualifiedName table;
    std::string class_name, display;  // empty: the table's name; the first of the usual columns
};

// Which items; what is absent does not matter.
struct ItemFilter {
    std::optional<bool> root = {};
    std::optional<schema::QualifiedName> table = {};
    std::optional<std::string> group_id = {}, object_id = {}, deleted_by = {};
    std::optional<std::string> from = {}, to = {};  // created_at: from included, to not
    std::optional<std::string> age = {};            // an interval: created_at longer ago than this
    std::optional<std::string> words = {};          // in display_name, whatever the case
    std::optional<std::string> tenant = {};         // filled by Trash
    bool hidden = false;                            // filled by Trash: some items may be
    // Items of these tables only; groups only whose items are all of these tables.
    std::optional<std::vector<schema::QualifiedName>> among = {}, whole = {};
    // Items within reach only; groups only all of whose items are.
    std::optional<Reach> within = {}, whole_within = {};
};

// After which item a list goes on: when it was made, its group's number, its ordinal.
struct ItemPosition {
    std::string created_at;
    long long group = 0, ordinal = 0;
};

struct ItemsAsked {
    ItemFilter filter = {};
    int limit = 50;
    std::optional<ItemPosition> after = {};
    bool with_object = false, count = false;
    // With the object: told the JSON of the row, piece by piece, behind the item.
    std::function<void(std::string_view)> object = {};
};

struct ItemPage {
    bool more = false;
    ItemPosition last;               // of the last item given
    std::optional<long long> total;  // of the whole filter, where asked for
};

struct Gone {
    std::string outcome, at, by;  // restored | purged
};

struct LedgerEntry {
    std::string id, at, action, by;  // trashed | restored | purged | deleted (hard)
    std::optional<std::string> reason;
    schema::QualifiedName table;  // of the root, as it was called then
    std::string object_id;
    std::optional<std::string> group_id, item_id;  // absent after a hard delete
    std::vector<TableCount> counts;                // rows
    std::optional<std::string> request_id, address;
};

// What is absent does not matter. from, to: RFC 3339; to is not included.
struct HistoryFilter {
    std::optional<schema::QualifiedName> table;
    std::optional<std::string> object_id, action, by, group_id, from, to;
    std::optional<std::vector<schema::QualifiedName>> among;  // entries of these tables only
};

// The tables that a group has rows of, as they are called today, and that of one of its items.
struct GroupTables {
    schema::QualifiedName item;
    std::vector<schema::QualifiedName> all;
};

struct Conflict {
    std::string
        kind;  // primary-key-taken, unique-taken, missing-parent, schema-changed, constraint
    schema::QualifiedName table;
    std::string id;  // object id of the trashed row; empty: the whole table
    std::string constraint;
    std::vector<std::string> columns;
    std::vector<std::optional<std::string>> values;
    std::optional<schema::QualifiedName> with_table;
    std::string with_id;
    std::string trash_item;  // of a missing parent that lies in the trash
    std::string detail;      // a sentence, may be empty
};

// A row that came back, or in which a reference was set back, with other values than it had.
struct Altered {
    schema::QualifiedName table;
    std::string id;                    // empty: the table has no key
    std::vector<std::string> columns;  // that differ
    std::string was, is;               // JSON objects of these columns, values as in row_to_json
};

struct Added {  // rows that were not there before the delete, made by triggers on the way back
    schema::QualifiedName table;
    std::optional<std::string> id;  // of one row; absent: of several, or it has none
    long long count = 0;
};

struct Lost {  // a value left behind by lossy restore
    schema::QualifiedName table;
    std::string id, column;
    std::string value;
};

struct Restored {
    std::string group_id;
    schema::QualifiedName root_table;
    std::string root_id;
    long long restored = 0, relinked = 0, not_relinked = 0;
    std::vector<TableCount> tables;
    std::vector<std::string> ancestors;  // groups restored first
    std::vector<Altered> altered;
    std::vector<Added> added;
    std::vector<TableCount> written = {};  // rows beside the group that triggers changed
    std::vector<Lost> lost;
};

// Errors that carry what the contract lists beside the sentence.
struct Blocked : Error {  // has-dependents
    Blocked(const std::string& detail, Impact found)
        : Error(Code::kHasDependents, detail), impact(std::move(found)) {}
    Impact impact;
};
struct Conflicted : Error {  // restore-conflict
    // sql: what only the server's words tell.
    Conflicted(const std::string& detail, std::vector<Conflict> found,
               const std::optional<SqlError>& sql = {})
        : Error(sql ? Error(Code::kRestoreConflict, detail, *sql)
                    : Error(Code::kRestoreConflict, detail)),
          conflicts(std::move(found)) {}
    std::vector<Conflict> conflicts;
};
struct GoneError : Error {  // gone
    GoneError(const std::string& detail, Gone what)
        : Error(Code::kGone, detail), gone(std::move(what)) {}
    Gone gone;
};
struct TooLarge : Error {  // more rows than `most`
    TooLarge() : Error(Code::kConflict, "more rows would move than were asked for") {}
};
struct NotRoot : Error {  // not-group-root
    NotRoot(const std::string& detail, Item what)
        : Error(Code::kNotGroupRoot, detail), root(std::move(what)) {}
    Item root;
};

}  // namespace trashd::trash
