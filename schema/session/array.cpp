// The text form of arrays.
#include "schema/session/result.hpp"

namespace trashd::schema {
namespace {

void append_quoted(std::string& out, const std::string& value) {
    out += '"';
    for (const char c : value) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    out += '"';
}

// One element at position `at`, which moves behind it.
Param element(std::string_view text, std::size_t& at) {
    std::string out;
    if (text[at] != '"') {
        const auto end = std::min(text.find_first_of(",}", at), text.size());
        out = text.substr(at, end - at);
        at = end;
        return out == "NULL" ? Param{} : Param{out};
    }
    for (++at; at < text.size() && text[at] != '"'; ++at) {
        if (text[at] == '\\' && at + 1 < text.size()) ++at;
        out += text[at];
    }
    ++at;
    return out;
}

}  // namespace

std::string array_literal(const std::vector<Param>& values) {
    std::string out = "{";
    for (const auto& value : values) {
        if (out.size() > 1) out += ',';
        if (value) {
            append_quoted(out, *value);
        } else {
            out += "NULL";
        }
    }
    return out + '}';
}

std::vector<Param> parse_array(std::string_view text) {
    std::vector<Param> out;
    // an array that does not begin at 1 has its bounds before the brace
    auto at = text.find('{');
    if (at == text.npos || text.substr(at) == "{}") return out;
    for (++at; at < text.size() && text[at] != '}';) {
        out.push_back(element(text, at));
        if (at < text.size() && text[at] == ',') ++at;
    }
    return out;
}

}  // namespace trashd::schema
