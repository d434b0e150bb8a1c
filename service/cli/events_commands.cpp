// `trashd events`: how far web hooks have been told, and telling them again.
#include <iostream>

#include "service/api/json.hpp"
#include "service/cli/app.hpp"
#include "service/cli/cli.hpp"
#include "service/cli/local_service.hpp"
#include "trash/records/webhooks.hpp"
#include "trash/setup/migrate.hpp"

namespace trashd::service {

namespace {

std::string json_of(const std::vector<trash::WebhookState>& states) {
    JsonWriter out;
    out.StartArray();
    for (const auto& state : states) {
        out.StartObject();
        out.key("url").text(state.url);
        out.key("after").text(std::to_string(state.after));
        out.key("behind").Int64(state.behind);
        out.key("waiting").Int64(state.waiting);
        out.key("givenUp").Int64(state.given_up);
        out.key("failures").Int64(state.failures);
        out.key("pausedUntil").text_or_null(state.paused_until);
        out.key("toldAt").text_or_null(state.told_at);
        out.key("error").text_or_null(state.error);
        out.key("running").Bool(state.told_by_somebody);
        out.EndObject();
    }
    out.EndArray();
    return out.take();
}

void print(const trash::WebhookState& state) {
    std::cout << state.url << "\n  told up to entry " << state.after << ", " << state.behind
              << " behind, " << state.waiting << " to be tried again, " << state.given_up
              << " given up\n";
    if (state.told_at) std::cout << "  took the last one at " << *state.told_at << "\n";
    if (state.error) std::cout << "  the last try: " << *state.error << "\n";
    if (state.paused_until)
        std::cout << "  not reached " << state.failures << " times in a row, the next try is at "
                  << *state.paused_until << "\n";
    if (!state.told_by_somebody)
        std::cout << "  no instance tells it now: is a service running that has it configured?\n";
}

schema::Pool& pool_of(LocalDatabase& database, const Config& config) {
    auto lease = database.pool().lease();
    trash::migrate(lease.connection(), config.trash_schema);
    return database.pool();
}

}  // namespace

int events_status(const CliOptions& options) {
    const auto config = configuration(options.overrides);
    LocalDatabase database(config);
    const auto states = trash::webhook_states(pool_of(database, config), config.trash_schema);
    if (options.json) {
        std::cout << json_of(states) << "\n";
        return kDone;
    }
    for (const auto& state : states) print(state);
    if (states.empty()) std::cout << "no web hook was ever told; [[webhook]] configures one\n";
    return kDone;
}

int events_replay(const CliOptions& options) {
    const auto config = configuration(options.overrides);
    LocalDatabase database(config);
    auto& pool = pool_of(database, config);
    if (trash::replay(pool, config.trash_schema, options.url, options.after)) {
        std::cout << "it is told again what came after entry " << options.after << "\n";
        return kDone;
    }
    std::cerr << "there is no such web hook; trashd events status lists them\n";
    return kNotFound;
}

}  // namespace trashd::service
