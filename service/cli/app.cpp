#include "service/cli/app.hpp"

#include <spdlog/spdlog.h>

#include <condition_variable>
#include <csignal>
#include <fstream>
#include <initializer_list>
#include <iostream>
#include <memory>
#include <thread>
#include <utility>

#include "generated/kDemoConfig.hpp"
#include "generated/kDemoData.hpp"
#include "generated/kDemoSchema.hpp"
#include "schema/catalog/catalog.hpp"
#include "schema/catalog/reader.hpp"
#include "schema/error.hpp"
#include "schema/session/cluster.hpp"
#include "schema/session/connection.hpp"
#include "schema/session/pool.hpp"
#include "schema/session/server.hpp"
#include "schema/session/transaction.hpp"
#include "schema/sqlstate.hpp"
#include "service/cli/cli.hpp"
#include "service/config/resources.hpp"
#include "service/http/allowed_hosts.hpp"
#include "service/rights/act_as_role.hpp"
#include "service/server/expirer.hpp"
#include "service/server/http_server.hpp"
#include "service/server/log.hpp"
#include "service/server/operation_runner.hpp"
#include "service/server/rehearser.hpp"
#include "service/webhooks/webhook_sender.hpp"
#include "trash/capture/capture.hpp"
#include "trash/records/kept_answers.hpp"
#include "trash/records/ledger_seal.hpp"
#include "trash/records/operations.hpp"
#include "trash/records/rehearsals.hpp"
#include "trash/records/retention.hpp"
#include "trash/records/settled_ids.hpp"
#include "trash/records/undo_lists.hpp"

namespace trashd::service {

namespace {

constexpr const char* kConfigFile = "trashd.toml";
constexpr const char* kDemoFile = "/demo.toml";  // in the data directory

void load_demo(schema::Pool& pool, const std::string& trash_schema) {
    auto lease = pool.lease();
    auto& connection = lease.connection();
    if (!schema::read_catalog(connection, trash_schema)->tables().empty()) {
        spdlog::info("the database is not empty; the demo is not loaded");
        return;
    }
    connection.script(std::string("BEGIN;") + kDemoSchema + ";" + kDemoData + ";COMMIT; ANALYZE");
    spdlog::info("the demo is loaded");
}

// Commands on this data find the demo's resources under the demo's paths.
void remember_demo(const std::string& directory) {
    std::ofstream(directory + kDemoFile) << kDemoConfig;
}

// Ends the server at SIGTERM or SIGINT, has it open its files anew at SIGHUP.
class SignalThread {
  public:
    SignalThread(HttpServer& server, const sigset_t& signals)
        : thread_([&server, signals] {
              for (int signal = 0; sigwait(&signals, &signal) == 0 && signal == SIGHUP;) {
                  reopen_log();
                  server.reload();
              }
              spdlog::info("stopping");
              server.stop();
          }) {}
    ~SignalThread() { thread_.join(); }

    // In this thread and every one that it makes from now on.
    static sigset_t block(std::initializer_list<int> signals) {
        sigset_t set;
        sigemptyset(&set);
        for (const int signal : signals) sigaddset(&set, signal);
        pthread_sigmask(SIG_BLOCK, &set, nullptr);
        return set;
    }

