// What a client sends: JSON, checked whole before anything is done with it. Numbers stay the text
// that was sent, so that none loses a digit on its way into a column.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace trashd::service {

struct Context;
struct Request;

struct Json {
    enum class Kind { kNull, kBool, kNumber, kString, kArray, kObject };
    Kind kind = Kind::kNull;
    std::string text;         // true, false, a number as sent, a string decoded
    std::string_view source;  // of an array or object: as it stands in the parsed text
    std::vector<Json> elements;
    struct Member;
    std::vector<Member> members;  // in the order sent

    const Json* member(std::string_view name) const;  // nullptr: there is none
};

struct Json::Member {
    std::string name;
    Json value;
};

// The text must outlive the value. Throws Error kBadRequest for what is not RFC 8259 in UTF-8, for
// a name that stands twice in one object, U+0000, and nesting below `depth` levels.
Json parse_json(std::string_view text, std::size_t depth);
// RFC 7396: the value with the patch merged into it.
Json merged(Json value, const Json& patch);
// The value as JSON again.
std::string to_json(const Json& value);
// The request has a body, and that is more than an empty object.
bool says_something(const Request& request);
// The request's body; the request must outlive it. Throws Error kUnsupportedMediaType, kBadRequest.
Json parse_body(const Request& request, const Context& context);

}  // namespace trashd::service
