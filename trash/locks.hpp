// Advisory locks of single pieces of work: numbers that no other program is likely to lock, that of
// the migrations (trash/store.hpp) plus one and more.
#pragma once

namespace trashd::trash {

// Whether this instance may seal the ledger: one does at a time.
inline constexpr const char* kSealLock =
    "SELECT pg_catalog.pg_try_advisory_xact_lock(7237892340013)";
// Who writes the functions of deletes waits here, so that each is made once.
inline constexpr const char* kFunctionLock =
    "SELECT pg_catalog.pg_advisory_xact_lock(7237892340014)";

}  // namespace trashd::trash
