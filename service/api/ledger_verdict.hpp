// Whether the ledger is what was written, for the command line and over HTTP.
#pragma once

#include <optional>
#include <string>

#include "trash/records/ledger_seal.hpp"

namespace trashd::service {

// What was kept of it elsewhere: a hash that the chain had, the receipt of a purge.
struct LedgerProof {
    std::optional<std::string> head, receipt;
};

struct LedgerVerdict {
    trash::Verified verified;
    bool head_lost = false, receipt_lost = false;
    bool receipt_pruned = false;  // nothing is left to compare it with
    bool good() const { return verified.faults.empty() && !head_lost && !receipt_lost; }
};

LedgerVerdict judge_ledger(schema::Connection& connection, const std::string& trash_schema,
                           const LedgerProof& proof);
std::string verdict_json(const LedgerVerdict& verdict);

}  // namespace trashd::service
