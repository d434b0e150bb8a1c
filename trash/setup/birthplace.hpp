// Keeps the numbers of tables and columns in the trash true: where it was copied by a dump or by
// logical replication, where a table was made anew under its name or became a partition, and
// through renames.
#pragma once

#include <string>
#include <vector>

#include "schema/object_name.hpp"

namespace trashd::schema {
class Catalog;
class Connection;
class Transaction;
}  // namespace trashd::schema

namespace trashd::trash {

// Whether the numbers in the trash are of this database: as they were written, in a physical copy
// that has kept them, or in a logical one, where they may be of other tables.
enum class Home { kHere, kPhysicalCopy, kLogicalCopy };
Home home_of(schema::Connection& connection, const std::string& trash_schema);

// Inside a transaction that holds LockKey::kMigration and may write. Leaves every form with the
// table that it is of, found by name where its number is not to be trusted, or with none; logs what
// it finds. The rest of the transaction has the search path of pg_catalog.
void settle(schema::Transaction& transaction, const std::string& trash_schema);

// The same in a transaction of its own, when there is something to do, and what the types of their
// columns are made of; not on a standby.
void keep_current(schema::Connection& connection, const std::string& trash_schema,
                  const schema::Catalog& catalog);

// Trashed rows whose table is gone, by the name that it had last.
struct Stranded {
    schema::QualifiedName table;
    long long groups = 0, items = 0;
};
std::vector<Stranded> stranded(schema::Connection& connection, const std::string& trash_schema);

}  // namespace trashd::trash
