// What the parts of a restore that decide give each other: why rows cannot come back, what is in
// their way, which groups come along, copies, and what is told of it.
#pragma once

#include <string>
#include <vector>

#include "schema/session/connection.hpp"
#include "trash/model/restored.hpp"

namespace trashd {
class Error;
}

namespace trashd::trash {

struct GroupRow;
struct RestoreContext;

// refused_rows.cpp: the rows that the database refuses, after an attempt that failed and was rolled
// back. At least one conflict.
std::vector<Conflict> find_refused(RestoreContext& restoring, const Error& failed);

// schema_drift.cpp: values that would get lost without any statement failing.
std::vector<Conflict> find_losses(RestoreContext& restoring);
// schema_drift.cpp: casts that fail, NULL where there must be none, tables that are gone.
std::vector<Conflict> find_failing_casts(RestoreContext& restoring);
std::vector<Conflict> find_missing_values(RestoreContext& restoring);
std::vector<Conflict> find_missing_tables(const RestoreContext& restoring);

// restore.cpp: of the group's rows, action: restored, purged, copied. Gives the entry's id.
schema::Statement ledger_entry(const RestoreContext& restoring, const GroupRow& group,
                               const std::string& action);

// restore_plan.cpp: whether the restore is to be told from others by a hash; what goes into it
// while attempts are made; the hash, of a restore that has gone well.
bool plans(const RestoreContext& restoring);
void note_live_rows(RestoreContext& restoring);
void note_answered(RestoreContext& restoring, const std::vector<Conflict>& conflicts);
std::string plan_of(RestoreContext& restoring);

// copy.cpp: copies the first group's items, with keys made anew, to be restored in its place; rows
// whose keys are not new, and were not set; tells what became what, and leaves nothing of the
// copied items, and answers the id of the entry in the ledger.
void begin_copy(RestoreContext& restoring);
std::vector<Conflict> find_old_keys(RestoreContext& restoring);
std::string end_copy(RestoreContext& restoring);

// ancestors.cpp
std::vector<Conflict> find_missing_parents(RestoreContext& restoring);
// Whether rows of the groups refer, by references that the configuration declares, to rows that
// would not be there; those that are there stay so until the transaction ends.
bool lack_declared_parents(RestoreContext& restoring);
// Adds the groups in which missing parents lie; false when there is none.
bool add_ancestors(RestoreContext& restoring);
// Adds these groups, by their uuids, where they are still in the trash; false when none is.
bool add_ancestors(RestoreContext& restoring, const std::vector<std::string>& groups);

// conflicts.cpp: everything that keeps the groups out, after the attempt was rolled back to
// kSavepoint. Empty when nothing does any more.
inline constexpr const char* kSavepoint = "trashd_restore";
std::vector<Conflict> find_conflicts(RestoreContext& restoring);
// The server's own words, where no look-up explains its error.
Conflict as_said(const RestoreContext& restoring, const Error& failed);

}  // namespace trashd::trash
