// Putting groups back: insert first; when something fails, one pass that finds every conflict.
// Why: docs/decisions/optimistic-restore.md.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "trash/model/restored.hpp"

namespace trashd::schema {
class Catalog;
class Transaction;
}  // namespace trashd::schema

namespace trashd::trash {

struct Actor;
struct GroupRow;
struct RestoreOptions;

// Inside the caller's kMove transaction, the groups already locked FOR UPDATE and 'trashed', all
// of one tenant.
// Locks the tables ROW EXCLUSIVE and checks the fingerprint (throws StaleCatalog on a mismatch),
// inserts parents first, relinks, SET CONSTRAINTS ALL IMMEDIATE, compares what came back where
// triggers or drift could have changed it, marks the group(s) restored, writes the ledger, deletes
// items and links. Throws Conflicted with every conflict (the caller rolls back).
Restored restore_groups(schema::Transaction& transaction, const schema::Catalog& catalog,
                        const std::string& trash_schema, const std::vector<GroupRow>& groups,
                        const RestoreOptions& options, const Actor& actor);

}  // namespace trashd::trash
