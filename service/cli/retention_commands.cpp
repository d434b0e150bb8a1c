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
#include "service/server/expirer.hpp"
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

std::string json_of(const trash::KeepChange& change) {
    JsonWriter out;
    out.StartObject();
    out.key("groups").Int64(change.groups);
    out.key("due").Int64(change.due);
    out.key("byHand").Int64(change.by_hand);
    out.EndObject();
    return out.take();
}

std::string json_of(const trash::RetentionState& state) {
    JsonWriter out;
    out.StartObject();
    out.key("groups").Int64(state.groups);
    out.key("expiring").Int64(state.expiring);
    out.key("due").Int64(state.due);
    out.key("overdueSeconds").Int64(std::llround(state.overdue));
    out.key("next").text_or_null(state.next);
    out.EndObject();
    return out.take();
}

}  // namespace

int retention_apply(const CliOptions& options) {
    const auto config = configuration(options.overrides);
    LocalDatabase database(config);
    const auto change = trash::apply_keep(with_schema(database, config).pool(), config.trash_schema,
                                          keep_rules(config), options.dry_run);
    if (options.json) {
        std::cout << json_of(change) << "\n";
        return kDone;
    }
    std::cout << change.groups << (options.dry_run ? " groups would get" : " groups have got")
              << " another time, of which " << change.due << " are due at once; " << change.by_hand
              << " keep the time that was set by hand\n";
    return kDone;
}

int retention_status(const CliOptions& options) {
    const auto config = configuration(options.overrides);
    LocalDatabase database(config);
    const auto state =
        trash::retention_state(with_schema(database, config).pool(), config.trash_schema);
    if (options.json) {
        std::cout << json_of(state) << "\n";
        return kDone;
    }
    std::cout << state.groups << " groups are in the trash, " << state.groups - state.expiring
              << " of them for ever\n"
              << state.due << " are due";
    if (state.due > 0) std::cout << ", the first for " << std::llround(state.overdue) << " s";
    std::cout << "\n";
    if (state.next) std::cout << "the next is due at " << *state.next << "\n";
    return kDone;
}

}  // namespace trashd::service
