// [[webhook]] of the configuration: whom the service tells what happens in the trash.
#pragma once

#include <string>
#include <vector>

namespace trashd::service {

class Section;
struct Config;

void take_webhooks(Section& section, Config& config, std::vector<std::string>& faults);

}  // namespace trashd::service
