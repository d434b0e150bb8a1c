// Where a list goes on: opaque to clients, checked when it comes back.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "trash/rows/order.hpp"

namespace trashd::service {

struct Target;

// What tells the lists apart: the address and all parameters but those that only page or show.
std::string list_mark(const Target& target);

std::string encode_cursor(const std::string& mark, const trash::CursorValues& values);
// Throws Error kBadRequest for what trashd did not make, or made for a list of another mark or with
// another number of values.
trash::CursorValues decode_cursor(const std::string& text, const std::string& mark,
                                  std::size_t count);
// 8-4-4-4-12 hexadecimal digits, of whatever version and case.
bool is_uuid(const std::string& text);

}  // namespace trashd::service
