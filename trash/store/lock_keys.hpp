// The advisory locks that instances wait for each other with: each has a number of its own here,
// such as no other program is likely to use. They are the database's, whatever the trash schema.
#pragma once

#include <string>

namespace trashd::trash {

enum class LockKey : long long {
    kMigration = 7237892340012,  // schemas are made or changed
    kSealing = 7237892340013,    // entries of the ledger are sealed
    kFunctions = 7237892340014,  // functions of plans are made or dropped
    kProof = 7237892340015,      // a group is rehearsed
    kRetention = 7237892340016,  // what is due is purged
    kPruning = 7237892340017,    // old history is forgotten
};

// With a text as their other part, which is hashed.
enum class LockSeed : long long {
    kOperation = 7237892340,  // an operation is run; by its id
    kAsker = 7237892341,      // operations of who asks are counted; by the principal
};

// Calls, until the end of the transaction: one waits, the other gives whether it got the lock.
// text: SQL.
inline std::string lock_call(LockKey key) {
    return "pg_catalog.pg_advisory_xact_lock(" + std::to_string(static_cast<long long>(key)) + ")";
}
inline std::string try_lock_call(LockKey key) {
    return "pg_catalog.pg_try_advisory_xact_lock(" + std::to_string(static_cast<long long>(key)) +
           ")";
}
inline std::string hashed(LockSeed seed, const std::string& text) {
    return "pg_catalog.hashtextextended(" + text + ", " +
           std::to_string(static_cast<long long>(seed)) + ")";
}
inline std::string lock_call(LockSeed seed, const std::string& text) {
    return "pg_catalog.pg_advisory_xact_lock(" + hashed(seed, text) + ")";
}
inline std::string try_lock_call(LockSeed seed, const std::string& text) {
    return "pg_catalog.pg_try_advisory_xact_lock(" + hashed(seed, text) + ")";
}

}  // namespace trashd::trash
