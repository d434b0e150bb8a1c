// Many groups restored or purged at once, named by their items or by the filters of the list: all
// of them or none, or each in a transaction of its own with an answer for each.
#include <algorithm>
#include <numeric>
#include <unordered_map>
#include <utility>

#include "service/api/json.hpp"
#include "service/api/problem.hpp"
#include "service/handlers/handlers.hpp"
#include "service/requests/async_requests.hpp"
#include "service/requests/bulk_request.hpp"
#include "service/requests/idempotency.hpp"
#include "service/rights/actor.hpp"
#include "service/rights/cross_site.hpp"
#include "service/rights/redaction.hpp"
#include "service/rights/row_rights.hpp"
#include "trash/records/operations.hpp"
#include "trash/store/item_id.hpp"

namespace trashd::service {
namespace {

constexpr std::size_t kMostTold = 1000;  // of what a filter has met and what stays
constexpr int kPage = 1000;

struct Picked {
    std::string id, group, created_at;
    long long items = 0;
    std::string status;   // empty: still to be done
    std::string entry;    // of the ledger, where it was done alone
    std::string problem;  // JSON
};

// One request, whose groups are looked for, and then restored or purged.
class BulkWork {
  public:
    BulkWork(const Request& request, const Caller& caller, const Context& context, Right right)
        : request_(request),
          caller_(caller),
          context_(context),
          right_(right),
          bulk_(parse_bulk(request, caller, context, right)),
          check_(check_of(caller, context, {right})) {}

    Response run();

  private:
    bool restores() const { return right_ == Right::kRestore; }
    const char* done_word() const { return restores() ? "restored" : "purged"; }
    bool done_before(const trash::GoneError& gone) const;
    void pick(Picked& one);
    void pick_named();
    void pick_filtered();
    void count_filtered();
    void need_expected() const;
    bool is_for_later() const;
    Response leave_for_later() const;
    std::vector<std::string> pending() const;
    void sum_up();
    Response reply(const trash::Restored* restored) const;
    void look_again();
    Response together();
    Response restore_together(const std::vector<std::string>& ids);
    Response purge_together(const std::vector<std::string>& ids);
    Response one_by_one();
    bool attempt(Picked& one);
    void carry_out(Picked& one);
    bool waits_for_others(const trash::Conflicted& error) const;
    void mark_done(const std::string& group);
    trash::RestoreOptions restore_options() const;
    void at_end(schema::Transaction& transaction, long long items, const Response& answer) const;
    void note(schema::Transaction& transaction, long long items) const;

