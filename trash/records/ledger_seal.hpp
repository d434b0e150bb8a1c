// The chain of hashes over the ledger. Entries are written without it, so that no delete waits for
// another; soon afterwards a seal takes them up: their digests, under the hash of the seal before.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace trashd::schema {
class Connection;
class Pool;
}  // namespace trashd::schema

namespace trashd::trash {

// SQL of the SHA-256 of the entry in alias `l`: a function of what it says, not of any setting.
std::string entry_digest();

// Seals every entry whose id is settled: no transaction can still write one before it. Waits up to
// `wait` for those that run; the number of entries sealed. Safe beside other instances.
long long seal(schema::Pool& pool, const std::string& trash_schema, std::chrono::milliseconds wait);
// The same up to an id that SettledIds gave.
long long seal_upto(schema::Pool& pool, const std::string& trash_schema, long long settled);

struct LedgerFault {
    // altered, removed, added (entries); broken (a seal); forged (a checkpoint of pruned history)
    std::string kind;
    std::int64_t number = 0;  // of the entry, the seal or the checkpoint
};

struct Verified {
    std::vector<LedgerFault> faults;
    long long seals = 0, entries = 0, unsealed = 0;
    std::string head;          // hash of the last seal, in hex; empty: there is none
    bool head_found = false;   // the hash asked for is in the chain
    bool head_pruned = false;  // or was, of a seal that is gone with what it proved
    long long pruned = 0;      // entries that are gone, as checkpoints tell
    std::optional<std::string> pruned_before = {};  // all of them were older: RFC 3339 UTC
};

// Throws Error. head: a hash that the chain had before, in hex.
Verified verify_ledger(schema::Connection& connection, const std::string& trash_schema,
                       const std::optional<std::string>& head);
// How far the chain reaches.
struct SealState {
    long long seals = 0, upto = 0;              // the last entry that is sealed
    std::string head;                           // as above
    std::optional<std::string> sealed_at = {};  // RFC 3339 UTC
    long long unsealed = 0;                     // entries behind it
};
SealState seal_state(schema::Connection& connection, const std::string& trash_schema);

// Whether the ledger has the entry of a receipt ("17-" and its digest in hex) as it was, or, where
// that was pruned, a seal still has its digest.
bool has_receipt(schema::Connection& connection, const std::string& trash_schema,
                 const std::string& receipt);
// The entry of the receipt was pruned and so was its seal: nothing is left to compare it with.
bool is_receipt_pruned(schema::Connection& connection, const std::string& trash_schema,
                       const std::string& receipt);

}  // namespace trashd::trash
