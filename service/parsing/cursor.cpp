// A cursor is base64url of a JSON array: the mark of the list, then the values of the order. It is
// not signed, because it says nothing that its bearer could not ask for in other words; the mark
// keeps one of another list from giving a page that means nothing.
#include "service/parsing/cursor.hpp"

#include <fmt/format.h>
#include <rapidjson/document.h>

#include <cstdint>
#include <set>
#include <string_view>

#include "schema/error.hpp"
#include "service/api/json.hpp"
#include "service/http/client_address.hpp"
#include "service/http/url.hpp"

namespace trashd::service {

namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string base64url(std::string_view bytes) {
    std::string text;
    unsigned buffer = 0;
    int bits = 0;
    for (char c : bytes) {
        buffer = (buffer << 8 | static_cast<unsigned char>(c)) & 0xFFFF;
        for (bits += 8; bits >= 6; bits -= 6) text += kAlphabet[(buffer >> (bits - 6)) & 63];
    }
    if (bits > 0) text += kAlphabet[(buffer << (6 - bits)) & 63];
    return text;
}

std::string from_base64url(std::string_view text) {
    std::string bytes;
    unsigned buffer = 0;
    int bits = 0;
    for (char c : text) {
        auto value = kAlphabet.find(c);
        if (value == std::string_view::npos) trash::refuse_cursor();
        buffer = (buffer << 6 | static_cast<unsigned>(value)) & 0xFFFF;
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        bytes += static_cast<char>(buffer >> bits & 255);
    }
    return bytes;
}

std::string text_of(const rapidjson::Value& entry) {
    if (!entry.IsString()) trash::refuse_cursor();
    return {entry.GetString(), entry.GetStringLength()};
}

// What is no UTF-8, as in databases of the encoding SQL_ASCII, stands in an array of its own.
void write_value(JsonWriter& out, const std::optional<std::string>& value) {
    if (!value || is_utf8(*value)) return out.text_or_null(value);
    out.StartArray();
    out.text(base64url(*value));
    out.EndArray();
}

std::optional<std::string> read_value(const rapidjson::Value& entry) {
    if (entry.IsNull()) return std::nullopt;
    const bool bytes = entry.IsArray() && entry.Size() == 1;
    auto value = bytes ? from_base64url(text_of(entry[0])) : text_of(entry);
    // half a surrogate pair is JSON, but not UTF-8
    if (is_utf8(value) == bytes) trash::refuse_cursor();
    return value;
}

}  // namespace

bool is_uuid(const std::string& text) {
    if (text.size() != 36) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash != (text[i] == '-')) return false;
        if (!dash && !std::isxdigit(static_cast<unsigned char>(text[i]))) return false;
    }
    return true;
}

// FNV-1a: the same in every process, so that a cursor outlives a restart.
std::string list_mark(const Target& target) {
    static const std::set<std::string> kOnlyShown = {"cursor", "page",   "limit", "count",
                                                     "select", "expand", "pretty"};
    std::string text;
    for (const auto& segment : target.segments) text += segment + '\0';
    for (const auto& [name, value] : target.query.all())
        if (!kOnlyShown.contains(name)) text += name + '\0' + value + '\0';
    std::uint64_t hash = 14695981039346656037ULL;
    for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    return fmt::format("{:016x}", hash);
}

std::string encode_cursor(const std::string& mark, const trash::CursorValues& values) {
    JsonWriter out;
    out.StartArray();
    out.text(mark);
    for (const auto& value : values) write_value(out, value);
    out.EndArray();
    return base64url(out.take());
}

trash::CursorValues decode_cursor(const std::string& text, const std::string& mark,
                                  std::size_t count) {
    rapidjson::Document document;
    const auto json = from_base64url(text);
    document.Parse<rapidjson::kParseValidateEncodingFlag>(json.data(), json.size());
    if (document.HasParseError() || !document.IsArray() || document.Size() != count + 1)
        trash::refuse_cursor();
    trash::CursorValues values;
    for (const auto& entry : document.GetArray()) {
        values.push_back(read_value(entry));
        if (values.back() && values.back()->find('\0') != std::string::npos) trash::refuse_cursor();
    }
    if (values.front() != mark) trash::refuse_cursor();
    values.erase(values.begin());
    return values;
}

}  // namespace trashd::service
