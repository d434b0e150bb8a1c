#include "service/api/ledger_verdict.hpp"

#include "service/api/json.hpp"

namespace trashd::service {

LedgerVerdict judge_ledger(schema::Connection& connection, const std::string& trash_schema,
                           const LedgerProof& proof) {
    LedgerVerdict verdict{trash::verify_ledger(connection, trash_schema, proof.head)};
    const auto& verified = verdict.verified;
    verdict.head_lost = proof.head && !verified.head_found && !verified.head_pruned;
    if (!proof.receipt || trash::has_receipt(connection, trash_schema, *proof.receipt))
        return verdict;
    verdict.receipt_pruned = trash::is_receipt_pruned(connection, trash_schema, *proof.receipt);
    verdict.receipt_lost = !verdict.receipt_pruned;
    return verdict;
}

std::string verdict_json(const LedgerVerdict& verdict) {
    const auto& verified = verdict.verified;
    JsonWriter out;
    out.StartObject();
    out.key("good").Bool(verdict.good());
    out.key("entries").Int64(verified.entries);
    out.key("seals").Int64(verified.seals);
    out.key("unsealed").Int64(verified.unsealed);
    out.key("head").text(verified.head);
    out.key("headLost").Bool(verdict.head_lost);
    out.key("headPruned").Bool(verified.head_pruned);
    out.key("receiptLost").Bool(verdict.receipt_lost);
    out.key("receiptPruned").Bool(verdict.receipt_pruned);
    out.key("pruned").Int64(verified.pruned);
    out.key("prunedBefore").text_or_null(verified.pruned_before);
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

}  // namespace trashd::service
