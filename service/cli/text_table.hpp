// Tables of text: fitted to a terminal, or tab-separated for programs.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace trashd::service {

struct TextTable {
    std::vector<std::string> header;
    std::vector<std::vector<std::string>> rows;  // each as long as the header
    std::size_t whole = 1;                       // so many columns, ids and the like, are never cut
    // Headers of columns that a terminal goes without where it is too narrow, in this order.
    std::vector<std::string> spare = {};
};

// Places that the text takes on a terminal.
std::size_t text_width(std::string_view text);
// Lines of words that fit the width; a word that is longer has one alone.
std::vector<std::string> wrapped(std::string_view text, std::size_t width);
// Without characters that would move the cursor or act on the terminal.
std::string printable(std::string_view text);
// A header and lines; what is too long for the width is cut with an ellipsis.
std::string fitted(const TextTable& table, std::size_t width);
// Lines without a header; tab, line ends and backslash are written as \t, \n, \r and \\.
std::string tab_separated(const TextTable& table);

}  // namespace trashd::service
