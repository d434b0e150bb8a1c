// The list is read twice where it lies: once for the names, since not every object has all of them,
// and once for the values, of which only the places are kept until a line is complete.
#include "service/api/csv_table.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "schema/error.hpp"
#include "service/api/content_negotiation.hpp"
#include "service/api/request.hpp"
#include "service/api/response.hpp"
#include "service/http/spool.hpp"
#include "service/http/utf8_mender.hpp"

namespace trashd::service {

namespace {

// Where a value stands in the JSON.
struct Place {
    std::size_t begin = 0, end = 0;
};

using Members = std::vector<std::pair<std::string, Place>>;  // of one object, in its order

// The bytes of a spool, one after the other, or of a place in it.
class Bytes {
  public:
    explicit Bytes(const Spool& spool) : Bytes(spool, {0, spool.size()}) {}
    Bytes(const Spool& spool, const Place& place)
        : spool_(spool), start_(place.begin), end_(place.end) {}

    std::size_t at() const { return start_ + next_; }
    // '\0' at the end, which no JSON has in it.
    char peek() {
        if (next_ == filled_) fill();
        return next_ == filled_ ? '\0' : piece_[next_];
    }
    char take() {
        const char c = peek();
        if (next_ < filled_) ++next_;
        return c;
    }

  private:
    void fill() {
        start_ += filled_;
        next_ = 0;
        filled_ =
            spool_.read(start_, std::span(piece_).first(std::min(piece_.size(), end_ - start_)));
        if (filled_ == 0 && start_ < end_)
            throw Error(Code::kUnavailable, "the answer cannot be read; try again");
    }