    const Request& request_;
    const Caller& caller_;
    const Context& context_;
    const Right right_;
    const BulkRequest bulk_;
    const trash::Checks check_;
    std::vector<Picked> picked_;
    std::unordered_map<std::string, std::vector<std::size_t>> of_group_;  // places in picked_
    long long groups_ = 0, items_ = 0;  // of those to be done, then of those done
};

// By this operation, before it was begun anew.
bool BulkWork::done_before(const trash::GoneError& gone) const {
    return context_.operation && gone.gone.outcome == done_word() &&
           gone.gone.by == caller_.principal.id &&
           gone.gone.at >= context_.operation->operation().created_at;
}

void BulkWork::pick(Picked& one) {
    try {
        need_on_group(caller_, context_, right_, one.id);
        const auto item = context_.trash->item(one.id, false);
        one.group = item.group_id;
        one.items = item.group_size;
        one.created_at = item.created_at;
    } catch (const trash::GoneError& gone) {
        one.status = done_before(gone) ? done_word() : "gone";
    } catch (const Error& error) {
        if (error.code() == Code::kForbidden && bulk_.partial)
            one.status = "forbidden";
        else if (error.code() == Code::kNotFound)
            one.status = "not-found";
        else
            throw;
    }
}

void BulkWork::pick_named() {
    for (const auto& id : bulk_.ids) {
        picked_.push_back({});
        picked_.back().id = id;
        pick(picked_.back());
    }
}

void BulkWork::pick_filtered() {
    trash::ItemQuery asked;
    asked.filter = *bulk_.filter;
    asked.limit = kPage;
    for (bool more = true; more;) {
        const auto page = context_.trash->list(asked, [&](const trash::Item& root) {
            picked_.push_back(
                {root.id, root.group_id, root.created_at, root.group_size, "", "", ""});
        });
        asked.after = page.last;
        more = page.more;
    }
}

std::vector<std::string> BulkWork::pending() const {
    std::vector<std::string> ids;
    for (const auto& one : picked_)
        if (one.status.empty()) ids.push_back(one.id);
    return ids;
}

// Two items of one group are one group.
void BulkWork::sum_up() {
    groups_ = items_ = 0;
    of_group_.clear();
    for (std::size_t at = 0; at < picked_.size(); ++at) {
        const auto& one = picked_[at];
        if (!one.status.empty()) continue;
        auto& known = of_group_[one.group];
        known.push_back(at);
        if (known.size() > 1) continue;
        ++groups_;
        items_ += one.items;
    }
}

Response BulkWork::reply(const trash::Restored* restored) const {
    JsonWriter out;
    out.StartObject();
    out.key("groups").Int64(groups_);
    out.key("items").Int64(items_);
    if (restored) write_outcome(out, *restored, *context_.resources);
    out.key("results").StartArray();
    std::size_t told = 0;
    for (const auto& one : picked_) {
        if (bulk_.filter && (one.status == done_word() || ++told > kMostTold)) continue;
        out.StartObject();
        out.key("id").text(one.id);
        out.key("status").text(one.status);
        if (!one.problem.empty()) out.key("problem").raw(one.problem);
        if (!one.entry.empty()) write_undo(out.key("undo"), one.entry);
        out.EndObject();
    }
    out.EndArray();
    out.EndObject();
    Response reply;
    reply.body = out.take();
    return reply;
}

void BulkWork::at_end(schema::Transaction& transaction, long long items,
                      const Response& answer) const {
    if (context_.operation) context_.operation->end(transaction, items, answer.body);
    keep_reply(context_, transaction, answer);
}

trash::RestoreOptions BulkWork::restore_options() const {
    trash::RestoreOptions options;
    options.dry_run = bulk_.dry_run;
    options.check = check_;
    options.choices.otherwise = bulk_.otherwise;
    options.check_swapped = check_of(caller_, context_, {Right::kTrash});
    return options;
}

Response BulkWork::restore_together(const std::vector<std::string>& ids) {
    auto options = restore_options();
    options.expect = bulk_.expect;
    Response answer;
    options.at_end = [&](schema::Transaction& transaction, const trash::Restored& restored) {
        const auto shown = redact(caller_, context_, restored);
        answer = reply(&shown);
        at_end(transaction, restored.restored, answer);
    };
    const auto restored = context_.trash->restore_all(ids, options, actor_of(request_, caller_));
    if (!bulk_.dry_run) return answer;
    const auto shown = redact(caller_, context_, restored);
    return reply(&shown);
}

Response BulkWork::purge_together(const std::vector<std::string>& ids) {
    trash::PurgeOptions options;
    options.check = check_;
    options.dry_run = bulk_.dry_run;
    options.expect = bulk_.expect;
    Response answer;
    options.at_end = [&](schema::Transaction& transaction, const trash::Purged& purged) {
        answer = reply(nullptr);
        at_end(transaction, purged.rows, answer);
    };
    context_.trash->purge_all(ids, actor_of(request_, caller_), options);
    return bulk_.dry_run ? reply(nullptr) : answer;
}

void BulkWork::look_again() {
    for (auto& one : picked_)
        if (one.status.empty()) pick(one);
    sum_up();
}

// What left the trash since it was looked for is looked for again, as long as there is such.
Response BulkWork::together() {
    while (true) {
        const auto ids = pending();
        const auto before = picked_;
        for (auto& one : picked_)
            if (one.status.empty()) one.status = done_word();
        if (ids.empty()) return reply(nullptr);
        try {
            return restores() ? restore_together(ids) : purge_together(ids);
        } catch (const Error& error) {
            if (error.code() != Code::kGone && error.code() != Code::kNotFound) throw;
            picked_ = before;
            look_again();
            if (pending().size() == ids.size()) throw;
        }
    }
}

void BulkWork::note(schema::Transaction& transaction, long long items) const {
    if (context_.operation) context_.operation->note(transaction, 1, items);
    if (context_.progress) context_.progress(items);
}

// Also of other items of the group.
void BulkWork::mark_done(const std::string& group) {
    const auto known = of_group_.find(group);
    if (known == of_group_.end()) return;
    for (const auto at : known->second) {
        if (!picked_[at].status.empty()) continue;
        picked_[at].status = done_word();
        picked_[at].problem.clear();
    }
}

void BulkWork::carry_out(Picked& one) {
    const auto actor = actor_of(request_, caller_);
    if (restores()) {
        auto options = restore_options();
        options.at_end = [&](schema::Transaction& transaction, const trash::Restored& restored) {
            note(transaction, restored.restored);
        };
        const auto restored = context_.trash->restore(one.id, options, actor);
        items_ += restored.restored;
        groups_ += 1 + static_cast<long long>(restored.ancestors.size());
        for (const auto& group : restored.ancestors) mark_done(group);
        if (!restored.entries.empty()) one.entry = restored.entries.front();
    } else {
        trash::PurgeOptions options;
        options.check = check_;
        options.dry_run = bulk_.dry_run;
        options.at_end = [&](schema::Transaction& transaction, const trash::Purged& purged) {
            note(transaction, purged.rows);
        };
        items_ += context_.trash->purge(one.id, actor, options).rows;
        ++groups_;
    }
    mark_done(one.group);
}

// In a dry run parents that would be there by then are not.
bool BulkWork::waits_for_others(const trash::Conflicted& error) const {
    return std::ranges::all_of(error.conflicts, [&](const trash::Conflict& conflict) {
        if (conflict.trash_item.empty()) return false;
        const auto known = of_group_.find(trash::parse_item_id(conflict.trash_item).group_id);
        return known != of_group_.end() && picked_[known->second.front()].status == done_word();
    });
}

// Whether it is done; else its problem says why not, or its status that it is gone.
bool BulkWork::attempt(Picked& one) {
    const auto* resources = context_.resources.get();
    try {
        carry_out(one);
        return true;
    } catch (const trash::Conflicted& error) {
        if (bulk_.dry_run && waits_for_others(error)) {
            ++groups_;
            items_ += one.items;
            mark_done(one.group);
            return true;
        }
        one.problem =
            problem(redact(caller_, context_, error), resources, request_.request_id, false).body;
    } catch (const trash::GoneError& gone) {
        one.status = done_before(gone) ? done_word() : "gone";
    } catch (const Error& error) {
        if (error.code() == Code::kUnavailable || error.code() == Code::kInternal) throw;
        if (error.code() == Code::kNotFound) one.status = "not-found";
        if (error.code() == Code::kForbidden) one.status = "forbidden";
        if (error.code() == Code::kHeld) {
            one.status = "held";
            one.problem = problem(error, resources, request_.request_id, false).body;
        }
        if (one.status.empty())
            one.problem = problem(error, resources, request_.request_id, false).body;
    }
    return false;
}

// A parent went into the trash after what hangs on it, so the newest go back first; where one waits
// for another nevertheless it is tried again.
Response BulkWork::one_by_one() {
    groups_ = items_ = 0;
    std::vector<std::size_t> order(picked_.size());
    std::iota(order.begin(), order.end(), 0);
    std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
        return picked_[a].created_at > picked_[b].created_at;
    });
    for (bool some = true; std::exchange(some, false);)
        for (const auto at : order)
            if (picked_[at].status.empty() && attempt(picked_[at])) some = true;
    for (auto& one : picked_)
        if (one.status.empty()) one.status = "conflict";
    return reply(nullptr);
}

