// Where a list goes on: opaque to clients, checked when it comes back.
#pragma once

#include <string>
#include <vector>

namespace trashd::service {

struct Cursor {
    bool trashed = false;             // the trashed part of a list
    std::vector<std::string> values;  // the last key, or the last item's id (empty: from its start)
};

std::string encode_cursor(const Cursor& cursor);
// Throws Error kBadRequest for what trashd did not make.
Cursor decode_cursor(const std::string& text);
bool is_uuid(const std::string& text);

}  // namespace trashd::service
