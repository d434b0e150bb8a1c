// How the database tells its objects apart: by number, and by name.
#pragma once

#include <compare>
#include <string>

namespace trashd::schema {

// Stays the same when an object is renamed; 0: none.
using Oid = unsigned int;

// As the catalog has them, without quotes. What lies in no schema that was named has an empty one.
struct QualifiedName {
    std::string schema, name;
    auto operator<=>(const QualifiedName&) const = default;
};

}  // namespace trashd::schema
