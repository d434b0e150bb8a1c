#include "schema/text.hpp"

namespace trashd::schema {

std::string join(const std::vector<std::string>& parts, const std::string& between) {
    std::string all;
    for (const std::string& part : parts) all += (all.empty() ? "" : between) + part;
    return all;
}

std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> parts;
    for (std::size_t at = 0;;) {
        const auto end = text.find(separator, at);
        parts.emplace_back(text.substr(at, end - at));
        if (end == std::string_view::npos) return parts;
        at = end + 1;
    }
}

std::string both(const std::string& first, const std::string& second) {
    return first.empty() || second.empty() ? first + second : first + " AND " + second;
}

std::string with_names(std::string text, const std::map<std::string, std::string>& names) {
    for (const auto& [mark, name] : names)
        for (auto at = text.find(mark); at != text.npos; at = text.find(mark, at + name.size()))
            text.replace(at, mark.size(), name);
    return text;
}

}  // namespace trashd::schema
