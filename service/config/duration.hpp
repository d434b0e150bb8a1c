// Lengths of time in the configuration: "30d", or "forever".
#pragma once

#include <optional>
#include <string>

namespace trashd::service {

// How long something is kept; nothing: for ever.
struct Keep {
    std::optional<long long> seconds = {};
    bool operator==(const Keep&) const = default;
};

// A whole number and a unit of s, m, h, d (24 hours), w or y (365 days), from one second to 1,000
// years, or the word forever. Nothing: the text is none of it.
std::optional<Keep> parse_keep(const std::string& text);
// The same again: in the largest unit, up to days, that gives a whole number.
std::string keep_text(const Keep& keep);

}  // namespace trashd::service
