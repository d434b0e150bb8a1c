// Scripts of our own: the statements of a text, so that an error can name the one that failed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace trashd::schema {

// The statements of a script without their semicolons, the comments before each left out. Bodies
// are quoted as $$...$$, without a tag.
std::vector<std::string> statements_of(std::string_view script);

}  // namespace trashd::schema
