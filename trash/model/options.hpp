// What deletes, restores and purges are told, and what they answer.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "schema/object_name.hpp"
#include "schema/session/result.hpp"
#include "schema/session/transaction.hpp"
#include "trash/model/choices.hpp"
#include "trash/model/impact.hpp"
#include "trash/model/item.hpp"
#include "trash/model/restored.hpp"

namespace trashd::schema {
class Catalog;
class Connection;
class Transaction;
}  // namespace trashd::schema

namespace trashd::trash {

struct Restored;
struct Undone;

// Asked about the tables that rows would be taken from or put back into, before any of them is
// locked; throws where that may not be.
using TableCheck = std::function<void(const std::vector<schema::QualifiedName>&)>;
// Asked about the rows of a group while they lie in the trash: when they have just come there, or
// before they leave it. Throws where that may not be, and nothing has happened.
using RowCheck = std::function<void(schema::Transaction&, const schema::Catalog&, long long group)>;

// Groups in the trash that hang on what goes for good, and could never come back.
struct Descendants {
    long long groups = 0, items = 0;
};

struct Checks {
    TableCheck tables = {};
    RowCheck rows = {};  // a hard delete goes through the trash, so that it can be asked
};

// item: the root of the group that was made, or the one that lay there before.
struct DeleteResult {
    std::optional<Item> item;              // absent where the row went for good
    bool already = false;                  // it lay in the trash before
    long long rows = 0;                    // moved, or deleted for good
    std::string entry = {};                // of the ledger; empty where nothing was moved
    std::vector<TableCount> written = {};  // rows that triggers put into tables beside
    std::vector<ImpactLine> dropped = {};  // rows that went for good with those of the group
    Descendants descendants = {};          // that went along; their items count in rows
};

// at_end runs in the transaction of the work, as the last before COMMIT; again where that is tried
// again. most: throws TooLarge before anything has changed when more rows would move.
struct DeleteOptions {
    bool cascade = false;                    // take along what would refuse
    bool hard = false;                       // not through the trash; of tables that are not kept
                                             // live rows never go through it
    std::vector<std::string> if_match = {};  // ETags; empty: any
    std::optional<long long> most = {};
    std::function<void(schema::Transaction&, const DeleteResult&)> at_end = {};
    Checks check = {};
    // Of a hard delete: what hangs on it in the trash and could never come back goes along. What
    // the check is for these.
    bool descendants = false;
    Checks check_descendants = {};
};

// most: throws TooLarge before anything has changed when more rows would come back. What is "filled
// by Trash" is overwritten by it; callers leave it alone.
struct RestoreOptions {
    bool with_ancestors = false, lossy = false, dry_run = false;
    std::optional<long long> most = {};
    std::optional<long long> expect = {};  // items; with another number nothing comes back
    std::function<void(schema::Transaction&, const Restored&)> at_end = {};
    std::vector<std::string> if_match = {};  // plans; of none of them: StalePlan. Empty: any
    Checks check = {};                       // of each group, the ancestors' too
    std::string tenant_column = {};          // filled by Trash
    struct Role {
        std::string name, schema;  // rows are inserted as it, from the items in that schema
    };
    std::optional<Role> role = {};  // filled by Trash
    Choices choices = {};
    // Only whether it goes well is asked: nothing of it is kept. Throws RunsCode where code of the
    // database's users would run and must not.
    struct Rehearsal {
        bool code = false;  // it may run
    };
    std::optional<Rehearsal> rehearsal = {};  // filled by Trash
    Checks check_swapped = {};                // of what goes into the trash to make room
    // Takes a live row, with what hangs on it; nothing: it is not there. Filled by Trash.
    std::function<std::optional<Swapped>(schema::Transaction&, const schema::QualifiedName& table,
                                         const std::string& id)>
        swap = {};
};

struct RehearsalOptions {
    long long most = 10000;  // items, the ancestors' too
    bool code = false;       // triggers and rules of the database's users may run
};

struct UndoOptions {
    bool dry_run = false;
    std::optional<long long> most = {};           // items
    Checks check_trash = {}, check_restore = {};  // of what goes into the trash, and what leaves it
    std::function<void(schema::Transaction&, const Undone&)> at_end = {};
};

struct Emptied {
    long long groups = 0, items = 0;
    long long held_groups = 0, held_items = 0;  // left, because they are held
};

// Which groups to purge: those whose roots the filter means. at_batch runs in each transaction.
// Throws UnexpectedCount.
struct EmptyOptions {
    ItemFilter filter = {};
    std::optional<std::string> before = {};  // a time, for now
    std::optional<long long> expect = {};    // items; with another number nothing is purged
    std::function<void(schema::Transaction&, const Emptied&)> at_batch = {};
    RowCheck rows = {};  // a group that it throws kForbidden or kNotFound for stays
    std::function<void(schema::Connection&)> begin = {};  // filled by Trash
};

// Where a batch of what is due ended: the time of a group, and its number.
struct DuePlace {
    std::string expires_at = "-infinity";
    long long group = 0;
};
// kept: they are due, but held, or something that stays needs them. last: nothing where no group
// behind the place is due, or another instance is at it.
struct DueBatch {
    long long groups = 0, items = 0, kept = 0;
    std::optional<DuePlace> last = {};
};

struct Purged {
    long long rows = 0;
    std::string
        receipt;  // of the entry in the ledger: has_receipt() in trash/records/ledger_seal.hpp
    bool whole = true;             // nothing of the group stays
    Descendants descendants = {};  // that went along; their items count in rows
};

// A purge is final; expect lets a client say how many items it has seen, so that nothing goes that
// it has not.
struct PurgeOptions {
    std::optional<long long> most = {};
    std::function<void(schema::Transaction&, const Purged&)> at_end = {};
    Checks check = {};
    bool only_member = false;  // with what hangs on it; the rest stays in the trash
    bool dry_run = false;
    std::optional<long long> expect = {};  // items; with another number nothing is purged
    bool descendants = false;  // what hangs on it in the trash and could never come back goes along
};

// Which live rows of one table: those named by key, or those that meet a condition.
struct Selection {
    std::vector<std::vector<std::string>> ids = {};  // each the key's columns in key order, as text
    std::string condition = {};                      // SQL over the alias t; empty: ids count
    std::vector<schema::Param> params = {};          // of the condition
    std::string own = {};  // SQL over t: of those named only these are there; empty: all
};

// What became of one of the objects that were named. One that another takes along has the item of
// its own in that one's group.
struct BulkEntry {
    std::string id;      // as the database writes it; of what cannot be a key as it was given
    std::string status;  // trashed, already-trashed, not-found, deleted
    std::optional<Item> item;
    std::vector<ImpactLine> dropped = {};  // rows that went for good with those of its group
};

// rows: all that moved, those taken along among them; entries speak of what was asked for alone.
struct BulkResult {
    std::vector<BulkEntry> entries;  // one for each id given, or for each row met, in order
    long long rows = 0;
    std::vector<TableCount> written = {};
    std::string entry = {};  // of the ledger, of one of the groups; empty where none was made
};

// mine: whether what lies in the trash already is there for who asks.
struct BulkOptions {
    bool cascade = false, hard = false;
    std::optional<long long> most = {};
    std::function<void(schema::Transaction&, const BulkResult&)> at_end = {};
    Checks check = {};
    std::function<bool(schema::Transaction&, const Item&)> mine = {};
};

inline constexpr int kMostNamed = 1000;  // objects that one bulk delete takes

}  // namespace trashd::trash
