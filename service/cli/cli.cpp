#include "service/cli/cli.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "schema/error.hpp"
#include "service/cli/app.hpp"
#include "service/cli/help_format.hpp"
#include "service/completion/completion.hpp"
#include "service/config/did_you_mean.hpp"

namespace trashd::service {

namespace {

constexpr const char *kProgram = "trashd", *kWhat = "A trash bin for any PostgreSQL database";
constexpr const char* kFooter =
    "Exit status: 0 done, 1 failure, 2 usage, 3 not found or gone, 4 conflict, 5 unavailable.";

int (*chosen)(const CliOptions&) = nullptr;

void add_database(CLI::App& command, Overrides& into) {
    command.add_option("--database", into.database,
                       "libpq URL; without it a private PostgreSQL is run");
    command.add_option("--config", into.config, "by default trashd.toml, where there is one")
        ->type_name("FILE");
    command
        .add_option("--data-dir", into.data_dir,
                    "of the private PostgreSQL, by default ./trashd-data")
        ->type_name("DIR");
    command.add_option("--schema", into.schemas, "whose tables are served; may be given again");
}

void add_serving(CLI::App& command, Overrides& into) {
    add_database(command, into);
    command.add_option("--listen", into.listen,
                       "HOST:PORT, by default 127.0.0.1:8080; port 0: any");
    command.add_flag("--demo", into.demo, "load the demo into an empty database");
}

CLI::App& add_command(CLI::App& parent, const char* name, const char* what,
                      int (*run)(const CliOptions&)) {
    auto& command = *parent.add_subcommand(name, what);
    command.footer(kFooter);
    command.final_callback([run] { chosen = run; });
    return command;
}

CLI::App& add_local(CLI::App& parent, const char* name, const char* what, CliOptions& options,
                    int (*run)(const CliOptions&)) {
    auto& command = add_command(parent, name, what, run);
    add_database(command, options.overrides);
    command.add_flag("--json", options.json, "print what the service answers over HTTP");
    return command;
}

void add_filters(CLI::App& command, CliOptions& options) {
    command.add_option("--resource", options.in_resource, "of this resource, as in time/projects");
    command.add_option("--older-than", options.older_than, "30d, 12h, 45m, 90s or 2w");
    command.add_option("--by", options.by, "deleted by");
    command.add_option("--query", options.query, "in the display name");
}

void add_list(CLI::App& trash, CliOptions& options) {
    auto& list = add_local(trash, "list", "List TrashItems, newest first", options, trash_list);
    add_filters(list, options);
    list.add_flag("--all", options.all, "also what went along with what was deleted by name");
    list.add_flag("--root")->group("");  // what the list is by default now
    list.add_option("--limit", options.limit, "by default 50")
        ->check(CLI::Range(1, 1000000).description(""));
}

void add_item(CLI::App& command, CliOptions& options) {
    command
        .add_option("ITEM", options.items,
                    "ids of TrashItems, any of their groups; or RESOURCE ID..., as in "
                    "time/projects 42 43: the newest item of each object")
        ->required();
}

void add_choices(CLI::App& restore, CliOptions& options) {
    restore.add_flag("--with-ancestors", options.with_ancestors,
                     "restore the groups of missing parents first");
    restore.add_flag("--lossy", options.lossy, "leave values of dropped columns behind");
    auto& detach = *restore.add_flag("--detach", options.detach,
                                     "let references whose parent is missing be null");
    auto& swap = *restore.add_flag("--swap", options.swap,
                                   "put live rows that are in the way into the trash");
    auto& leave_out =
        *restore.add_flag("--leave-out", options.leave_out,
                          "leave rows that cannot go back, and what hangs on them, in the trash");
    detach.excludes(&swap)->excludes(&leave_out);
    swap.excludes(&leave_out);
    restore
        .add_option("--set", options.set,
                    "COLUMN=TEXT or COLUMN:=JSON, that the row gets instead; may be given again")
        ->allow_extra_args(false);
    restore.add_flag("--only", options.only,
                     "these rows and what hangs on them; the rest of the group stays");
    restore.add_flag("--copy", options.copy, "with keys of its own, and leave it in the trash");
    restore.add_flag("--dry-run", options.dry_run, "say what would happen; change nothing");
}

void add_trash(CLI::App& app, CliOptions& options) {
    auto& trash = *app.add_subcommand("trash", "Look at the trash, restore from it, purge");
    trash.require_subcommand(1);
    add_list(trash, options);
    add_item(add_local(trash, "show", "Show TrashItems with their objects", options, trash_show),
             options);
    auto& restore = add_local(trash, "restore", "Put whole groups back", options, trash_restore);
    add_item(restore, options);
    add_choices(restore, options);
    auto& purge = add_local(trash, "purge", "Forget whole groups for good", options, trash_purge);
    add_item(purge, options);
    purge.add_flag("--with-descendants", options.with_descendants,
                   "also those that hang on them and could never come back");
    purge.add_flag("--yes", options.yes, "do not ask");
    auto& empty = add_local(trash, "empty", "Forget every group whose root the filters mean",
                            options, trash_empty);
    add_filters(empty, options);
    empty.add_option("--reason", options.reason, "is kept in the ledger");
    empty.add_flag("--dry-run", options.dry_run, "say how many would go; change nothing");
    empty.add_flag("--yes", options.yes, "do not ask");
}

void add_undo(CLI::App& app, CliOptions& options) {
    auto& command = add_local(app, "undo",
                              "Undo a delete, a restore, or an undo; status 4 when rows are not as "
                              "they came back",
                              options, undo);
    command.add_option("ENTRY", options.id, "of the history, as restores name it")->required();
    command.add_option("--reason", options.reason, "is kept in the ledger");
    command.add_flag("--dry-run", options.dry_run, "say what would happen; change nothing");
}

void add_erase(CLI::App& app, CliOptions& options) {
    auto& command =
        add_local(app, "erase",
                  "Empty personal columns in all that hangs on an object in the trash; status 4 "
                  "when it is held",
                  options, erase);
    command.add_option("RESOURCE", options.resource, "as in time/clients")->required();
    command
        .add_option("ID", options.id, "of the object, as it is; key columns with commas between")
        ->required();
    command.add_option("--reason", options.reason, "is kept in the ledger")->required();
    command.add_flag("--dry-run", options.dry_run, "say how many rows it is; change nothing");
    command.add_flag("--yes", options.yes, "do not ask");
}

void add_impact(CLI::App& app, CliOptions& options) {
    auto& impact =
        add_local(app, "impact", "Show what a delete would take along; status 4 when it is refused",
                  options, impact_of_delete);
    impact.add_option("RESOURCE", options.resource, "as in time/projects")->required();
    impact.add_option("ID", options.id, "of the object, as it is; key columns with commas between")
        ->required();
    impact.add_flag("--cascade", options.cascade, "take along what would refuse");
}

void add_plan(CLI::App& app, CliOptions& options) {
    auto& plan = add_local(app, "plan",
                           "Show what a delete does to which tables, in its order; status 4 when "
                           "such deletes are refused",
                           options, plan_of_delete);
    plan.add_option("RESOURCE", options.resource, "as in time/projects")->required();
    plan.add_flag("--cascade", options.cascade, "take along what would refuse");
    plan.add_flag("--sql", options.sql, "print the PL/pgSQL functions that do it");
}

void add_key(CLI::App& app, CliOptions& options) {
    auto& key = *app.add_subcommand("key", "Make, list and revoke API keys");
    key.require_subcommand(1);
    auto& create = add_local(key, "create", "Make a key and print it, once and never again",
                             options, key_create);
    create.add_option("NAME", options.name, "who uses it; deletedBy says key:NAME")->required();
    create.add_option("--role", options.roles, "of the configuration; may be given again")
        ->required();
    create.add_option("--tenant", options.tenant, "whose rows it is for");
    create.add_option("--expires", options.expires, "a time as 2030-01-31, or as '90 days'");
    add_local(key, "list", "List keys, newest first; never the secrets", options, key_list);
    auto& revoke =
        add_local(key, "revoke", "Refuse a key from now on, for ever", options, key_revoke);
    revoke.add_option("ID", options.id, "of the key, as key list shows it")->required();
}

void add_capture(CLI::App& app, CliOptions& options) {
    auto& capture =
        *app.add_subcommand("capture", "Put deletes that others send into the trash, too");
    capture.require_subcommand(1);
    auto& on = add_local(capture, "on",
                         "Capture deletes from these tables, and from those that refer to them",
                         options, capture_on);
    on.add_option("TABLE", options.items, "a table, as schema.table, or a resource")->required();
    on.add_flag("--sql", options.sql,
                "print the statements that make the triggers, for who owns the tables");
    auto& off = add_local(capture, "off", "Capture them no more, and leave nothing at the tables",
                          options, capture_off);
    off.add_option("TABLE", options.items, "as capture on had them");
    off.add_flag("--all", options.all, "all tables");
    add_local(capture, "status", "Show what is captured; status 4 when something is stale or off",
              options, capture_status);
    add_local(capture, "renew", "Capture tables that have changed as they are now", options,
              capture_renew);
}

void add_retention(CLI::App& app, CliOptions& options) {
    auto& retention =
        *app.add_subcommand("retention", "Say how long what is deleted stays in the trash");
    retention.require_subcommand(1);
    auto& apply = add_local(retention, "apply",
                            "Give what is in the trash the times of the configuration as it is now",
                            options, retention_apply);
    apply.add_flag("--dry-run", options.dry_run, "say how many it would be; change nothing");
    add_local(retention, "status", "Show how much is due, and when the next is", options,
              retention_status);
}

void add_events(CLI::App& app, CliOptions& options) {
    auto& events = *app.add_subcommand("events", "See and steer what web hooks are told");
    events.require_subcommand(1);
    add_local(events, "status", "Show how far each web hook has been told", options, events_status);
    auto& replay = add_local(events, "replay", "Tell a web hook again what it was told", options,
                             events_replay);
    replay.add_option("url", options.url, "the web hook, as it is configured")->required();
    replay
        .add_option("--after", options.after,
                    "the entry of the history behind which to begin; 0: at the beginning")
        ->required()
        ->check(CLI::NonNegativeNumber);
}

void add_ledger(CLI::App& app, CliOptions& options) {
    auto& ledger = *app.add_subcommand("ledger", "Prove what the ledger says");
    ledger.require_subcommand(1);
    auto& verify = add_local(ledger, "verify",
                             "Look for entries and seals that were altered, removed or added; "
                             "status 4 when there are any",
                             options, ledger_verify);
    verify.add_option("--head", options.head, "a head of the chain that was shown before");
    verify.add_option("--receipt", options.receipt, "of a purge: X-Purge-Receipt of its answer");
}

void add_migrate(CLI::App& app, CliOptions& options) {
    auto& migrate = add_local(app, "migrate", "Make or update the trash schema, as its owner",
                              options, migrate_schema);
    migrate.add_option("--for", options.for_role,
                       "the role that the service connects as; gets what it needs and no more");
}

void add_doctor(CLI::App& app, CliOptions& options) {
    auto& command =
        add_local(app, "doctor", "Look for what stands in the way of deletes; changes nothing",
                  options, doctor);
    command.add_option("--severity", options.severity, "error, warning or note: no less severe")
        ->check(CLI::IsMember({"error", "warning", "note"}));
    command.add_flag("--sql", options.sql, "print nothing but the statements that can be run");
}

int print_completion(const CliOptions& options);

void add_completion(CLI::App& app, CliOptions& options) {
    add_command(app, "completion", "Print a script with which a shell completes these commands",
                print_completion)
        .add_option("SHELL", options.shell, "bash, zsh or fish; docs/cli.md says where it belongs")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish"}));
}

void add_all(CLI::App& app, CliOptions& options) {
    app.formatter(help_format());  // of the commands that are added from here on, too
    app.require_subcommand(1);
    app.set_version_flag("--version", "trashd " TRASHD_VERSION);
    app.footer(kFooter);
    auto& overrides = options.overrides;
    auto& serving = add_command(app, "serve", "Serve until SIGTERM",
                                [](const CliOptions& all) { return serve(all.overrides); });
    add_serving(serving, overrides);
    serving
        .add_option("--wait", overrides.wait_seconds,
                    "seconds in which the database may come up, by default 0")
        ->check(CLI::Range(0, 86400).description(""));
    add_serving(add_command(app, "config", "Print the configuration that is in force",
                            [](const CliOptions& all) { return print_config(all.overrides); }),
                overrides);
    add_trash(app, options);
    add_undo(app, options);
    add_erase(app, options);
    add_impact(app, options);
    add_plan(app, options);
    add_key(app, options);
    add_capture(app, options);
    add_retention(app, options);
    add_events(app, options);
    add_ledger(app, options);
    add_migrate(app, options);
    add_doctor(app, options);
    add_completion(app, options);
}

int print_completion(const CliOptions& options) {
    CLI::App app(kWhat, kProgram);
    CliOptions unused;
    add_all(app, unused);
    const auto commands = completion::command_tree(app);
    if (options.shell == "bash") std::cout << completion::bash_script(commands);
    if (options.shell == "zsh") std::cout << completion::zsh_script(commands);
    if (options.shell == "fish") std::cout << completion::fish_script(commands);
    return kDone;
}

// Answers go to standard output alone.
void keep_log_quiet() {
    auto log = spdlog::stderr_color_mt("cli");
    log->set_level(spdlog::level::err);
    spdlog::set_default_logger(log);
}

int run_chosen(const CliOptions& options) {
    try {
        return chosen(options);
    } catch (const std::exception& error) {
        std::cerr << "trashd: " << in_log(error) << "\n";
        return exit_status_of(error);
    }
}

const CLI::App* command_named(const CLI::App& app, const std::string& name) {
    for (const auto* command : app.get_subcommands({}))
        if (command->get_name() == name) return command;
    return nullptr;
}

// "; did you mean trash list or key list?" for what is a command of others.
std::string of_others(const CLI::App& app, const std::string& name) {
    std::string found;
    for (const auto* parent : app.get_subcommands({}))
        if (command_named(*parent, name))
            found += (found.empty() ? "" : " or ") + parent->get_name() + " " + name;
    return found.empty() ? "" : "; did you mean " + found + "?";
}

// What to say of a word where a command belongs that is none; empty where all words are.
std::string unknown_command(const CLI::App& app, int argc, char** argv) {
    const auto* within = &app;
    for (int i = 1; i < argc && argv[i][0] != '-'; ++i) {
        std::vector<std::string> names;
        for (const auto* command : within->get_subcommands({}))
            names.push_back(command->get_name());
        if (names.empty()) return "";
        const auto* found = command_named(*within, argv[i]);
        if (!found) {
            const auto others = of_others(app, argv[i]);
            return "there is no command '" + std::string(argv[i]) + "'" +
                   (others.empty() ? did_you_mean(argv[i], names) : others);
        }
        within = found;
    }
    return "";
}

// Of the command that was given; empty where the fault is another.
std::string unknown_option(const CLI::App& app) {
    const auto rest = app.remaining(true);
    if (rest.empty() || !rest.front().starts_with("-")) return "";
    const auto* command = &app;
    while (!command->get_subcommands().empty()) command = command->get_subcommands().front();
    std::vector<std::string> names;
    for (const auto* option : command->get_options())
        for (const auto& name : option->get_lnames()) names.push_back("--" + name);
    const auto given = rest.front().substr(0, rest.front().find('='));
    return "there is no option '" + given + "'" + did_you_mean(given, names);
}

int usage_fault(const std::string& what) {
    std::cerr << "trashd: " << what << "\nRun with --help for more information.\n";
    return kUsage;
}

}  // namespace

ExitStatus exit_status_of(const std::exception& any) {
    const auto* error = dynamic_cast<const Error*>(&any);
    if (error == nullptr) return kFailed;
    if (error->code() == Code::kBadRequest) return kUsage;
    if (error->code() == Code::kNotFound) return kNotFound;
    return error->code() == Code::kUnavailable ? kUnavailable : kFailed;
}

int run_cli(int argc, char** argv) {
    CLI::App app(kWhat, kProgram);
    CliOptions options;
    add_all(app, options);
    if (const auto fault = unknown_command(app, argc, argv); !fault.empty())
        return usage_fault(fault);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ExtrasError& error) {
        const auto fault = unknown_option(app);
        if (!fault.empty()) return usage_fault(fault);
        return app.exit(error) == 0 ? kDone : kUsage;
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? kDone : kUsage;
    }
    keep_log_quiet();
    return run_chosen(options);
}

}  // namespace trashd::service
