// The command line. Commands on the trash ask the routes of the service, without HTTP.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "service/config/config.hpp"

namespace trashd::service {

// Exit statuses, for scripts.
enum ExitStatus {
    kDone = 0,
    kFailed = 1,
    kUsage = 2,
    kNotFound = 3,     // never was, or is gone
    kConflict = 4,     // blocked, or cannot go back
    kUnavailable = 5,  // no database, or a wait that lasted too long
};

// Of a command that ended with the exception.
ExitStatus exit_status_of(const std::exception& any);

struct CliOptions {
    Overrides overrides;
    bool json = false, yes = false, all = false;
    bool with_ancestors = false, with_descendants = false, lossy = false, dry_run = false,
         cascade = false;
    int limit = 50;
    // Of restores with choices.
    bool only = false, copy = false, detach = false, swap = false, leave_out = false;
    std::vector<std::string> set;    // column=value, or column:=JSON
    std::vector<std::string> items;  // ids of TrashItems, or a resource and ids of its objects
    std::string resource, id;
    std::string name;                          // of a key
    std::optional<std::string> head, receipt;  // of the ledger
    std::optional<std::string> for_role;
    std::string severity = "note";  // of the doctor's findings, and what is worse
    bool sql = false;
    std::vector<std::string> roles;
    std::optional<std::string> tenant, expires;
    std::string shell;    // that completion is for
    std::string url;      // of a web hook
    long long after = 0;  // an entry of the ledger
    // Of lists and of emptying; parameters of GET /v1/trash.
    std::optional<std::string> in_resource, older_than, by, query, reason;
};

int run_cli(int argc, char** argv);

// trash_commands.cpp
int trash_list(const CliOptions& options);
int trash_show(const CliOptions& options);
int trash_purge(const CliOptions& options);
int trash_empty(const CliOptions& options);
int impact_of_delete(const CliOptions& options);
// plan_command.cpp
int plan_of_delete(const CliOptions& options);
// restore_command.cpp
int trash_restore(const CliOptions& options);
// undo_command.cpp
int undo(const CliOptions& options);
// erase_command.cpp
int erase(const CliOptions& options);
// doctor_command.cpp
int doctor(const CliOptions& options);
// ledger_commands.cpp
int ledger_verify(const CliOptions& options);
int migrate_schema(const CliOptions& options);
// key_commands.cpp
int key_create(const CliOptions& options);
int key_list(const CliOptions& options);
int key_revoke(const CliOptions& options);
// capture_commands.cpp
int capture_on(const CliOptions& options);
int capture_off(const CliOptions& options);
int capture_status(const CliOptions& options);
int capture_renew(const CliOptions& options);
// events_commands.cpp
int events_status(const CliOptions& options);
int events_replay(const CliOptions& options);
// retention_commands.cpp
int retention_apply(const CliOptions& options);
int retention_status(const CliOptions& options);

}  // namespace trashd::service
