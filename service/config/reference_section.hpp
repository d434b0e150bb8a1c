// The part of the configuration that declares references that no foreign key knows of.
#pragma once

#include <string>
#include <vector>

namespace trashd::service {

struct Config;
class Section;

// Takes [[reference]] out of the section and notes faults.
void take_references(Section& section, Config& config, std::vector<std::string>& faults);

}  // namespace trashd::service
