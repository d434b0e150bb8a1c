// [retention] of the configuration, and how long rows of single tables are kept.
#pragma once

#include <string>
#include <vector>

namespace trashd::service {

class Section;
struct Config;
struct Keep;

// The value of the key of a table, a length of time, where there is one.
void take_keep(Section& section, const char* key, Keep& into);
void take_retention(Section& section, Config& config, std::vector<std::string>& faults);

}  // namespace trashd::service
