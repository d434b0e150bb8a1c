// How much lies in the trash, by what it is told apart.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "schema/identifier.hpp"
#include "schema/object_name.hpp"

namespace trashd::trash {

// So many groups and items have the value. table: of what is told apart by table.
struct FacetCount {
    std::string value;
    schema::QualifiedName table;
    long long groups = 0, items = 0, bytes = 0;
    std::optional<std::string> name = {};  // of people: what they are called, where it is known
};

// Each list has up to 1000 values; of those beyond nothing is told, so that sums over a list may be
// smaller than the total.
struct Facets {
    std::vector<FacetCount> tables, people, days;  // the most first; days the newest first
    bool approximate = false;                      // counted in a sample of a large trash
};

// bytes are those of the stored rows, compressed as they lie there, without indexes and page
// headers: the average of some rows of each form, times their number.
struct Statistics {
    std::string at;  // RFC 3339 UTC, like the other times
    long long groups = 0, items = 0, bytes = 0;
    std::vector<FacetCount> tables, people, ages;  // ages: up to 1d, 7d, 30d, 365d, older
    std::optional<std::string> oldest, next_to_expire;
    bool approximate = false;
};

}  // namespace trashd::trash
