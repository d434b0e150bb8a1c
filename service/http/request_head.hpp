// The head of a request, read strictly: what two readers could understand differently is refused,
// and so is what passes the limits.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schema/error.hpp"

namespace trashd::service {

struct RequestLimits;

struct Head {
    std::string method, target;  // the target in origin form, or "*"
    // Names in lower case. An address as it is sent to a proxy says the Host: that one counts.
    std::vector<std::pair<std::string, std::string>> headers;
    bool keep_alive = true, chunked = false, expects_continue = false;
    bool host_in_address = false;
    std::size_t body_bytes = 0;    // as Content-Length says
    std::optional<Error> refusal;  // why it cannot be served; the rest is what was read so far
    bool has_body() const { return chunked || body_bytes > 0; }
    // Every value of one header, in order; the name in any case.
    std::vector<std::string> values(std::string_view name) const;
    // The first value; empty where there is none.
    std::string value(std::string_view name) const;
};

// The length of the head that the bytes begin with, its empty line included; npos when its end has
// not come. from: where to look on, the length at the last call.
std::size_t head_length(std::string_view bytes, std::size_t from = 0);
// text: as long as head_length says.
Head parse_head(std::string_view text, const RequestLimits& limits);
std::string lower_case(std::string_view text);
bool has_control(std::string_view text);
// A line of a head or of trailers: a name, a colon, a value.
bool is_header(std::string_view line);
// The entries of a comma-separated header, without spaces around them.
std::vector<std::string> list_of(std::string_view value);

}  // namespace trashd::service
