// What stands in the way of deletes and restores in a database, found by reading alone.
#pragma once

#include <string>
#include <vector>

#include "schema/database.hpp"
#include "service/resources.hpp"

namespace trashd::service {

enum class Severity { kError, kWarning, kInfo };  // error: deletes, or the start, will be refused

struct Finding {
    Severity severity = Severity::kInfo;
    std::string kind;     // stable, as "missing-index"
    std::string subject;  // a resource or table; empty: the database
    std::string detail;   // a sentence
    std::string fix;      // a statement to run, or what to do; may be empty
};

std::string_view severity_name(Severity severity);

// Everything, errors first. Throws Error where the database cannot be asked.
std::vector<Finding> examine(schema::Connection& connection, const Config& config);
// What the catalog and the configuration tell; role: whom grants are for.
std::vector<Finding> examine_catalog(const Resources& resources, const Config& config,
                                     const std::string& role);

}  // namespace trashd::service
