#include "service/cursor.hpp"

#include <rapidjson/document.h>

#include <string_view>

#include "schema/error.hpp"
#include "service/json.hpp"

namespace trashd::service {

namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

[[noreturn]] void bad() {
    throw Error(Code::kBadRequest, "the cursor is not one of this list; begin again without it");
}

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
        if (value == std::string_view::npos) bad();
        buffer = (buffer << 6 | static_cast<unsigned>(value)) & 0xFFFF;
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        bytes += static_cast<char>(buffer >> bits & 255);
    }
    return bytes;
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

std::string encode_cursor(const Cursor& cursor) {
    JsonWriter out;
    out.StartArray();
    out.text(cursor.trashed ? "trash" : "live");
    for (const auto& value : cursor.values) out.text(value);
    out.EndArray();
    return base64url(out.take());
}

Cursor decode_cursor(const std::string& text) {
    rapidjson::Document document;
    const auto json = from_base64url(text);
    document.Parse<rapidjson::kParseValidateEncodingFlag>(json.data(), json.size());
    if (document.HasParseError() || !document.IsArray() || document.Empty()) bad();
    std::vector<std::string> values;
    for (const auto& entry : document.GetArray()) {
        if (!entry.IsString()) bad();
        values.emplace_back(entry.GetString(), entry.GetStringLength());
        if (values.back().find('\0') != std::string::npos) bad();
    }
    Cursor cursor{values.front() == "trash", {values.begin() + 1, values.end()}};
    if (!cursor.trashed && values.front() != "live") bad();
    if (cursor.trashed &&
        (cursor.values.size() > 1 || (cursor.values.size() == 1 && !is_uuid(cursor.values[0]))))
        bad();
    return cursor;
}

}  // namespace trashd::service
