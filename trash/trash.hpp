// The local API: everything trashd does, without HTTP. Thread-safe; each call takes one connection
// of the pool and one transaction (a retry takes a fresh one). All throw Error.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cascade/policy.hpp"
#include "schema/object_name.hpp"

namespace trashd::schema {
class Catalog;
class CatalogCache;
struct Column;
enum class Mode;
class Pool;
struct Table;
class Transaction;
}  // namespace trashd::schema

namespace trashd::trash {

struct Actor;
struct BatchLimits;
struct BulkOptions;
struct BulkResult;
struct Checks;
struct DatabaseRole;
struct DeleteOptions;
struct DeleteOutline;
struct DeleteResult;
struct DueBatch;
struct DuePlace;
struct Emptied;
struct EmptyOptions;
struct Facets;
struct GroupDetails;
struct GroupQuery;
struct GroupTables;
struct HistoryFilter;
struct HistoryPage;
struct HistoryQuery;
struct Impact;
struct Item;
struct ItemFilter;
struct ItemPage;
struct ItemQuery;
struct ItemSink;
struct Naming;
class KeptPages;
class Operations;
struct PurgeOptions;
struct RehearsalOptions;
struct Purged;
struct Referrers;
struct RestoreOptions;
struct Restored;
struct RowScope;
struct Selection;
struct Statistics;
struct Undone;
struct UndoOptions;

class Trash {
  public:
    // Applies migrations (under an advisory lock) to trash_schema and reads the catalog.
    Trash(schema::Pool& pool, const std::string& trash_schema = "trashd");
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
    // request.jwt.claims. Of the trash it sees what trash/access/database_role.hpp says. Throws
    // kForbidden for what the database does not let the role do.
    Trash of_role(const DatabaseRole& role) const;
    // Lets of_role() take these roles.
    void open_to(const std::vector<std::string>& roles);
    // Work of the service itself in a transaction of run().
    void as_itself(schema::Transaction& transaction, const std::function<void()>& work) const;
    // The schema in which a transaction of run() finds the trash.
    std::string readable_schema() const;
    const std::optional<std::string>& tenant() const;  // whose view this is; nothing: of all
    // The view is nobody's in particular, neither a tenant's nor a role's.
    bool of_all() const;
    // Where the view is a tenant's: the table's column, nullptr where it has none.
    const schema::Column* tenant_column(const schema::Table& table) const;
    // SQL over live rows under the alias, in a transaction of run(): the view has them.
    std::string tenant_condition(const schema::Table& table, const std::string& alias) const;
    void run(schema::Mode mode, const std::function<void(schema::Transaction&)>& work);

    void set_naming(std::vector<Naming> naming);
    // What a delete does at each foreign key, by oid, asked anew for each catalog; set once before
    // use.
    void set_policy(std::function<cascade::Policy(const schema::Catalog&)> policy);
    // How requests that come at the same time share statements (trash/remove/batches.hpp); set once
    // before use.
    void set_batches(const BatchLimits& limits);
    schema::CatalogCache& catalog();
    schema::Pool& pool();
    const std::string& schema_name() const;
    Operations& operations();

    // Takes the row into the trash, and with it, as one group, what the database or the
    // configuration takes along. id: the key's columns in key order, as text. Throws kNotFound,
    // Blocked where rows refer to it that neither go along nor are cut, kStale where the row has
    // none of the ETags, TooLarge, and what the checks throw; then nothing has happened.
    DeleteResult remove(const schema::QualifiedName& table, const std::vector<std::string>& id,
                        const DeleteOptions& options, const Actor& actor);
    Impact impact(const schema::QualifiedName& table, const std::vector<std::string>& id,
                  bool cascade);
    // All or nothing, a group for each object that no other one takes along. Throws kBadRequest
    // when more than kMostNamed rows meet the condition, Blocked with all that refers to any.
    BulkResult remove_all(const schema::QualifiedName& table, const Selection& selection,
                          const BulkOptions& options, const Actor& actor);
    // One for all; what is not live counts for nothing.
    Impact impact_all(const schema::QualifiedName& table, const Selection& selection, bool cascade);
    // Brings the item's group back as a whole, or what the choices make of it. item_id: any
    // member's. Throws GoneError where the group has ended, Conflicted with all that keeps it from
    // coming back, StalePlan; then nothing has happened.
    Restored restore(const std::string& item_id, const RestoreOptions& options, const Actor& actor);
    // The groups of all these items in one transaction, parents first whatever the order. Throws
    // kBadRequest where they are of several tenants.
    Restored restore_all(const std::vector<std::string>& item_ids, const RestoreOptions& options,
                         const Actor& actor);
    // Tries whether the group could come back now, with groups of ancestors where they lie in the
    // trash, and keeps the answer for lists; nothing of it is seen otherwise. Nothing: it was not
    // tried, because it is not in the trash, another instance is trying one, or something that it
    // needs is in use just now; or not to its end, because it is too large, would take too long, or
    // would run code that must not.
    std::optional<bool> rehearse(const std::string& group_id, const RehearsalOptions& options);
    // Undoes what the transaction that wrote the entry of the ledger did: what it trashed is
    // restored, what it restored is trashed again, as the same items of the same groups. Throws
    // kNotFound where there is no such entry, kGone where it was undone or something else has
    // happened to its groups since, ChangedSince, Conflicted, and kConflict for what cannot be
    // undone.
    Undone undo(const std::string& entry, const UndoOptions& options, const Actor& actor);
    Purged purge(const std::string& item_id, const Actor& actor, const PurgeOptions& options);
    Purged purge(const std::string& item_id, const Actor& actor);

