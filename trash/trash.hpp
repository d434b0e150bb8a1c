// The local API: everything trashd does, without HTTP. Thread-safe; each call takes one connection
// of the pool and one transaction (a retry takes a fresh one). All throw Error.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cascade/plan.hpp"
#include "schema/database.hpp"
#include "schema/reader.hpp"
#include "trash/operations.hpp"
#include "trash/sight.hpp"
#include "trash/types.hpp"

namespace trashd::trash {

// Asked about the tables that rows would be taken from or put back into, before any of them is
// locked; throws where that may not be.
using TableCheck = std::function<void(const std::vector<schema::QualifiedName>&)>;
// Asked about the rows of a group while they lie in the trash: when they have just come there, or
// before they leave it. Throws where that may not be, and nothing has happened.
using RowCheck = std::function<void(schema::Transaction&, const schema::Catalog&, long long group)>;

struct Checks {
    TableCheck tables = {};
    RowCheck rows = {};  // a hard delete goes through the trash, so that it can be asked
};

struct DeleteResult {
    std::optional<Item> item;              // absent after a hard delete
    bool already = false;                  // it lay in the trash before
    long long rows = 0;                    // moved, or deleted for good
    std::vector<TableCount> written = {};  // rows that triggers put into tables beside
};

// at_end runs in the transaction of the work, as the last before COMMIT; again where that is tried
// again. most: throws TooLarge before anything has changed when more rows would move.
struct DeleteOptions {
    bool cascade = false;                    // take along what would refuse
    bool hard = false;                       // not through the trash
    std::vector<std::string> if_match = {};  // ETags; empty: any
    std::optional<long long> most = {};
    std::function<void(schema::Transaction&, const DeleteResult&)> at_end = {};
    Checks check = {};
};

struct RestoreOptions {
    bool with_ancestors = false, lossy = false, dry_run = false;
    std::optional<long long> most = {};
    std::function<void(schema::Transaction&, const Restored&)> at_end = {};
    Checks check = {};               // of each group, the ancestors' too
    std::string tenant_column = {};  // filled by Trash
    struct Role {
        std::string name, schema;  // rows are inserted as it, from the items in that schema
    };
    std::optional<Role> role = {};  // filled by Trash
};

struct Emptied {
    long long groups = 0, items = 0;
};

// Which groups to purge: those whose roots the filter means. at_batch runs in each transaction.
struct EmptyOptions {
    ItemFilter filter = {};
    std::optional<std::string> before = {};  // a time, for now
    std::function<void(schema::Transaction&, const Emptied&)> at_batch = {};
    RowCheck rows = {};  // a group that it throws kForbidden or kNotFound for stays
    std::function<void(schema::Connection&)> begin = {};  // filled by Trash
};

struct Purged {
    long long rows = 0;
    std::string receipt;  // of the entry in the ledger: has_receipt() in trash/seal.hpp
};

struct PurgeOptions {
    std::optional<long long> most = {};
    std::function<void(schema::Transaction&, const Purged&)> at_end = {};
    Checks check = {};
};

// Which live rows of one table: those named by key, or those that meet a condition.
struct Selection {
    std::vector<std::vector<std::string>> ids = {};  // each the key's columns in key order, as text
    std::string condition = {};                      // SQL over the alias t; empty: ids count
    std::vector<schema::Param> params = {};          // of the condition
    std::string own = {};  // SQL over t: of those named only these are there; empty: all
};

struct BulkEntry {
    std::string id;      // as the database writes it; of what cannot be a key as it was given
    std::string status;  // trashed, already-trashed, not-found, deleted
    std::optional<Item> item;
};

struct BulkResult {
    std::vector<BulkEntry> entries;  // one for each id given, or for each row met, in order
    long long rows = 0;
    std::vector<TableCount> written = {};
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

// Of an object's history: so many entries, older than the one with the id `before`.
struct HistoryAsked {
    int limit = 50;
    long long before = 0;
    // Of groups that it was no root of only those whose root is of these tables.
    std::optional<std::vector<schema::QualifiedName>> among = {};
    std::optional<std::string> by = {};  // entries of this one only
};

// An item, and then the JSON of its row, piece by piece.
struct ItemSink {
    std::function<void(const Item&)> item;
    std::function<void(std::string_view)> piece;
};

// Newest first, in the order in which the entries were written.
struct HistoryPage {
    std::vector<LedgerEntry> entries;
    bool more = false;
};

class Trash {
  public:
    // Applies migrations (under an advisory lock) to trash_schema and reads the catalog.
    Trash(schema::Pool& pool, std::string trash_schema = "trashd");
    Trash(Trash&&) noexcept;
    ~Trash();

