// Reads the catalog: the only file that selects from pg_catalog about the user's tables.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "schema/catalog/declared_reference.hpp"
#include "schema/catalog/key_choice.hpp"
#include "schema/catalog/table_options.hpp"
#include "schema/object_name.hpp"

namespace trashd::schema {

class Catalog;
class Connection;
class Pool;

// All ordinary and partitioned tables outside system schemas and outside trash_schema, in one
// REPEATABLE READ transaction with an empty search path. Partitions are left out: their root stands
// for them. ignores constraint copies on partitions. The key of a table is its primary key; else of
// its unique indexes over NOT NULL columns, without predicate and expression and not deferrable,
// that of the replica identity, else of a constraint, else with the fewest columns, else the first
// by name. Of a table in keys it is the one over these columns, or none. References are keys like
// those of the database; what stands in the way of one is in Catalog::broken().
// Options of tables and columns that are not there are kept for when they come.
std::shared_ptr<const Catalog> read_catalog(Connection& connection, const std::string& trash_schema,
                                            const KeyChoice& keys = {},
                                            const std::vector<DeclaredReference>& references = {},
                                            const OptionsOfTables& options = {});

// SELECT giving one text: the fingerprints of these tables (those of Table::fingerprint joined by
// ',' in oid order), for use inside a transaction that holds locks on them.
std::string fingerprint_sql(const std::vector<Oid>& tables);
// What fingerprint_sql gives when nothing changed since the catalog was read.
std::string expected_fingerprint(const Catalog& catalog, std::vector<Oid> tables);

// The users' types in columns of the tables, ascending; the same two for them, of which nothing is
// seen at a table. Without types NULL and empty.
std::vector<Oid> types_of(const Catalog& catalog, const std::vector<Oid>& tables);
std::string types_fingerprint_sql(const std::vector<Oid>& types);
std::string expected_types_fingerprint(const Catalog& catalog, const std::vector<Oid>& tables);

// The current catalog, shared by all requests.
class CatalogCache {
  public:
    // settle: what is to be done about each reading before it counts.
    CatalogCache(Pool& pool, std::string trash_schema,
                 std::function<void(Connection&, const Catalog&)> settle = {});
    // Before the first use.
    void set_keys(KeyChoice keys, std::vector<DeclaredReference> references = {},
                  OptionsOfTables options = {});
    // As last read; reads it at first use.
    std::shared_ptr<const Catalog> get();
    // Reads it again.
    std::shared_ptr<const Catalog> reload();
    // Reads it again when a whole-database fingerprint says that something changed.
    std::shared_ptr<const Catalog> refresh();

  private:
    std::string fingerprint(Connection& connection) const;

    Pool& pool_;
    std::string trash_schema_;
    std::function<void(Connection&, const Catalog&)> settle_;
    KeyChoice keys_;
    std::vector<DeclaredReference> references_;
    OptionsOfTables options_;
    std::mutex mutex_;
    std::shared_ptr<const Catalog> catalog_;
    std::string fingerprint_;
    std::atomic<long long> begun_ = 0;  // readings so far
    long long kept_ = 0;                // which of them catalog_ is
};

}  // namespace trashd::schema
