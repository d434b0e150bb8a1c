// The part of the configuration that says who may do what: credentials, roles, limits, tenants.
#pragma once

#include <string>
#include <vector>

namespace trashd::service {

struct Config;
struct PrincipalLimits;
class Section;

// Each takes its keys out of the section and notes faults.
void take_asker_limits(Section& section, PrincipalLimits& into);
void take_credentials(Section& section, Config& config, std::vector<std::string>& faults);
void take_roles(Section& section, Config& config, std::vector<std::string>& faults);
void take_database_access(Section& section, Config& config, std::vector<std::string>& faults);
void take_tenant(Section& section, Config& config, std::vector<std::string>& faults);
// What does not fit together.
void check_access(const Config& config, std::vector<std::string>& faults);
// Segments with / between them, as in addresses.
bool valid_path(const std::string& path);

}  // namespace trashd::service
