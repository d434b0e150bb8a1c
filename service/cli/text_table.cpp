#include "service/cli/text_table.hpp"

#include <wchar.h>

#include <algorithm>
#include <clocale>
#include <numeric>
#include <sstream>

namespace trashd::service {

namespace {

constexpr std::size_t kLeast = 6;      // columns are not cut below
constexpr std::size_t kReadable = 10;  // nor below this while there are spare ones
constexpr std::string_view kGap = "  ", kEllipsis = "…";

struct Character {
    char32_t code = 0;
    std::size_t bytes = 1;
};

// What is not UTF-8 goes byte by byte.
Character first_of(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text[0]);
    const std::size_t bytes = lead < 0x80 ? 1 : lead >> 5 == 6 ? 2 : lead >> 4 == 14 ? 3 : 4;
    if (bytes > text.size()) return {0xFFFD, 1};
    char32_t code = bytes == 1 ? lead : lead & (0xFF >> (bytes + 1));
    for (std::size_t i = 1; i < bytes; ++i)
        code = code << 6 | (static_cast<unsigned char>(text[i]) & 0x3F);
    return {code, bytes};
}

std::size_t width_of(char32_t code) {
    static const bool known = std::setlocale(LC_CTYPE, "C.UTF-8") != nullptr;
    const int width = known ? wcwidth(static_cast<wchar_t>(code)) : 1;
    return width < 0 ? 1 : static_cast<std::size_t>(width);
}

std::string cut(std::string_view text, std::size_t width) {
    if (text_width(text) <= width) return std::string(text);
    std::string out;
    for (std::size_t used = 0; !text.empty();) {
        const auto next = first_of(text);
        used += width_of(next.code);
        if (used + 1 > width) break;
        out += text.substr(0, next.bytes);
        text.remove_prefix(next.bytes);
    }
    return out + std::string(kEllipsis);
}

std::vector<std::size_t> natural_widths(const TextTable& table) {
    std::vector<std::size_t> widths;
    for (const auto& name : table.header) widths.push_back(text_width(name));
    for (const auto& row : table.rows)
        for (std::size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], text_width(row[i]));
    return widths;
}

std::size_t total_of(const std::vector<std::size_t>& widths) {
    return std::accumulate(widths.begin(), widths.end(), kGap.size() * (widths.size() - 1));
}

// What it takes while every column still says something.
std::size_t readable_width(const TextTable& table) {
    auto widths = natural_widths(table);
    for (auto i = table.whole; i < widths.size(); ++i) widths[i] = std::min(widths[i], kReadable);
    return total_of(widths);
}

void remove_column(TextTable& table, const std::string& name) {
    const auto at = std::ranges::find(table.header, name) - table.header.begin();
    table.header.erase(table.header.begin() + at);
    for (auto& row : table.rows) row.erase(row.begin() + at);
}

std::vector<std::size_t> widths_of(const TextTable& table, std::size_t width) {
    auto widths = natural_widths(table);
    const auto first =
        widths.begin() + static_cast<std::ptrdiff_t>(std::min(table.whole, widths.size()));
    auto total = total_of(widths);
    for (; total > width && first != widths.end(); --total) {
        const auto widest = std::max_element(first, widths.end());
        if (*widest <= kLeast) break;
        --*widest;
    }
    return widths;
}

std::string line_of(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths) {
    std::string line;
    for (std::size_t i = 0; i < cells.size(); ++i) {
        const auto text = cut(cells[i], widths[i]);
        line += (i ? std::string(kGap) : "") + text +
                std::string(widths[i] - std::min(widths[i], text_width(text)), ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    return line + "\n";
}

std::string escaped(std::string_view text) {
    std::string out;
    for (char c : text) {
        const std::string_view special = "\t\n\r\\";
        const auto at = special.find(c);
        out += at == std::string_view::npos ? std::string(1, c) : std::string{'\\', "tnr\\"[at]};
    }
    return out;
}

}  // namespace

std::size_t text_width(std::string_view text) {
    std::size_t width = 0;
    while (!text.empty()) {
        const auto next = first_of(text);
        width += width_of(next.code);
        text.remove_prefix(next.bytes);
    }
    return width;
}

std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
    std::vector<std::string> lines;
    std::istringstream words{std::string(text)};
    for (std::string word; words >> word;) {
        if (lines.empty() || text_width(lines.back()) + 1 + text_width(word) > width)
            lines.push_back(word);
        else
            lines.back() += " " + word;
    }
    return lines;
}

std::string printable(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const auto next = first_of(text);
        const bool control = next.code < 0x20 || (next.code >= 0x7F && next.code < 0xA0);
        out += control ? " " : text.substr(0, next.bytes);
        text.remove_prefix(next.bytes);
    }
    return out;
}

std::string fitted(const TextTable& table, std::size_t width) {
    TextTable clean = table;
    for (auto& row : clean.rows)
        for (auto& cell : row) cell = printable(cell);
    for (const auto& name : table.spare)
        if (readable_width(clean) > width) remove_column(clean, name);
    const auto widths = widths_of(clean, width);
    std::string text = line_of(clean.header, widths);
    for (const auto& row : clean.rows) text += line_of(row, widths);
    return text;
}

std::string tab_separated(const TextTable& table) {
    std::string text;
    for (const auto& row : table.rows) {
        for (std::size_t i = 0; i < row.size(); ++i) text += (i ? "\t" : "") + escaped(row[i]);
        text += "\n";
    }
    return text;
}

}  // namespace trashd::service
