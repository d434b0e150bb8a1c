// What rows of a resource look like when they are read, and when they are written.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "service/openapi/nodes.hpp"
#include "service/openapi/view.hpp"

namespace trashd::service::openapi {

// The forms of a row, by the end of their schemas' names: as it is read, as it lies in the trash,
// as it is made, as it takes another's place, and as it is changed.
inline constexpr std::array<std::string_view, 5> kForms = {"Row", "Trashed", "New", "Replacement",
                                                           "Change"};

// A resource and what it is called in names of schemas and operations: TimeProjects.
struct NamedResource {
    const Resource* resource;
    std::string name;
};

// Adds a schema for each form to the schemas of the document, called by name and form.
void add_row_schemas(const Nodes& nodes, Node& schemas, const View& view,
                     const NamedResource& named);

}  // namespace trashd::service::openapi
