#include "service/auth/person_name.hpp"

#include <cstdint>

#include "service/http/utf8.hpp"

namespace trashd::service {

namespace {

constexpr std::size_t kLongest = 100;  // characters

bool begins_character(char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
}

// Of the character at the place; the text is UTF-8.
std::uint32_t code_at(std::string_view text, std::size_t at) {
    const auto first = static_cast<unsigned char>(text[at]);
    std::uint32_t code = first < 0x80   ? first
                         : first < 0xE0 ? first & 0x1F
                         : first < 0xF0 ? first & 0x0F
                                        : first & 0x07;
    for (++at; at < text.size() && !begins_character(text[at]); ++at)
        code = code << 6 | (static_cast<unsigned char>(text[at]) & 0x3F);
    return code;
}

bool misleads(std::uint32_t code) {
    return code < 0x20 || (code >= 0x7F && code < 0xA0) || (code >= 0x2028 && code <= 0x202E) ||
           (code >= 0x2066 && code <= 0x2069);
}

std::string_view without_spaces(std::string_view text) {
    const auto first = text.find_first_not_of(' ');
    if (first == text.npos) return {};
    return text.substr(first, text.find_last_not_of(' ') + 1 - first);
}

}  // namespace

std::optional<std::string> person_name(std::string_view text) {
    text = without_spaces(text);
    if (text.empty() || utf8_prefix(text) < text.size()) return std::nullopt;
    std::size_t characters = 0, last = 0;  // where the last one that fits begins
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (!begins_character(text[at])) continue;
        if (misleads(code_at(text, at))) return std::nullopt;
        if (++characters == kLongest) last = at;
    }
    if (characters <= kLongest) return std::string(text);
    return std::string(text.substr(0, last)) + "…";
}

}  // namespace trashd::service
