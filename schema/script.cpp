// Cuts at semicolons that stand outside of quotes and comments.
#include "schema/script.hpp"

#include <algorithm>

namespace trashd::schema {
namespace {

std::size_t behind(std::string_view text, std::string_view mark, std::size_t from) {
    const auto found = text.find(mark, from);
    return found == text.npos ? text.size() : found + mark.size();
}

bool is_comment(std::string_view text, std::size_t at) {
    return text.substr(at, 2) == "--";
}

// Where the quoted text, the comment or the character that begins here ends.
std::size_t token_end(std::string_view text, std::size_t at) {
    if (is_comment(text, at)) return behind(text, "\n", at);
    if (text.substr(at, 2) == "$$") return behind(text, "$$", at + 2);
    if (text[at] == '\'' || text[at] == '"') return behind(text, text.substr(at, 1), at + 1);
    return at + 1;
}

std::size_t begin_of(std::string_view text, std::size_t at) {
    while (at < text.size()) {
        if (is_comment(text, at))
            at = token_end(text, at);
        else if (text.find_first_of(" \t\n", at) == at)
            ++at;
        else
            break;
    }
    return at;
}

}  // namespace

std::vector<std::string> statements_of(std::string_view script) {
    std::vector<std::string> out;
    for (auto from = begin_of(script, 0); from < script.size(); from = begin_of(script, from)) {
        auto at = from;
        while (at < script.size() && script[at] != ';') at = token_end(script, at);
        out.emplace_back(script.substr(from, at - from));
        from = std::min(at + 1, script.size());
    }
    return out;
}

}  // namespace trashd::schema