    const Spool& spool_;
    std::size_t start_, end_, next_ = 0, filled_ = 0;
    std::array<char, 1 << 14> piece_;
};

void skip_space(Bytes& bytes) {
    for (char c = bytes.peek(); c == ' ' || c == '\n' || c == '\t' || c == '\r'; c = bytes.peek())
        bytes.take();
}

int digit_of(char c) {
    return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

std::uint32_t take_unit(Bytes& bytes) {
    std::uint32_t unit = 0;
    for (int i = 0; i < 4; ++i)
        unit = unit << 4 | static_cast<std::uint32_t>(digit_of(bytes.take()));
    return unit;
}

std::string utf8_of(std::uint32_t code) {
    const auto tail = [code](int shift) {
        return static_cast<char>(0x80 | (code >> shift & 0x3F));
    };
    if (code < 0x80) return {static_cast<char>(code)};
    if (code < 0x800) return {static_cast<char>(0xC0 | code >> 6), tail(0)};
    if (code < 0x10000) return {static_cast<char>(0xE0 | code >> 12), tail(6), tail(0)};
    return {static_cast<char>(0xF0 | code >> 18), tail(12), tail(6), tail(0)};
}

// What stands behind \u, with the second half of a pair.
std::string take_code(Bytes& bytes) {
    constexpr std::uint32_t kHigh = 0xD800, kLow = 0xDC00, kBeyond = 0x10000;
    const auto unit = take_unit(bytes);
    if (unit < kHigh || unit >= kLow) return utf8_of(unit);
    bytes.take();
    bytes.take();
    return utf8_of(kBeyond + ((unit - kHigh) << 10) + (take_unit(bytes) - kLow));
}

std::string take_escaped(Bytes& bytes) {
    const char c = bytes.take();
    switch (c) {
        case 'b':
            return "\b";
        case 'f':
            return "\f";
        case 'n':
            return "\n";
        case 'r':
            return "\r";
        case 't':
            return "\t";
        case 'u':
            return take_code(bytes);
        default:
            return {c};
    }
}

// Calls put(text) with what the string means, piece by piece; its first quote comes next.
template <class Put>
void take_string(Bytes& bytes, Put put) {
    bytes.take();
    for (char c = bytes.take(); c != '"' && c != '\0'; c = bytes.take())
        put(c == '\\' ? take_escaped(bytes) : std::string{c});
}

void skip_string(Bytes& bytes) {
    bytes.take();
    for (char c = bytes.take(); c != '"' && c != '\0'; c = bytes.take())
        if (c == '\\') bytes.take();
}

bool ends_value(char c) {
    return c == ',' || c == '}' || c == ']' || c == '\0' || c == ' ' || c == '\n' || c == '\r';
}

void skip_nested(Bytes& bytes) {
    int depth = 0;
    do {
        const char c = bytes.peek();
        if (c == '\0') return;
        if (c == '{' || c == '[') ++depth;
        if (c == '}' || c == ']') --depth;
        if (c == '"')
            skip_string(bytes);
        else
            bytes.take();
    } while (depth > 0);
}

Place skip_value(Bytes& bytes) {
    const auto begin = bytes.at();
    const char c = bytes.peek();
    if (c == '"')
        skip_string(bytes);
    else if (c == '{' || c == '[')
        skip_nested(bytes);
    else
        while (!ends_value(bytes.peek())) bytes.take();
    return {begin, bytes.at()};
}

// The mark comes next, spaces aside, and is taken.
bool take_mark(Bytes& bytes, char mark) {
    skip_space(bytes);
    if (bytes.peek() != mark) return false;
    bytes.take();
    return true;
}

Members take_object(Bytes& bytes) {
    Members members;
    while (!take_mark(bytes, '}')) {
        take_mark(bytes, ',');
        skip_space(bytes);
        if (bytes.peek() != '"') break;
        std::string name;
        take_string(bytes, [&](const std::string& text) { name += text; });
        take_mark(bytes, ':');
        skip_space(bytes);
        members.emplace_back(std::move(name), skip_value(bytes));
    }
    return members;
}

// Calls use(members) for each object of the list.
template <class Use>
void for_each_object(const Spool& json, Use use) {
    Bytes bytes(json);
    take_mark(bytes, '[');
    while (take_mark(bytes, '{')) {
        use(take_object(bytes));
        take_mark(bytes, ',');
    }
}

bool is_list_of_objects(const Spool& json) {
    Bytes bytes(json);
    if (!take_mark(bytes, '[')) return false;
    skip_space(bytes);
    return bytes.peek() == '{' || bytes.peek() == ']';
}

// Text for a spool, in pieces that are not too many.
class Lines {
  public:
    explicit Lines(Spool& into) : into_(into) {}
    void put(std::string_view text) {
        waiting_ += text;
        if (waiting_.size() >= kPiece) send();
    }
    void put_quoted(std::string_view text) {
        for (const char c : text)
            put(c == '"' ? std::string_view("\"\"") : std::string_view(&c, 1));
    }
    void send() {
        into_.append(waiting_);
        waiting_.clear();
    }

  private:
    static constexpr std::size_t kPiece = 1 << 16;
    Spool& into_;
    std::string waiting_;
};

void put_value(Lines& lines, const Spool& json, const Place& place) {
    Bytes bytes(json, place);
    const char first = bytes.peek();
    if (first == 'n') return;  // null: a text without characters is ""
    const bool quoted = first == '"' || first == '{' || first == '[';
    if (quoted) lines.put("\"");
    if (first == '"')
        take_string(bytes, [&](const std::string& text) { lines.put_quoted(text); });
    else
        while (bytes.peek() != '\0') lines.put_quoted(std::string{bytes.take()});
    if (quoted) lines.put("\"");
}

// Most objects have all names in their order: it is likely the one with that number.
const Place* place_of(const Members& members, const std::string& name, std::size_t likely) {
    if (likely < members.size() && members[likely].first == name) return &members[likely].second;
    const auto found = std::ranges::find(members, name, &Members::value_type::first);
    return found == members.end() ? nullptr : &found->second;
}

// Of as many names as an answer has, most are known by their place already.
void add_names(const Members& members, std::vector<std::string>& names) {
    for (std::size_t i = 0; i < members.size(); ++i) {
        const auto& name = members[i].first;
        if (i < names.size() && names[i] == name) continue;
        if (std::ranges::find(names, name) == names.end()) names.push_back(name);
    }
}

// In the order in which they come first.
std::vector<std::string> names_in(const Spool& json) {
    std::vector<std::string> names;
    for_each_object(json, [&](const Members& members) { add_names(members, names); });
    return names;
}

void put_line(Lines& lines, const Spool& json, const std::vector<std::string>& names,
              const Members& members) {
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (i > 0) lines.put(",");
        if (const auto* place = place_of(members, names[i], i)) put_value(lines, json, *place);
    }
    lines.put("\r\n");
}

std::shared_ptr<Spool> table_of(const Spool& json) {
    auto into = std::make_shared<Spool>();
    Lines lines(*into);
    const auto names = names_in(json);
    for (std::size_t i = 0; i < names.size(); ++i) {
        lines.put(i > 0 ? ",\"" : "\"");
        lines.put_quoted(names[i]);
        lines.put("\"");
    }
    if (!names.empty()) lines.put("\r\n");
    for_each_object(json, [&](const Members& members) { put_line(lines, json, names, members); });
    lines.send();
    return into;
}

}  // namespace

bool wants_csv(const Request& request) {
    const auto accepted = request.headers("Accept");
    const auto csv = weight_of(accepted, "text/csv");
    return csv > 0 && csv >= weight_of(accepted, "application/json");
}

void write_as_csv(Response& reply) {
    if (reply.status != 200 || reply.type != "application/json") return;
    auto json = reply.spool;
    if (!json) {
        json = std::make_shared<Spool>();
        json->append(reply.body);
    }
    if (!is_list_of_objects(*json)) return;
    reply.spool = table_of(*legible(json));
    reply.body.clear();
    reply.type = "text/csv; charset=utf-8; header=present";
    reply.headers.emplace_back("Vary", "Accept");
}

}  // namespace trashd::service
