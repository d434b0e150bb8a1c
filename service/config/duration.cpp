#include "service/config/duration.hpp"

#include <utility>

namespace trashd::service {

namespace {

constexpr const char* kForever = "forever";
constexpr long long kMinute = 60, kHour = 60 * kMinute, kDay = 24 * kHour, kYear = 365 * kDay;
constexpr std::pair<char, long long> kUnits[] = {{'y', kYear}, {'w', 7 * kDay}, {'d', kDay},
                                                 {'h', kHour}, {'m', kMinute},  {'s', 1}};

}  // namespace

std::optional<Keep> parse_keep(const std::string& text) {
    if (text == kForever) return Keep{};
    const auto digits = text.substr(0, text.size() - !text.empty());
    if (digits.empty() || digits.size() > 9 ||
        digits.find_first_not_of("0123456789") != std::string::npos)
        return std::nullopt;
    for (const auto& [unit, seconds] : kUnits) {
        if (unit != text.back()) continue;
        const auto all = std::stoll(digits) * seconds;
        if (all < 1 || all > 1000 * kYear) return std::nullopt;
        return Keep{all};
    }
    return std::nullopt;
}

std::string keep_text(const Keep& keep) {
    if (!keep.seconds) return kForever;
    for (const auto& [unit, seconds] : kUnits)
        if (seconds <= kDay && *keep.seconds % seconds == 0)
            return std::to_string(*keep.seconds / seconds) + unit;
    return {};
}

}  // namespace trashd::service
