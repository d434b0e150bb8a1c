#include "service/http/utf8.hpp"

namespace trashd::service {

namespace {

// The length of the sequence that the byte begins, 0 when none can.
std::size_t sequence_length(unsigned char lead) {
    if (lead < 0x80) return 1;
    if (lead >= 0xC2 && lead <= 0xDF) return 2;
    if (lead >= 0xE0 && lead <= 0xEF) return 3;
    if (lead >= 0xF0 && lead <= 0xF4) return 4;
    return 0;
}

// Overlong forms, surrogates and code points above the last show in the second byte.
bool second_fits(unsigned char lead, unsigned char second) {
    if (lead == 0xE0) return second >= 0xA0;
    if (lead == 0xED) return second <= 0x9F;
    if (lead == 0xF0) return second >= 0x90;
    if (lead == 0xF4) return second <= 0x8F;
    return true;
}

// Of the character at the beginning; 0: there is none, or not all of it.
std::size_t first_character(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text[0]);
    const auto length = sequence_length(lead);
    if (length > text.size()) return 0;
    for (std::size_t i = 1; i < length; ++i)
        if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) return 0;
    if (length > 1 && !second_fits(lead, static_cast<unsigned char>(text[1]))) return 0;
    return length;
}

}  // namespace

std::size_t utf8_prefix(std::string_view text) {
    std::size_t at = 0;
    while (at < text.size()) {
        const auto length = first_character(text.substr(at));
        if (length == 0) break;
        at += length;
    }
    return at;
}

}  // namespace trashd::service
