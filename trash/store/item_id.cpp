// The ids begin with the time, so that they are near each other in the index; an item needs no id
// of its own, since its ordinal stands in the last eight digits.
#include "trash/store/item_id.hpp"

#include <cctype>
#include <chrono>
#include <random>

#include "schema/error.hpp"

namespace trashd::trash {

namespace {

std::string hex(unsigned long long value, int digits) {
    static const char* const kDigits = "0123456789abcdef";
    std::string text(digits, '0');
    for (int i = digits - 1; i >= 0; --i, value >>= 4) text[i] = kDigits[value & 15];
    return text;
}

}  // namespace

std::string new_group_id() {
    static thread_local std::mt19937_64 random{std::random_device{}()};
    const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
                         std::chrono::system_clock::now().time_since_epoch())
                         .count();
    const std::string time = hex(static_cast<unsigned long long>(now), 12);
    return time.substr(0, 8) + "-" + time.substr(8) + "-7" + hex(random(), 3) + "-" +
           hex(0x8000 | (random() & 0x3fff), 4) + "-" + hex(random(), 4) + "00000000";
}

std::string item_id(const std::string& group_id, long long ordinal) {
    return group_id.substr(0, 28) + hex(static_cast<unsigned long long>(ordinal), 8);
}

ItemAddress parse_item_id(const std::string& text) {
    bool good = text.size() == 36;
    for (std::size_t i = 0; good && i < text.size(); ++i) {
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        good = dash ? text[i] == '-' : std::isxdigit(static_cast<unsigned char>(text[i])) != 0;
    }
    if (!good) throw Error(Code::kNotFound, "there is no such TrashItem");
    return {text.substr(0, 28) + "00000000", std::stoll(text.substr(28), nullptr, 16)};
}

}  // namespace trashd::trash