    // The column that tells rows of tenants apart; set once before use.
    void set_tenant_column(std::string column);
    // The same trash as one tenant has it: rows, groups and entries of others are not there, and
    // what would touch them is refused with kConflict. Tables without the column hold nothing of
    // its own; their rows belong to what they hang on.
    Trash of_tenant(const std::string& tenant) const;
    // The same trash as a role of the database has it: live rows are read, changed and deleted as
    // that role, so that its privileges and row-level security hold, with the claims in the setting
    // request.jwt.claims. Of the trash it sees what trash/sight.hpp says. Throws kForbidden for
    // what the database does not let the role do.
    Trash of_role(const DatabaseRole& role) const;
    // Lets of_role() take these roles.
    void open_to(const std::vector<std::string>& roles);
    // Work of the service itself in a transaction of run().
    void as_itself(schema::Transaction& transaction, const std::function<void()>& work) const;
    // The schema in which a transaction of run() finds the trash.
    std::string readable_schema() const;
    const std::optional<std::string>& tenant() const;  // whose view this is; nothing: of all
    // Where the view is a tenant's: the table's column, nullptr where it has none.
    const schema::Column* tenant_column(const schema::Table& table) const;
    // SQL over live rows under the alias, in a transaction of run(): the view has them.
    std::string tenant_condition(const schema::Table& table, const std::string& alias) const;
    void run(schema::Mode mode, const std::function<void(schema::Transaction&)>& work);

    void set_naming(std::vector<Naming> naming);
    // What a delete does at each foreign key, by oid, asked anew for each catalog; set once before
    // use.
    void set_policy(std::function<cascade::Policy(const schema::Catalog&)> policy);
    schema::CatalogCache& catalog();
    schema::Pool& pool();
    const std::string& schema_name() const;
    Operations& operations();

    // id: the key's columns in key order, as text.
    DeleteResult remove(const schema::QualifiedName& table, const std::vector<std::string>& id,
                        const DeleteOptions& options, const Context& context);
    Impact impact(const schema::QualifiedName& table, const std::vector<std::string>& id,
                  bool cascade);
    // All or nothing, a group for each object that no other one takes along. Throws kBadRequest
    // when more than kMostNamed rows meet the condition, Blocked with all that refers to any.
    BulkResult remove_all(const schema::QualifiedName& table, const Selection& selection,
                          const BulkOptions& options, const Context& context);
    // One for all; what is not live counts for nothing.
    Impact impact_all(const schema::QualifiedName& table, const Selection& selection, bool cascade);
    // item_id: any member's.
    Restored restore(const std::string& item_id, const RestoreOptions& options,
                     const Context& context);
    Purged purge(const std::string& item_id, const Context& context,
                 const PurgeOptions& options = {});

    // What empty() would purge.
    Emptied count_groups(const EmptyOptions& options);
    // In batches; what others hold is waited for at the end. Items that are trashed after it began
    // stay.
    Emptied empty(const EmptyOptions& options, const Context& context);

    // The tables that a delete may take rows from, that of the object first.
    std::vector<schema::QualifiedName> taken_by(const schema::QualifiedName& table, bool cascade);
    // Triggers run in such a delete, rules divert it, or a table may refuse that references in it
    // are cut: whether it goes well shows only when it is tried.
    bool meets_code(const schema::QualifiedName& table, bool cascade);
    // Those that are gone and of which rows went into the trash, by the names that they had.
    std::vector<schema::QualifiedName> gone_tables();
    // Also of a group that was restored or purged since. Throws kNotFound when it never was.
    GroupTables tables_of(const std::string& item_id);

    // Also of a group that was restored or purged since: false.
    bool within(const std::string& item_id, const Reach& reach);

    // Throws GoneError when restored or purged since, kNotFound when it never was.
    Item item(const std::string& item_id, bool with_object);
    // The same, whatever the size of the row.
    void item(const std::string& item_id, const ItemSink& sink);
    // The newest item of an object that is in the trash, if any.
    std::optional<Item> find(const schema::QualifiedName& table, const std::vector<std::string>& id,
                             bool with_object);
    // Newest first; an item is given as it arrives, so that memory does not grow with the rows.
    ItemPage list(const ItemsAsked& asked, const std::function<void(const Item&)>& each);
    // How one reads items besides live rows, in a transaction of one's own.
    const std::vector<Naming>& naming() const;

    // Entries older than the one with the id `before`.
    HistoryPage history(const HistoryFilter& filter, int limit, long long before);
    // Of one object: the groups that it was the root of, and the one that it lies in the trash
    // with. Throws kNotFound when the id cannot be a key.
    HistoryPage history_of(const schema::QualifiedName& table, const std::vector<std::string>& id,
                           const HistoryAsked& asked);

  private:
    struct Impl;
    explicit Trash(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace trashd::trash
