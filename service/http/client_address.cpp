// Lists are read from their end, where the nearest proxy has added what it saw. The first address
// that is no trusted proxy's is the client's; what stands before it may be anybody's invention.
#include "service/http/client_address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

#include "schema/text.hpp"
#include "service/http/request_head.hpp"

namespace trashd::service {

namespace {

using MaybeAddress = std::optional<IpAddress>;

// The bits of an IPv4 address that is mapped begin behind this many.
constexpr int kMapped = 96;

bool is_mapped(const IpAddress& address) {
    static constexpr std::array<unsigned char, 12> kPrefix = {0, 0, 0, 0, 0,    0,
                                                              0, 0, 0, 0, 0xff, 0xff};
    return std::equal(kPrefix.begin(), kPrefix.end(), address.begin());
}

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == text.npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool is_port(std::string_view text) {
    return !text.empty() && text.size() <= 5 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// 192.0.2.1, 192.0.2.1:80, 2001:db8::1, [2001:db8::1], [2001:db8::1]:80
MaybeAddress parse_node(std::string_view text) {
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        if (end == text.npos) return std::nullopt;
        const auto rest = text.substr(end + 1);
        if (!rest.empty() && (rest[0] != ':' || !is_port(rest.substr(1)))) return std::nullopt;
        const auto inside = text.substr(1, end - 1);
        return inside.find(':') == inside.npos ? std::nullopt : parse_ip(inside);
    }
    const auto colon = text.find(':');
    if (colon != text.npos && colon == text.rfind(':'))
        return is_port(text.substr(colon + 1)) ? parse_ip(text.substr(0, colon)) : std::nullopt;
    return parse_ip(text);
}

// Takes the last entry, up to the mark outside of quotes, from the list. From its end on, because
// what the client itself wrote is at the beginning, and may be anything.
std::string_view take_last(std::string_view& list, char mark) {
    bool quoted = false;
    auto at = list.size();
    for (; at > 0 && (quoted || list[at - 1] != mark); --at)
        if (list[at - 1] == '"') quoted = !quoted;
    const auto entry = trimmed(list.substr(at));
    list = at > 0 ? list.substr(0, at - 1) : std::string_view();
    return entry;
}

// What one element of Forwarded says of the client: for=192.0.2.1;proto=https
MaybeAddress forwarded_for(std::string_view element) {
    std::optional<std::string_view> value;
    while (!element.empty()) {
        const auto pair = take_last(element, ';');
        if (lower_case(pair.substr(0, 4)) != "for=") continue;
        if (value) return std::nullopt;
        value = pair.substr(4);
    }
    if (!value) return std::nullopt;
    if (value->size() >= 2 && value->front() == '"' && value->back() == '"')
        value = value->substr(1, value->size() - 2);
    return parse_node(*value);
}

bool is_trusted(const IpAddress& address, const std::vector<Network>& trusted) {
    return std::ranges::any_of(trusted, [&](const auto& one) { return one.contains(address); });
}

// The lines of the header are one list.
IpAddress follow(IpAddress address, std::string_view list, bool forwarded,
                 const std::vector<Network>& trusted) {
    while (!list.empty()) {
        const auto entry = take_last(list, ',');
        if (entry.empty()) continue;
        const auto said = forwarded ? forwarded_for(entry) : parse_node(entry);
        if (!said) break;
        address = *said;
        if (!is_trusted(address, trusted)) break;
    }
    return address;
}

bool is_path(std::string_view text) {
    static constexpr std::string_view kPlain =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%/";
    return text.starts_with('/') && text.find("//") == text.npos &&
           text.find_first_not_of(kPlain) == text.npos;
}

}  // namespace

std::optional<IpAddress> parse_ip(std::string_view text) {
    const std::string address(text);
    IpAddress parsed{};
    if (inet_pton(AF_INET6, address.c_str(), parsed.data()) == 1) return parsed;
    if (inet_pton(AF_INET, address.c_str(), parsed.data() + 12) != 1) return std::nullopt;
    parsed[10] = parsed[11] = 0xff;
    return parsed;
}

std::string text_of(const IpAddress& address) {
    char text[INET6_ADDRSTRLEN] = "";
    const bool four = is_mapped(address);
    inet_ntop(four ? AF_INET : AF_INET6, address.data() + (four ? 12 : 0), text, sizeof text);
    return text;
}

std::string client_network(const std::string& address) {
    auto parsed = parse_ip(address);
    if (!parsed || is_mapped(*parsed)) return address;
    std::fill(parsed->begin() + 8, parsed->end(), 0);
    return text_of(*parsed) + "/64";
}

std::optional<Network> Network::parse(const std::string& text) {
    Network network;
    const auto slash = text.find('/');
    const auto address = parse_ip(text.substr(0, slash));
    if (!address) return std::nullopt;
    network.text_ = text;
    network.address_ = *address;
    if (slash == text.npos) return network;
    const char* end = text.data() + text.size();
    const auto [stop, fault] = std::from_chars(text.data() + slash + 1, end, network.bits_);
    if (fault != std::errc() || stop != end || network.bits_ < 0) return std::nullopt;
    if (text.find(':') == text.npos) network.bits_ += kMapped;
    return network.bits_ <= 128 ? std::optional(network) : std::nullopt;
}

bool Network::contains(const IpAddress& address) const {
    for (int bit = 0; bit < bits_; bit += 8) {
        const int mask = bits_ - bit >= 8 ? 0xff : 0xff00 >> (bits_ - bit);
        if ((address_[bit / 8] ^ address[bit / 8]) & mask) return false;
    }
    return true;
}

std::string client_address(const std::string& peer, const Head& head,
                           const std::vector<Network>& trusted) {
    const auto address = parse_ip(peer);
    if (!address) return peer;
    if (!is_trusted(*address, trusted)) return text_of(*address);
    const auto forwarded = schema::join(head.values("forwarded"), ","),
               listed = schema::join(head.values("x-forwarded-for"), ",");
    if (forwarded.empty()) return text_of(follow(*address, listed, false, trusted));
    const auto client = follow(*address, forwarded, true, trusted);
    const bool agree = listed.empty() || client == follow(*address, listed, false, trusted);
    return text_of(agree ? client : *address);
}

// Two slashes at the beginning would name another host.
std::string forwarded_prefix(const std::string& peer, const Head& head,
                             const std::vector<Network>& trusted) {
    const auto address = parse_ip(peer);
    const auto said = head.values("x-forwarded-prefix");
    if (said.size() != 1 || !address || !is_trusted(*address, trusted)) return "";
    std::string prefix(trimmed(said[0]));
    if (!is_path(prefix)) return "";
    if (prefix.ends_with('/')) prefix.pop_back();
    return prefix;
}

}  // namespace trashd::service
