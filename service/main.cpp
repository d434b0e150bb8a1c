#include <CLI/CLI.hpp>

#include "service/app.hpp"

namespace {

void add_options(CLI::App& command, trashd::service::Overrides& into) {
    command.add_option("--database", into.database,
                       "libpq URL; without it a private PostgreSQL is run");
    command.add_option("--listen", into.listen,
                       "HOST:PORT, by default 127.0.0.1:8080; port 0: any");
    command.add_option("--config", into.config, "by default trashd.toml, where there is one");
    command.add_option("--data-dir", into.data_dir,
                       "of the private PostgreSQL, by default ./trashd-data");
    command.add_option("--schema", into.schemas, "whose tables are served; may be given again");
    command.add_flag("--demo", into.demo, "load the demo into an empty database");
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("A trash bin for any PostgreSQL database", "trashd");
    app.require_subcommand(1);
    trashd::service::Overrides overrides;
    auto* serve = app.add_subcommand("serve", "Serve until SIGTERM");
    auto* config = app.add_subcommand("config", "Print the configuration that is in force");
    add_options(*serve, overrides);
    add_options(*config, overrides);
    CLI11_PARSE(app, argc, argv);
    return config->parsed() ? trashd::service::print_config(overrides)
                            : trashd::service::serve(overrides);
}
