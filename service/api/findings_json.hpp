// What the doctor finds, as JSON: the same on the command line and over HTTP.
#pragma once

#include <string>
#include <vector>

#include "service/doctor/doctor.hpp"

namespace trashd::service {

std::string findings_json(const std::vector<Finding>& findings);

}  // namespace trashd::service
