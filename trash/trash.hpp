// The local API: everything trashd does, without HTTP. Thread-safe; each call takes one connection
// of the pool and one transaction (a retry takes a fresh one). All throw Error.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cascade/plan.hpp"
#include "schema/database.hpp"
#include "schema/reader.hpp"
#include "trash/types.hpp"

namespace trashd::trash {

struct DeleteOptions {
    bool cascade = false;                    // take along what would refuse
    bool hard = false;                       // not through the trash
    std::vector<std::string> if_match = {};  // ETags; empty: any
};

struct DeleteResult {
    std::optional<Item> item;  // absent after a hard delete
    bool already = false;      // it lay in the trash before
};

struct RestoreOptions {
    bool with_ancestors = false, lossy = false, dry_run = false;
};

// Page of a list: newest first, strictly after the item id in `after` (empty: from the start).
struct ItemPage {
    std::vector<Item> items;
    bool more = false;
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
    ~Trash();

    // Per foreign key, by oid; set once before use.
    void set_policy(cascade::Policy policy);
    schema::CatalogCache& catalog();
    schema::Pool& pool();
    const std::string& schema_name() const;

    // id: the key's columns in key order, as text.
    DeleteResult remove(const schema::QualifiedName& table, const std::vector<std::string>& id,
                        const DeleteOptions& options, const Context& context);
    Impact impact(const schema::QualifiedName& table, const std::vector<std::string>& id,
                  bool cascade);
    // item_id: any member's.
    Restored restore(const std::string& item_id, const RestoreOptions& options,
                     const Context& context);
    void purge(const std::string& item_id, const Context& context);

    // Throws GoneError when restored or purged since, kNotFound when it never was.
    Item item(const std::string& item_id, bool with_object);
    // The newest item of an object that is in the trash, if any.
    std::optional<Item> find(const schema::QualifiedName& table, const std::vector<std::string>& id,
                             bool with_object);
    ItemPage list(int limit, const std::string& after, bool with_object);  // /v1/trash
    ItemPage list_of(const schema::QualifiedName& table, int limit,
                     const std::string& after);  // with objects

    // Entries older than the one with the id `before`.
    HistoryPage history(const HistoryFilter& filter, int limit, long long before);
    // Of one object: the groups that it was the root of, and the one that it lies in the trash
    // with. Throws kNotFound when the id cannot be a key.
    HistoryPage history_of(const schema::QualifiedName& table, const std::vector<std::string>& id,
                           int limit, long long before);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace trashd::trash
