// Writes YAML in blocks. yaml-cpp's own emitter leaves the quotes from texts like `true` and `1`,
// which read as something else then.
#include <algorithm>
#include <array>

#include "service/openapi/general_document.hpp"

namespace trashd::service::openapi {

namespace {

constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
                           kInside = "0123456789_-./{}$@";

// The length of a character here that JSON leaves as it is and YAML readers do not take, or take as
// the end of a line; 0 for any other.
std::size_t unprintable(std::string_view text) {
    if (text[0] == '\x7F') return 1;
    if (text.size() > 1 && text[0] == '\xC2' && static_cast<unsigned char>(text[1]) < 0xA0)
        return 2;
    for (const std::string_view one :
         {"\xE2\x80\xA8", "\xE2\x80\xA9", "\xEF\xBB\xBF", "\xEF\xBF\xBE", "\xEF\xBF\xBF"})
        if (text.starts_with(one)) return 3;
    return 0;
}

std::string escape_of(std::string_view character) {
    static const char kDigits[] = "0123456789ABCDEF";
    unsigned code = static_cast<unsigned char>(character[0]);
    if (character.size() > 1) code &= character.size() == 2 ? 0x1F : 0x0F;
    for (const char c : character.substr(1)) code = code << 6 | (static_cast<unsigned>(c) & 0x3F);
    std::string escape = "\\u";
    for (const int shift : {12, 8, 4, 0}) escape += kDigits[code >> shift & 15];
    return escape;
}

std::string quoted(const Node& text) {
    const auto json = json_text(text);
    std::string out;
    for (std::size_t at = 0; at < json.size();) {
        const auto rest = std::string_view(json).substr(at);
        const auto length = unprintable(rest);
        out += length ? escape_of(rest.substr(0, length)) : std::string(1, rest[0]);
        at += std::max<std::size_t>(length, 1);
    }
    return out;
}

// Means itself without quotes.
bool is_plain(std::string_view text) {
    if (text.empty() || (kLetters.find(text[0]) == kLetters.npos && text[0] != '/')) return false;
    std::string lower;
    for (const char c : text) {
        if (kLetters.find(c) == kLetters.npos && kInside.find(c) == kInside.npos) return false;
        lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    constexpr std::array<std::string_view, 9> kWords = {"null", "true", "false", "yes", "no",
                                                        "on",   "off",  "y",     "n"};
    return std::ranges::find(kWords, lower) == kWords.end();
}

// Lines that can stand below a `|`.
bool is_block(std::string_view text) {
    if (text.size() < 2 || text[0] == ' ' || text[0] == '\n') return false;
    if (!text.ends_with('\n') || text.ends_with("\n\n")) return false;
    return std::ranges::all_of(text, [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); });
}

class Emitter {
  public:
    std::string take() { return std::move(out_); }

    // Behind a key or a dash; the members of what it holds stand at the depth.
    void value(const Node& node, int depth) {
        if (node.IsObject() && !node.ObjectEmpty()) return object(node, depth);
        if (node.IsArray() && !node.Empty()) return array(node, depth);
        if (node.IsString() && is_block(text_of(node))) return block(text_of(node), depth);
        out_ += ' ' + scalar(node) + '\n';
    }

    void object(const Node& node, int depth) {
        if (!out_.empty()) out_ += '\n';
        for (const auto& member : node.GetObject()) {
            out_ += std::string(depth, ' ') + scalar(member.name) + ':';
            value(member.value, depth + 2);
        }
    }

  private:
    static std::string scalar(const Node& node) {
        if (!node.IsString()) return json_text(node);
        return is_plain(text_of(node)) ? std::string(text_of(node)) : quoted(node);
    }

    void array(const Node& node, int depth) {
        out_ += '\n';
        for (const auto& element : node.GetArray()) {
            out_ += std::string(depth, ' ') + '-';
            value(element, depth + 2);
        }
    }

    void block(std::string_view text, int depth) {
        out_ += " |\n";
        for (std::size_t at = 0; at < text.size();) {
            const auto end = text.find('\n', at);
            if (end > at) out_ += std::string(depth, ' ');
            out_ += std::string(text.substr(at, end - at)) + '\n';
            at = end + 1;
        }
    }

    std::string out_;
};

}  // namespace

std::string yaml_text(const Node& node) {
    Emitter emitter;
    emitter.object(node, 0);
    return emitter.take();
}

}  // namespace trashd::service::openapi
