// What the configuration says of rows and columns that are not kept or not shown, held against the
// tables that are there.
#pragma once

#include <string>
#include <vector>

namespace trashd::schema {
class Catalog;
}  // namespace trashd::schema

namespace trashd::service {

struct Config;

// Adds a sentence for each option that these tables do not let be kept, with what to do.
void add_option_faults(const schema::Catalog& catalog, const Config& config,
                       std::vector<std::string>& faults);

}  // namespace trashd::service