  private:
    std::thread thread_;
};

void start_again(schema::Cluster* cluster) {
    if (cluster == nullptr) return;
    try {
        cluster->start();
    } catch (const std::exception& error) {
        spdlog::error("{}", in_log(error));
    }
}

// What others delete from these tables goes into the trash, as the configuration says.
void capture_as_configured(trash::Trash& trash, const Config& config) {
    std::vector<schema::QualifiedName> tables;
    for (const auto& resource : config.resources)
        if (resource.capture) tables.push_back(resource.table);
    const trash::Capture capture(trash);
    capture.configure(tables);
    capture.allow_hard(config.capture_hard);
}

// A table that has changed refuses the deletes of others until this is done. seen: the catalog for
// which it was done last.
void renew_capture(trash::Trash& trash, std::shared_ptr<const schema::Catalog>& seen) {
    try {
        const auto now = trash.catalog().get();
        if (std::exchange(seen, now) == now) return;
        if (const int renewed = trash::Capture(trash).renew(); renewed > 0)
            spdlog::info("capture is renewed at {} tables", renewed);
    } catch (const std::exception& error) {
        seen.reset();
        spdlog::warn("capture cannot be renewed: {}", in_log(error));
    }
}

// Reads see a changed schema without a delete that stumbles over it.
// A private PostgreSQL that went away is started again.
void refresh_often(std::stop_token stop, trash::Trash& trash, ResourceCache& resources,
                   schema::Cluster* cluster) {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    auto pause = std::chrono::seconds(5);
    std::shared_ptr<const schema::Catalog> seen;
    while (!wake.wait_for(lock, stop, pause, [&] { return stop.stop_requested(); })) {
        try {
            resources.refresh();
            renew_capture(trash, seen);
            pause = std::chrono::seconds(5);
        } catch (const std::exception& error) {
            spdlog::warn("the catalog cannot be read: {}", in_log(error));
            pause = std::chrono::seconds(1);
            start_again(cluster);
        }
    }
}

// Whichever instance comes first removes what all of them have kept for long enough.
void forget_often(std::stop_token stop, schema::Pool& pool, const Config& config) {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    do {
        try {
            trash::forget_answers(pool, config.trash_schema, config.idempotency_hours);
            trash::forget_operations(pool, config.trash_schema, config.idempotency_hours);
            trash::forget_undo_lists(pool, config.trash_schema, config.undo_hours);
            trash::forget_rehearsals(pool, config.trash_schema);
        } catch (const std::exception& error) {
            spdlog::warn("old answers cannot be removed: {}", in_log(error));
        }
    } while (!wake.wait_for(lock, stop, std::chrono::minutes(10),
                            [&] { return stop.stop_requested(); }));
}

// Entries of the ledger are sealed soon after they are written; not in the transactions that write
// them, which would wait for each other. Those that were open at the last look mostly end soon.
void seal_often(std::stop_token stop, schema::Pool& pool, const std::string& trash_schema) {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    trash::SettledIds ids(trash_schema);
    const auto pause = [&] { return std::chrono::milliseconds(ids.waits() ? 100 : 2000); };
    while (!wake.wait_for(lock, stop, pause(), [&] { return stop.stop_requested(); })) {
        try {
            const auto settled = ids.look(pool.lease().connection());
            trash::seal_upto(pool, trash_schema, settled);
        } catch (const std::exception& error) {
            spdlog::warn("the ledger cannot be sealed: {}", in_log(error));
        }
    }
}

// Where both start together the database comes up later, or lacks the role at first.
void wait_for_database(schema::Pool& pool, std::chrono::seconds longest) {
    const auto until = std::chrono::steady_clock::now() + longest;
    for (std::string said;; std::this_thread::sleep_for(std::chrono::milliseconds(250))) {
        try {
            pool.lease();
            return;
        } catch (const Error& error) {
            if (!error.is(sqlstate::kConnectFailure) || std::chrono::steady_clock::now() >= until)
                throw;
            const auto cause = in_log(error);
            if (said != cause) spdlog::warn("{}; waiting for it", cause);
            said = cause;
        }
    }
}

std::string text_of(const Endpoint& endpoint, int port) {
    bool six = endpoint.host.find(':') != std::string::npos;
    return (six ? "[" + endpoint.host + "]:" : endpoint.host + ":") + std::to_string(port);
}

// A SIGHUP that comes while the service starts waits until it has started: it never ends it.
void run(const Config& config, std::chrono::seconds longest_wait) {
    SignalThread::block({SIGHUP});
    std::optional<schema::Cluster> cluster;
    std::string url = config.database;
    if (url.empty()) {
        cluster.emplace(config.data_dir);
        cluster->create_database("trashd");
        url = cluster->url("trashd");
    }
    schema::Pool pool(url, config.pool_size, std::chrono::seconds(5), database_limits(config));
    wait_for_database(pool, longest_wait);
    schema::require_supported(pool.lease().connection());
    const auto signals = SignalThread::block({SIGHUP, SIGTERM, SIGINT});
    if (!pool.lease().connection().prepares())
        spdlog::info("a pooler is between: statements are not prepared");
    if (config.demo) load_demo(pool, config.trash_schema);
    if (config.demo && cluster) remember_demo(config.data_dir);
    trash::Trash trash(pool, config.trash_schema);
    open_database_access(trash, config);
    ResourceCache resources(trash, config);
    resources.require_configured();
    trash::set_keep(pool, config.trash_schema, keep_rules(config));
    capture_as_configured(trash, config);
    HttpServer server(trash, resources, config);
    auto endpoint = *parse_endpoint(config.listen);
    auto port = server.bind(endpoint);
    std::jthread refresher([&, private_one = cluster ? &*cluster : nullptr](std::stop_token stop) {
        refresh_often(std::move(stop), trash, resources, private_one);
    });
    std::jthread forgetter(
        [&](std::stop_token stop) { forget_often(std::move(stop), pool, config); });
    std::jthread sealer(
        [&](std::stop_token stop) { seal_often(std::move(stop), pool, config.trash_schema); });
    Runner runner(trash.operations(), pool, config);
    std::optional<Rehearser> rehearser;
    if (config.proof.every_hours > 0) rehearser.emplace(pool.url(), config);
    const Expirer expirer(pool.url(), config);
    std::optional<WebhookSender> webhooks;
    if (!config.webhooks.empty()) webhooks.emplace(pool.url(), config, resources);
    SignalThread signal_thread(server, signals);
    spdlog::info("listening on {} with {} resources{}", text_of(endpoint, port),
                 resources.get()->all().size(), config.tls.on() ? " and TLS" : "");
    server.serve();
}

}  // namespace

Config configuration(Overrides overrides) {
    if (!overrides.config && !overrides.demo && std::ifstream(kConfigFile))
        overrides.config = kConfigFile;
    const auto load = [&] {
        return load_config(config_text(overrides, overrides.demo ? kDemoConfig : ""), overrides,
                           process_environment());
    };
    auto config = load();
    const auto remembered = config.data_dir + kDemoFile;
    if (overrides.config || overrides.demo || !config.database.empty() ||
        !std::ifstream(remembered))
        return config;
    overrides.config = remembered;
    return load();
}

int serve(const Overrides& overrides) {
    begin_log();
    try {
        const auto config = configuration(overrides);
        use_log(config.log);
        run(config, std::chrono::seconds(overrides.wait_seconds));
        spdlog::info("stopped");
        return kDone;
    } catch (const std::exception& error) {
        log_end(error);
        return exit_status_of(error);
    }
}

int print_config(const Overrides& overrides) {
    try {
        std::cout << dump(configuration(overrides));
        return 0;
    } catch (const std::exception& error) {
        std::cerr << error.what() << "\n";
        return 1;
    }
}

}  // namespace trashd::service
