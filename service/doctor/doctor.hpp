// What stands in the way of deletes and restores in a database, found by reading alone.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace trashd::schema {
class Connection;
}

namespace trashd::service {

struct Config;
class Resources;

// error: deletes, or the start, will be refused; info: said as "note"
enum class Severity { kError, kWarning, kInfo };

struct Finding {
    Severity severity = Severity::kInfo;
    std::string kind;     // stable, as "missing-index"
    std::string subject;  // a resource or table; empty: the database
    std::string detail;   // a sentence
    std::string fix;      // statements to run, each ended by ;, or what to do; may be empty
};

std::string_view severity_name(Severity severity);
// Whether the fix is SQL that can be run as it stands.
bool is_statement(const Finding& finding);
// "1 error, 25 warnings (24 missing-index, 1 trigger)"
std::string summary(const std::vector<Finding>& findings);

// Everything, errors first. Throws Error where the database cannot be asked.
std::vector<Finding> examine(schema::Connection& connection, const Config& config);
// What the catalog and the configuration tell; role: whom grants are for.
std::vector<Finding> examine_catalog(const Resources& resources, const Config& config,
                                     const std::string& role);
// What refers without a foreign key; reference_checks.cpp.
std::vector<Finding> examine_references(schema::Connection& connection, const Resources& resources,
                                        const Config& config);
// What triggers do and need; trigger_checks.cpp.
std::vector<Finding> examine_triggers(schema::Connection& connection, const Resources& resources,
                                      const std::string& role, const std::string& trash_schema);

}  // namespace trashd::service
