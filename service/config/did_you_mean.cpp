// A word is taken for misspelt when up to a third of its letters, and at least one, would have to
// change.
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

// Of a path the last segment alone may have been given: projects for time/projects.
std::size_t distance_to(const std::string& word, const std::string& known) {
    const auto whole = distance(word, known);
    const auto slash = known.rfind('/');
    return slash == known.npos ? whole : std::min(whole, distance(word, known.substr(slash + 1)));
}

}  // namespace

std::string did_you_mean(const std::string& word, const std::vector<std::string>& known) {
    const auto nearer = [&](const std::string& a, const std::string& b) {
        return distance_to(word, a) < distance_to(word, b);
    };
    const auto nearest = std::ranges::min_element(known, nearer);
    const auto most = std::max<std::size_t>(1, word.size() / 3);
    if (nearest == known.end() || distance_to(word, *nearest) > most) return "";
    return "; did you mean " + *nearest + "?";
}

}  // namespace trashd::service
