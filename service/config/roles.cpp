#include "service/config/roles.hpp"

#include <algorithm>

#include "service/http/url.hpp"

namespace trashd::service {

std::string_view right_name(Right right) {
    switch (right) {
        case Right::kRead:
            return "read";
        case Right::kWrite:
            return "write";
        case Right::kTrash:
            return "trash";
        case Right::kViewTrash:
            return "view-trash";
        case Right::kRestore:
            return "restore";
        case Right::kPurge:
            return "purge";
        case Right::kHold:
            return "hold";
        case Right::kErase:
            return "erase";
        case Right::kAdmin:
            break;
    }
    return "admin";
}

std::optional<Right> right_called(std::string_view name) {
    for (const auto right : kRights)
        if (right_name(right) == name) return right;
    return std::nullopt;
}

ResourcePattern::ResourcePattern(const std::string& text) : text_(text) {
    for (std::size_t at = 0;;) {
        const auto slash = text.find('/', at);
        segments_.push_back(text.substr(at, slash - at));
        if (slash == std::string::npos) break;
        at = slash + 1;
    }
    any_ = segments_.back() == "*";
    if (any_) segments_.pop_back();
    for (auto& segment : segments_) segment = percent_decode(segment);
}

bool ResourcePattern::matches(const std::vector<std::string>& path) const {
    if (any_ ? path.size() <= segments_.size() : path.size() != segments_.size()) return false;
    return std::equal(segments_.begin(), segments_.end(), path.begin());
}

}  // namespace trashd::service