    // The same of purges; the receipt is that of one of them.
    Purged purge_all(const std::vector<std::string>& item_ids, const Actor& actor,
                     const PurgeOptions& options);

    // What empty() would purge.
    Emptied count_groups(const EmptyOptions& options);
    // In batches; what others hold is waited for at the end. Items that are trashed after it began
    // stay.
    Emptied empty(const EmptyOptions& options, const Actor& actor);

    // Purges a batch of the groups whose time has passed, in the order of their times, from the
    // place on: what others hold is passed over, and so is what a group that stays needs to come
    // back. Entries of the ledger are by "retention".
    DueBatch purge_due(const DuePlace& after);
    // Until when the item's group is kept, by hand from now on; nothing: for ever. expires: a time
    // as PostgreSQL reads it. Throws what restore() throws for such an item.
    Item set_expiry(const std::string& item_id, const std::optional<std::string>& expires,
                    const Checks& check, const Actor& actor);

    // Both throw kNotFound where there is no such table or it has no key.
    DeleteOutline outline_of(const schema::QualifiedName& table, bool cascade);
    // The statements that make the functions of such a delete: of moving, of impacts, and where
    // rows may take each other along of owners. Throws kConflict or kMissingGrant with what refuses
    // the delete.
    std::vector<std::string> functions_of(const schema::QualifiedName& table, bool cascade);
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
    bool within(const std::string& item_id, const RowScope& reach);

    // Throws GoneError when restored or purged since, kNotFound when it never was.
    Item item(const std::string& item_id, bool with_object);
    // The same, whatever the size of the row.
    void item(const std::string& item_id, const ItemSink& sink);
    // The newest item of an object that is in the trash, if any.
    std::optional<Item> find(const schema::QualifiedName& table, const std::vector<std::string>& id,
                             bool with_object);
    // Newest first; an item is given as it arrives, so that memory does not grow with the rows.
    ItemPage list(const ItemQuery& asked, const std::function<void(const Item&)>& each);
    // Also of a group that has ended. Throws kNotFound when it never was.
    GroupDetails group(const std::string& group_id, const GroupQuery& asked);
    // The other groups in the trash whose rows refer to rows of the item's group: once it is purged
    // they cannot come back as they were. Of those only what may be seen is told; nothing: all.
    Referrers referrers(const std::string& item_id, const std::optional<RowScope>& seen);
    // Of what the filter means: exact up to 10,000 groups, or items where the filter is about their
    // values; else, and where that takes long, estimated from a sample.
    Facets facets(const ItemFilter& filter);
    Statistics statistics(const ItemFilter& filter);
    // What read_listing() keeps.
    KeptPages& kept_pages();
    // How one reads items besides live rows, in a transaction of one's own.
    const std::vector<Naming>& naming() const;

    // Entries older than the one with the id `before`.
    HistoryPage history(const HistoryFilter& filter, int limit, long long before);
    // Entries younger than the one with the id `after`, oldest first: no entry is passed over that
    // commits later, so the last of them is where to go on. With none it is nothing new so far.
    HistoryPage events(const HistoryFilter& filter, int limit, long long after);
    // Of one object: the groups that it was the root of, and the one that it lies in the trash
    // with. Throws kNotFound when the id cannot be a key.
    HistoryPage history_of(const schema::QualifiedName& table, const std::vector<std::string>& id,
                           const HistoryQuery& asked);

  private:
    struct Impl;
    explicit Trash(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace trashd::trash
