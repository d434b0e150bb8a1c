#include "service/http/request_head.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include "service/http/limits.hpp"
#include "service/http/url.hpp"

namespace trashd::service {

namespace {

[[noreturn]] void bad(const std::string& detail) {
    throw Error(Code::kBadRequest, detail);
}

bool is_token(std::string_view text) {
    static constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) || kMarks.find(c) != kMarks.npos;
    });
}

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == text.npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// name, 192.0.2.1 or [2001:db8::1], and a port or none. Nothing that ends a name elsewhere.
bool is_host(std::string_view text) {
    static constexpr std::string_view kMarks = "-._~!$&'()*+,;=%", kIp = ":.%";
    const auto of = [](std::string_view part, std::string_view marks) {
        return std::all_of(part.begin(), part.end(), [&](char c) {
            const auto byte = static_cast<unsigned char>(c);
            return std::isalnum(byte) || byte >= 0x80 || marks.find(c) != marks.npos;
        });
    };
    const bool ip = text.starts_with('[');
    auto end = ip ? text.find(']') : text.find(':');
    if (ip && (end == text.npos || end == 1)) return false;
    if (end == text.npos) end = text.size();
    if (!of(text.substr(ip, end - ip), ip ? kIp : kMarks)) return false;
    const auto port = text.substr(std::min(text.size(), end + ip));
    return port.empty() || (port[0] == ':' && port.find_first_not_of("0123456789", 1) == port.npos);
}

// http://host/path, as it is sent to a proxy, becomes /path, and the host what the Host is.
void read_target(std::string_view target, Head& head) {
    head.target = target;
    const auto end = target.find("://");
    const auto scheme = lower_case(target.substr(0, end));
    if (end == target.npos || (scheme != "http" && scheme != "https")) return;
    const auto authority = target.substr(end + 3);
    const auto path = std::min(authority.find_first_of("/?"), authority.size());
    const auto host = authority.substr(0, path);
    if (host.empty() || !is_host(host)) bad("the host in the address cannot be read");
    head.host_in_address = true;
    head.headers.emplace_back("host", host);
    head.target = authority.substr(path);
    if (!head.target.starts_with('/')) head.target.insert(0, "/");
}

// The host in the address, which stands first, takes the place of the header's.
void read_host(Head& head, bool old_version) {
    const auto hosts = head.values("host");
    const bool in_address = head.host_in_address;
    const auto sent = hosts.size() - (in_address ? 1 : 0);
    if (sent > 1 || (sent == 0 && !old_version)) bad("there must be one Host header");
    for (const auto& host : hosts)
        if (!is_host(host)) bad("the Host header cannot be read");
    if (!in_address) return;
    std::erase_if(head.headers, [](const auto& header) { return header.first == "host"; });
    head.headers.emplace_back("host", hosts[0]);
}

