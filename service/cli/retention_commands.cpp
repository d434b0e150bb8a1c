// `trashd retention`: what is kept for how long, and what that means for groups that lie in the
// trash already.
#include <unistd.h>

#include <cmath>
#include <iostream>

#include "schema/catalog/catalog.hpp"
#include "service/api/json.hpp"
#include "service/cli/app.hpp"
#include "service/cli/cli.hpp"
#include "service/cli/local_service.hpp"
#include "service/config/duration.hpp"
#include "service/server/expirer.hpp"
#include "trash/records/pruned_history.hpp"
#include "trash/records/retention.hpp"
#include "trash/setup/migrate.hpp"

namespace trashd::service {

namespace {

// Rules may be wanted before the first start.
LocalDatabase& with_schema(LocalDatabase& database, const Config& config) {
    auto lease = database.pool().lease();
    trash::migrate(lease.connection(), config.trash_schema);
    return database;
}

// What the service will forget of the history, and has forgotten.
trash::HistoryState history_of(LocalDatabase& database, const Config& config) {
    const auto& seconds = config.retention.history.seconds;
    return trash::history_state(
        database.pool(), config.trash_schema,
        seconds ? std::optional(trash::old_before(database.pool(), *seconds)) : std::nullopt);
}

void write_history(JsonWriter& out, const trash::HistoryState& history, const Config& config) {
    out.key("history").StartObject();
    out.key("keep").text(keep_text(config.retention.history));
    out.key("oldEntries").Int64(history.old_entries);
    out.key("oldGroups").Int64(history.old_groups);
    out.key("prunedEntries").Int64(history.pruned_entries);
    out.key("prunedGroups").Int64(history.pruned_groups);
    out.key("prunedBefore").text_or_null(history.before);
    out.EndObject();
}

void print_history(const trash::HistoryState& history, const Config& config) {
    if (config.retention.history.seconds)
        std::cout << "history is kept for " << keep_text(config.retention.history) << ": "
                  << history.old_entries << " entries and " << history.old_groups
                  << " ended groups are older\n";
    else
        std::cout << "history is kept for ever\n";
    if (history.before)
        std::cout << history.pruned_entries << " entries and " << history.pruned_groups
                  << " ended groups have been pruned, all of them from before " << *history.before
                  << "\n";
}

std::string json_of(const trash::KeepChange& change, const trash::HistoryState& history,
                    const Config& config) {
    JsonWriter out;
    out.StartObject();
    out.key("groups").Int64(change.groups);
    out.key("due").Int64(change.due);
    out.key("byHand").Int64(change.by_hand);
    write_history(out, history, config);
    out.EndObject();
    return out.take();
}

std::string json_of(const trash::RetentionState& state, const trash::HistoryState& history,
                    const Config& config) {
    JsonWriter out;
    out.StartObject();
    out.key("groups").Int64(state.groups);
    out.key("expiring").Int64(state.expiring);
    out.key("due").Int64(state.due);
    out.key("overdueSeconds").Int64(std::llround(state.overdue));
    out.key("next").text_or_null(state.next);
    write_history(out, history, config);
    out.EndObject();
    return out.take();
}

}  // namespace

int retention_apply(const CliOptions& options) {
    const auto config = configuration(options.overrides);
    LocalDatabase database(config);
    const auto change = trash::apply_keep(with_schema(database, config).pool(), config.trash_schema,
                                          keep_rules(config), options.dry_run);
    const auto history = history_of(database, config);
    if (options.json) {
        std::cout << json_of(change, history, config) << "\n";
        return kDone;
    }
    std::cout << change.groups << (options.dry_run ? " groups would get" : " groups have got")
              << " another time, of which " << change.due << " are due at once; " << change.by_hand
              << " keep the time that was set by hand\n";
    print_history(history, config);
    return kDone;
}

int retention_status(const CliOptions& options) {
    const auto config = configuration(options.overrides);
    LocalDatabase database(config);
    const auto state =
        trash::retention_state(with_schema(database, config).pool(), config.trash_schema);
    const auto history = history_of(database, config);
    if (options.json) {
        std::cout << json_of(state, history, config) << "\n";
        return kDone;
    }
    std::cout << state.groups << " groups are in the trash, " << state.groups - state.expiring
              << " of them for ever\n"
              << state.due << " are due";
    if (state.due > 0) std::cout << ", the first for " << std::llround(state.overdue) << " s";
    std::cout << "\n";
    if (state.next) std::cout << "the next is due at " << *state.next << "\n";
    print_history(history, config);
    return kDone;
}

}  // namespace trashd::service
