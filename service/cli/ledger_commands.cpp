// `trashd ledger verify` and `trashd migrate`: what an operator does with the trash schema itself,
// apart from the service.
#include <iostream>

#include "service/api/json.hpp"
#include "service/cli/app.hpp"
#include "service/cli/cli.hpp"
#include "service/cli/local_service.hpp"
#include "service/cli/terminal.hpp"
#include "trash/store/ledger_seal.hpp"
#include "trash/store/migrate.hpp"

namespace trashd::service {

namespace {

// What it says, and how the command ends.
struct Verdict {
    trash::Verified verified;
    bool head_lost = false, receipt_lost = false;
    bool good() const { return verified.faults.empty() && !head_lost && !receipt_lost; }
};

Verdict judge(schema::Connection& connection, const std::string& trash_schema,
              const CliOptions& options) {
    Verdict verdict{trash::verify_ledger(connection, trash_schema, options.head)};
    verdict.head_lost = options.head && !verdict.verified.head_found;
    verdict.receipt_lost =
        options.receipt && !trash::has_receipt(connection, trash_schema, *options.receipt);
    return verdict;
}

std::string json_of(const Verdict& verdict) {
    const auto& verified = verdict.verified;
    JsonWriter out;
    out.StartObject();
    out.key("good").Bool(verdict.good());
    out.key("entries").Int64(verified.entries);
    out.key("seals").Int64(verified.seals);
    out.key("unsealed").Int64(verified.unsealed);
    out.key("head").text(verified.head);
    out.key("headLost").Bool(verdict.head_lost);
    out.key("receiptLost").Bool(verdict.receipt_lost);
    out.key("faults").StartArray();
    for (const auto& fault : verified.faults) {
        out.StartObject();
        out.key("kind").text(fault.kind);
        out.key("number").Int64(fault.number);
        out.EndObject();
    }
    out.EndArray();
    out.EndObject();
    return out.take();
}

void print(const Verdict& verdict) {
    const auto& verified = verdict.verified;
    for (const auto& fault : verified.faults) {
        if (fault.kind == "broken")
            std::cout << "seal " << fault.number << " does not follow from the one before\n";
        else
            std::cout << "entry " << fault.number << " was " << fault.kind << "\n";
    }
    if (verdict.head_lost) std::cout << "the head given is not in the chain: its end was removed\n";
    if (verdict.receipt_lost) std::cout << "no entry is what the receipt says\n";
    std::cout << verified.entries << " entries under " << verified.seals << " seals, "
              << verified.unsealed << " not sealed yet\n";
    if (!verified.head.empty())
        std::cout << "head " << verified.head << " (keep it elsewhere, and give it with --head)\n";
}

}  // namespace

int ledger_verify(const CliOptions& options) {
    const auto config = configuration(options.overrides);
    LocalDatabase database(config);
    auto lease = database.pool().lease();
    const Waiting waiting("verifying");
    const auto verdict = judge(lease.connection(), config.trash_schema, options);
    if (options.json)
        std::cout << json_of(verdict) << "\n";
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
