#include "service/parsing/preconditions.hpp"

#include "service/api/request.hpp"
#include "service/http/request_head.hpp"

namespace trashd::service {

namespace {

// The entity tags of a list; commas inside the quotes belong to the tag. "*" asks for nothing more
// than that the row is there, which a delete does anyway.
void add_etags(std::vector<std::string>& tags, const std::string& list) {
    std::string tag;
    bool quoted = false;
    auto end_tag = [&] {
        if (!tag.empty() && tag != "*") tags.push_back(tag);
        tag.clear();
    };
    for (char c : list) {
        if (c == '"') quoted = !quoted;
        if (c == ',' && !quoted)
            end_tag();
        else if (quoted || (c != ' ' && c != '\t'))
            tag += c;
    }
    end_tag();
}

}  // namespace

std::vector<std::string> if_match(const Request& request) {
    std::vector<std::string> tags;
    for (const auto& value : request.headers("If-Match")) add_etags(tags, value);
    return tags;
}

bool prefers(const Request& request, std::string_view word) {
    for (const auto& value : request.headers("Prefer"))
        for (const auto& preference : list_of(value)) {
            const auto end = preference.find_first_of(word.find('=') == word.npos ? "=; " : "; ");
            if (preference.substr(0, end) == word) return true;
        }
    return false;
}

}  // namespace trashd::service
