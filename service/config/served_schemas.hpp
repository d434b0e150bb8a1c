// What is served beside tables: the schemas that the configuration names.
#pragma once

#include <string>
#include <vector>

namespace trashd::schema {
class Connection;
}

namespace trashd::service {

struct Config;

// Schemas that are to be served and are not there. Of a database whose tables are configured one by
// one `public` may be missing.
std::vector<std::string> missing_schemas(schema::Connection& connection, const Config& config);

}  // namespace trashd::service
