// JSON for people: the same values in lines that are indented, and a line end behind each answer.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace trashd::service {

struct Request;
struct Response;

// Text as it comes, in pieces of any length; numbers and strings stay as they are written.
class Indenter {
  public:
    // What the piece becomes.
    std::string take(std::string_view piece);

  private:
    void take(char c, std::string& out);
    void begin_line(std::string& out) const;

    std::size_t depth_ = 0;
    bool in_string_ = false, escaped_ = false;
    bool opened_ = false;  // a bracket that nothing has come behind yet
};

// ?pretty=true, or Accept with the parameter indent. Throws Error kBadRequest.
bool wants_indent(const Request& request);
// Makes an answer of JSON UTF-8, indents it where the request wants it so, and ends it with the end
// of a line.
void lay_out(const Request& request, Response& reply);

}  // namespace trashd::service