// What is left to an operation is counted, and not looked for one by one.
void BulkWork::count_filtered() {
    trash::EmptyOptions counted;
    counted.filter = *bulk_.filter;
    const auto found = context_.trash->count_groups(counted);
    groups_ = found.groups;
    items_ = found.items;
}

void BulkWork::need_expected() const {
    const auto done = context_.operation ? context_.operation->operation().done : 0;
    if (bulk_.expect && *bulk_.expect != items_ + done)
        throw trash::UnexpectedCount(*bulk_.expect, items_ + done);
}

bool BulkWork::is_for_later() const {
    if (bulk_.dry_run) return false;
    const auto most = most_rows(request_, context_);
    return wants_async(request_, context_) || (most && items_ > *most);
}

Response BulkWork::leave_for_later() const {
    need_expected();
    return accept(request_, caller_, context_, restores() ? "bulk-restore" : "bulk-purge", items_);
}

Response BulkWork::run() {
    const bool quick = bulk_.filter && !bulk_.filter->text && !bulk_.filter->orphaned;
    if (quick && !bulk_.dry_run && !context_.operation) {
        count_filtered();
        if (is_for_later()) return leave_for_later();
    }
    bulk_.filter ? pick_filtered() : pick_named();
    sum_up();
    if (is_for_later()) return leave_for_later();
    need_expected();
    return bulk_.partial ? one_by_one() : together();
}

}  // namespace

Response bulk_restore(const Request& request, const Caller& caller, const Context& context) {
    refuse_foreign(request, context);
    request.target.query.only({"reason"});
    return BulkWork(request, caller, context, Right::kRestore).run();
}

Response bulk_purge(const Request& request, const Caller& caller, const Context& context) {
    refuse_foreign(request, context);
    request.target.query.only({"reason"});
    return BulkWork(request, caller, context, Right::kPurge).run();
}

}  // namespace trashd::service
