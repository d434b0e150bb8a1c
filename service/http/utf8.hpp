// Where a text is UTF-8.
#pragma once

#include <cstddef>
#include <string_view>

namespace trashd::service {

// How many bytes at the beginning are whole characters.
std::size_t utf8_prefix(std::string_view text);

}  // namespace trashd::service