void parse_request_line(std::string_view line, Head& head) {
    static constexpr std::array<std::string_view, 9> kMethods = {
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"};
    const auto first = line.find(' '), last = line.rfind(' ');
    if (first == line.npos || first == last) bad("the request cannot be read as HTTP");
    const auto method = line.substr(0, first), version = line.substr(last + 1);
    if (std::find(kMethods.begin(), kMethods.end(), method) == kMethods.end() ||
        (version != "HTTP/1.1" && version != "HTTP/1.0"))
        bad("the request cannot be read as HTTP");
    head.method = method;
    head.keep_alive = version == "HTTP/1.1";
    read_target(line.substr(first + 1, last - first - 1), head);
    if (head.target.empty() || head.target.find(' ') != head.target.npos)
        bad("the request cannot be read as HTTP");
}

void parse_header(std::string_view line, Head& head) {
    if (!is_header(line)) bad("a header cannot be read");
    const auto colon = line.find(':');
    head.headers.emplace_back(lower_case(line.substr(0, colon)), trimmed(line.substr(colon + 1)));
}

void read_connection(Head& head) {
    std::vector<std::string> options;
    for (const auto& value : head.values("connection"))
        for (auto& option : list_of(lower_case(value))) options.push_back(std::move(option));
    const auto has = [&](const char* option) {
        return std::find(options.begin(), options.end(), option) != options.end();
    };
    head.keep_alive = (head.keep_alive || has("keep-alive")) && !has("close");
}

// Two lengths, or a length and an encoding, are how one request is smuggled behind another.
void read_framing(Head& head, bool old_version) {
    const auto lengths = head.values("content-length"), codings = head.values("transfer-encoding");
    if (lengths.size() + codings.size() > 1) bad("the request says twice how long its body is");
    if (!codings.empty()) {
        if (old_version || lower_case(codings[0]) != "chunked")
            bad("the only Transfer-Encoding understood is chunked");
        head.chunked = true;
    }
    if (lengths.empty()) return;
    const auto* end = lengths[0].data() + lengths[0].size();
    const auto [stop, fault] = std::from_chars(lengths[0].data(), end, head.body_bytes);
    if (fault != std::errc() || stop != end || lengths[0].empty())
        bad("Content-Length is not a length");
}

void check_limits(const Head& head, const RequestLimits& limits) {
    if (head.target.size() > limits.url_bytes) bad("the address is too long");
    if (head.headers.size() > limits.header_count) bad("there are too many headers");
    for (const auto& [name, value] : head.headers)
        if (!is_utf8(value)) bad("a header is not UTF-8");
    // Undone it may become huge.
    if (head.has_body() && !head.values("content-encoding").empty())
        throw Error(Code::kUnsupportedMediaType, "send the body without Content-Encoding");
    if (head.body_bytes > limits.body_bytes)
        throw Error(Code::kPayloadTooLarge,
                    fmt::format("the body may have up to {} bytes", limits.body_bytes));
}

void parse_lines(std::string_view text, Head& head) {
    bool first = true;
    while (!text.empty()) {
        const auto end = text.find("\r\n");
        const auto line = text.substr(0, end);
        if (has_control(line)) bad("the head of the request holds a control character");
        if (line.empty()) break;
        first ? parse_request_line(line, head) : parse_header(line, head);
        first = false;
        text.remove_prefix(end == text.npos ? text.size() : end + 2);
    }
    if (first) bad("the request cannot be read as HTTP");
}

}  // namespace

bool has_control(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
    });
}

bool is_header(std::string_view line) {
    const auto colon = line.find(':');
    return colon != line.npos && is_token(line.substr(0, colon));
}

std::string lower_case(std::string_view text) {
    std::string lower(text);
    for (auto& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return lower;
}

std::vector<std::string> list_of(std::string_view value) {
    std::vector<std::string> entries;
    while (!value.empty()) {
        const auto comma = value.find(',');
        const auto entry = trimmed(value.substr(0, comma));
        if (!entry.empty()) entries.emplace_back(entry);
        value.remove_prefix(comma == value.npos ? value.size() : comma + 1);
    }
    return entries;
}

std::vector<std::string> Head::values(std::string_view name) const {
    const auto wanted = lower_case(name);
    std::vector<std::string> found;
    for (const auto& [key, value] : headers)
        if (key == wanted) found.push_back(value);
    return found;
}

std::string Head::value(std::string_view name) const {
    const auto found = values(name);
    return found.empty() ? "" : found.front();
}

std::size_t head_length(std::string_view bytes, std::size_t from) {
    const auto end = bytes.find("\r\n\r\n", from < 3 ? 0 : from - 3);
    return end == bytes.npos ? end : end + 4;
}

Head parse_head(std::string_view text, const RequestLimits& limits) {
    Head head;
    try {
        parse_lines(text, head);
        const bool old_version = !head.keep_alive;
        read_connection(head);
        read_framing(head, old_version);
        read_host(head, old_version);
        head.expects_continue = lower_case(head.value("expect")) == "100-continue";
        check_limits(head, limits);
    } catch (const Error& error) {
        head.refusal = error;
        head.keep_alive = false;
    }
    return head;
}

}  // namespace trashd::service
