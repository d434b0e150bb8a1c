// What the fuzz targets share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "schema/error.hpp"

// Ends the program, which libFuzzer reports with the input.
inline void must(bool holds) {
    if (!holds) std::abort();
}
