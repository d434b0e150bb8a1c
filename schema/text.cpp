#include "schema/text.hpp"

#include <stdexcept>

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

namespace {

constexpr std::string_view kOfNames = "abcdefghijklmnopqrstuvwxyz0123456789_";

// The name between braces that the text begins with; empty: it begins with none.
std::string_view name_in_braces(std::string_view text) {
    const auto end = text.find_first_not_of(kOfNames, 1);
    const bool closed = end != std::string_view::npos && text[end] == '}';
    return closed && !(text[1] >= '0' && text[1] <= '9') ? text.substr(1, end - 1) : "";
}

}  // namespace

std::string filled(std::string_view text, const Values& values) {
    std::string out;
    while (!text.empty()) {
        const auto brace = text.find('{');
        out += text.substr(0, brace);
        if (brace == std::string_view::npos) break;
        text.remove_prefix(brace);
        const auto name = name_in_braces(text);
        const auto found = values.find(name);
        if (name.empty())
            out += '{';
        else if (found != values.end())
            out += found->second;
        else
            throw std::logic_error("nothing stands for {" + std::string(name) + "}");
        text.remove_prefix(name.empty() ? 1 : name.size() + 2);
    }
    return out;
}

}  // namespace trashd::schema
