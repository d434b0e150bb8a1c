#include "service/http/url.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "schema/error.hpp"
#include "schema/text.hpp"
#include "service/http/utf8.hpp"

namespace trashd::service {

namespace {

[[noreturn]] void bad(const std::string& detail) {
    throw Error(Code::kBadRequest, detail);
}

int hex(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace

bool is_blank(std::string_view text) {
    static const std::vector<std::pair<int, int>> kBlank = {
        {0x00, 0x20},     {0x7F, 0xA0},     {0xAD, 0xAD},     {0x1680, 0x1680},
        {0x180E, 0x180E}, {0x2000, 0x200F}, {0x2028, 0x202F}, {0x205F, 0x2064},
        {0x2800, 0x2800}, {0x3000, 0x3000}, {0x3164, 0x3164}, {0xFEFF, 0xFEFF}};
    for (std::size_t at = 0; at < text.size();) {
        const auto lead = static_cast<unsigned char>(text[at]);
        const std::size_t bytes = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
        int code = bytes == 1 ? lead : lead & (0xFF >> (bytes + 1));
        for (std::size_t i = 1; i < bytes && at + i < text.size(); ++i)
            code = code << 6 | (static_cast<unsigned char>(text[at + i]) & 0x3F);
        at += bytes;
        if (std::ranges::none_of(kBlank, [&](const auto& range) {
                return range.first <= code && code <= range.second;
            }))
            return false;
    }
    return true;
}

bool is_utf8(std::string_view text) {
    return utf8_prefix(text) == text.size();
}

std::string percent_decode(std::string_view raw) {
    std::string text;
    for (std::size_t i = 0; i < raw.size(); ++i) {
        char c = raw[i];
        if (c == '%') {
            int high = i + 2 < raw.size() ? hex(raw[i + 1]) : -1;
            int low = i + 2 < raw.size() ? hex(raw[i + 2]) : -1;
            if (high < 0 || low < 0)
                bad("a % in the address is not followed by two hex digits; write it as %25");
            c = static_cast<char>(high * 16 + low);
            i += 2;
        }
        if (c == '\0') bad("the address holds a NUL character");
        text += c;
    }
    if (!is_utf8(text)) bad("the address is not UTF-8 after percent-decoding");
    return text;
}

std::string percent_encode(std::string_view text, std::string_view but) {
    static const char kDigits[] = "0123456789ABCDEF";
    static const std::string_view kUnreserved =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    std::string encoded;
    for (char c : text) {
        auto byte = static_cast<unsigned char>(c);
        if (kUnreserved.find(c) != std::string_view::npos || but.find(c) != std::string_view::npos)
            encoded += c;
        else
            encoded += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
    return encoded;
}

Query::Query(std::string_view raw) {
    if (raw.empty()) return;
    for (const auto& part : schema::split(raw, '&')) {
        if (part.empty()) continue;
        auto equals = part.find('=');
        auto decode = [](std::string text) {
            for (auto& c : text)
                if (c == '+') c = ' ';
            return percent_decode(text);
        };
        auto name = decode(part.substr(0, equals));
        auto value = equals == std::string::npos ? "" : decode(part.substr(equals + 1));
        values_.emplace(name, value);
    }
}

std::optional<std::string> Query::text(const std::string& name) const {
    const auto given = texts(name);
    if (given.size() > 1) bad("the parameter '" + name + "' is given twice");
    return given.empty() ? std::nullopt : std::optional(given[0]);
}

std::vector<std::string> Query::texts(const std::string& name) const {
    std::vector<std::string> given;
    const auto [first, last] = values_.equal_range(name);
    for (auto one = first; one != last; ++one) given.push_back(one->second);
    return given;
}

bool Query::flag(const std::string& name, bool absent) const {
    auto value = text(name);
    if (!value) return absent;
    if (*value != "true" && *value != "false") bad("'" + name + "' must be true or false");
    return *value == "true";
}

long long Query::number(const std::string& name, long long absent, long long least,
                        long long most) const {
    auto value = text(name);
    if (!value) return absent;
    long long number = 0;
    const char* end = value->data() + value->size();
    auto [stop, fault] = std::from_chars(value->data(), end, number);
    if (fault != std::errc() || stop != end || value->empty() || number < least || number > most)
        bad("'" + name + "' must be a number from " + std::to_string(least) + " to " +
            std::to_string(most));
    return number;
}

void Query::only(const std::set<std::string>& known, const std::set<std::string>& many) const {
    for (const auto& [name, value] : values_) {
        if (values_.count(name) > 1 && !many.contains(name))
            bad("the parameter '" + name + "' is given twice");
        if (name != "method" && name != "pretty" && !known.contains(name) &&
            !known.contains(name.substr(0, name.find('[') + 1)))
            bad("the parameter '" + name + "' is not known here");
    }
}

std::string Query::with(const std::string& name, const std::string& value) const {
    auto changed = *this;
    changed.values_.erase(name);
    changed.values_.emplace(name, value);
    return changed.encoded();
}

std::string Query::encoded() const {
    // a list of many values must not grow beyond the longest address
    constexpr std::string_view kPlain = ",:/@";
    std::string text;
    for (const auto& [key, entry] : values_)
        text +=
            (text.empty() ? "?" : "&") + percent_encode(key) + "=" + percent_encode(entry, kPlain);
    return text;
}

Target parse_target(const std::string& target) {
    auto question = target.find('?');
    std::string_view path = std::string_view(target).substr(0, question);
    if (path.empty() || path.front() != '/') bad("the address must begin with /");
    Target parsed;
    parsed.raw = schema::split(path.substr(1), '/');
    for (const auto& segment : parsed.raw) parsed.segments.push_back(percent_decode(segment));
    if (question != std::string::npos)
        parsed.query = Query(std::string_view(target).substr(question + 1));
    return parsed;
}

std::vector<std::string> split_id(const std::string& raw, std::size_t columns) {
    if (columns == 1) return {percent_decode(raw)};
    auto written = schema::split(raw, ',');
    // some clients encode the commas between the parts as well, as they stand in one parameter
    if (written.size() != columns) written = schema::split(percent_decode(raw), ',');
    if (written.size() != columns) return written;  // no key, whatever its parts are
    std::vector<std::string> parts;
    for (const auto& part : written) parts.push_back(percent_decode(part));
    return parts;
}

std::string encode_object_id(const std::string& object_id, std::size_t columns) {
    if (columns <= 1) return percent_encode(object_id);
    std::string encoded;
    for (const auto& part : schema::split(object_id, ','))
        encoded += (encoded.empty() ? "" : ",") + percent_encode(percent_decode(part));
    return encoded;
}

}  // namespace trashd::service
