#include "service/config/did_you_mean.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace trashd::service {

namespace {

// Letters to change, add, leave out, or swap with the next (optimal string alignment).
std::size_t distance(const std::string& a, const std::string& b) {
    std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
    std::iota(last.begin(), last.end(), 0);
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = std::min(row[j], before[j - 2] + 1);
        }
        before = std::exchange(last, row);
    }
    return last[b.size()];
}

}  // namespace

std::string did_you_mean(const std::string& word, const std::vector<std::string>& known) {
    const auto farther = [&](const std::string& a, const std::string& b) {
        return distance(word, a) < distance(word, b);
    };
    const auto nearest = std::ranges::min_element(known, farther);
    const auto most = std::max<std::size_t>(1, word.size() / 3);
    if (nearest == known.end() || distance(word, *nearest) > most) return "";
    return "; did you mean " + *nearest + "?";
}

}  // namespace trashd::service
