// The OpenAPI document of the database that is served, as one caller may see it.
#pragma once

#include "service/openapi/row_schemas.hpp"

namespace trashd::service::openapi {

// The general document with the paths, the parameters of keys and the schemas of each resource that
// may be read in the place of those of {resource}, as far as the rights go; what names no resource
// stays as it is. Components that nothing refers to any more are left out.
rapidjson::Document database_document(const View& view);

// The operations on resources that take more than the right to read, by their ids in the general
// document: of a resource without the right they are left out.
struct Guarded {
    std::string_view operation;
    Right right;
};
inline constexpr std::array kGuarded = {
    Guarded{"createObjects", Right::kWrite},
    Guarded{"deleteObjects", Right::kTrash},
    Guarded{"bulkDelete", Right::kTrash},
    Guarded{"listDeletedObjects", Right::kViewTrash},
    Guarded{"patchObject", Right::kWrite},
    Guarded{"replaceObject", Right::kWrite},
    Guarded{"deleteObject", Right::kTrash},
    Guarded{"getDeletedObject", Right::kViewTrash},
    Guarded{"getObjectHistory", Right::kViewTrash},
};

}  // namespace trashd::service::openapi
