// Settings under which trashd writes and reads values and has its statements understood, whatever
// the cluster, the database or the role say.
#pragma once

#include <array>
#include <string_view>
#include <utility>

namespace trashd::schema {

inline constexpr std::array<std::pair<std::string_view, std::string_view>, 17> kFixedSettings{{
    {"DateStyle", "ISO, YMD"},
    {"IntervalStyle", "postgres"},
    {"extra_float_digits", "1"},
    {"TimeZone", "UTC"},
    {"bytea_output", "hex"},
    {"lc_monetary", "C"},
    {"xmloption", "content"},
    {"xmlbinary", "base64"},
    {"array_nulls", "on"},
    {"standard_conforming_strings", "on"},
    {"backslash_quote", "safe_encoding"},
    {"transform_null_equals", "off"},
    {"quote_all_identifiers", "off"},
    {"gin_fuzzy_search_limit", "0"},
    {"exit_on_error", "off"},
    {"plpgsql.extra_errors", "none"},
    {"jit", "off"},
}};

// What one of them is.
constexpr std::string_view fixed_setting(std::string_view name) {
    for (const auto& [own, value] : kFixedSettings)
        if (own == name) return value;
    return {};
}

}  // namespace trashd::schema
