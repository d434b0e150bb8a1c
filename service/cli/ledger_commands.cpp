// `trashd ledger verify` and `trashd migrate`: what an operator does with the trash schema itself,
// apart from the service.
#include <iostream>

#include "schema/session/connection.hpp"
#include "schema/session/pool.hpp"
#include "service/api/json.hpp"
#include "service/api/ledger_verdict.hpp"
#include "service/cli/app.hpp"
#include "service/cli/cli.hpp"
#include "service/cli/local_service.hpp"
#include "service/cli/terminal.hpp"
#include "trash/setup/migrate.hpp"

namespace trashd::service {

namespace {

void print(const LedgerVerdict& verdict) {
    const auto& verified = verdict.verified;
    for (const auto& fault : verified.faults) {
        if (fault.kind == "broken")
            std::cout << "seal " << fault.number << " does not follow from the one before\n";
        else if (fault.kind == "forged")
            std::cout << "checkpoint " << fault.number
                      << " is not what its entry and the one before say\n";
        else
            std::cout << "entry " << fault.number << " was " << fault.kind << "\n";
    }
    if (verdict.head_lost) std::cout << "the head given is not in the chain: its end was removed\n";
    if (verdict.receipt_lost) std::cout << "no entry is what the receipt says\n";
    if (verified.head_pruned)
        std::cout << "the head given was in the chain; what it proved has been pruned\n";
    if (verdict.receipt_pruned)
        std::cout << "the entry of the receipt has been pruned, and nothing is left that tells\n";
    std::cout << verified.entries << " entries under " << verified.seals << " seals, "
              << verified.unsealed << " not sealed yet\n";
    if (verified.pruned_before)
        std::cout << verified.pruned << " entries were pruned, all of them written before "
                  << *verified.pruned_before << "\n";
    if (!verified.head.empty())
        std::cout << "head " << verified.head << "\nkeep it elsewhere, and give it with --head\n";
}

}  // namespace

int ledger_verify(const CliOptions& options) {
    const auto config = configuration(options.overrides);
    LocalDatabase database(config);
    auto lease = database.pool().lease();
    const Waiting waiting("verifying");
    const auto verdict =
        judge_ledger(lease.connection(), config.trash_schema, {options.head, options.receipt});
    if (options.json)
        std::cout << verdict_json(verdict) << "\n";
    else
        print(verdict);
    return verdict.good() ? kDone : kConflict;
}

int migrate_schema(const CliOptions& options) {
    const auto config = configuration(options.overrides);
    LocalDatabase database(config);
    auto lease = database.pool().lease();
    trash::migrate(lease.connection(), config.trash_schema);
    if (options.for_role)
        trash::grant_use(lease.connection(), config.trash_schema, *options.for_role);
    const int version = trash::newest_version();
    if (options.json)
        std::cout << "{\"version\":" << version << "}\n";
    else
        std::cout << "the trash schema is of version " << version << "\n";
    return kDone;
}

}  // namespace trashd::service
