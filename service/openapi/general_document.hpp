// openapi.yaml, as it was when the program was built, as a value of JSON: what the documents of
// databases are made from.
#pragma once

#include <string>

#include "service/openapi/nodes.hpp"

namespace trashd::service::openapi {

// The general document; parsed when it is first asked for, the same ever after.
const rapidjson::Document& contract();
// Throws YAML::Exception for what is no YAML. Scalars without quotes are read by YAML's core
// schema.
rapidjson::Document from_yaml(const std::string& text);
std::string json_text(const Node& node);
// In blocks, with quotes where a text would read as something else without.
std::string yaml_text(const Node& node);

}  // namespace trashd::service::openapi
