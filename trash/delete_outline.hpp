// How a delete would go, before there is one.
#pragma once

#include <string>
#include <vector>

#include "cascade/outline.hpp"

namespace trashd::trash {

// How a delete goes, and why it cannot be trusted to; refusals empty: it can.
struct DeleteOutline {
    std::vector<cascade::Stage> stages;
    std::vector<std::string> refusals;
};

}  // namespace trashd::trash
