// Loopback addresses and the names under localhost are always known: no other site can have them.
#include "service/http/allowed_hosts.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>

#include "service/http/request_head.hpp"

namespace trashd::service {

std::optional<Endpoint> parse_endpoint(const std::string& listen) {
    auto colon = listen.rfind(':');
    if (colon == std::string::npos || colon == 0) return std::nullopt;
    Endpoint endpoint{listen.substr(0, colon), -1};
    const char* end = listen.data() + listen.size();
    auto [stop, fault] = std::from_chars(listen.data() + colon + 1, end, endpoint.port);
    if (fault != std::errc() || stop != end) return std::nullopt;
    if (endpoint.port < 0 || endpoint.port > 65535) return std::nullopt;
    auto& host = endpoint.host;
    if (host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
    if (host.empty()) return std::nullopt;
    return endpoint;
}

bool is_loopback(const std::string& host) {
    if (host == "localhost") return true;
    in_addr four{};
    if (inet_pton(AF_INET, host.c_str(), &four) == 1) return ntohl(four.s_addr) >> 24 == 127;
    in6_addr six{};
    return inet_pton(AF_INET6, host.c_str(), &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

std::string host_name(std::string_view host) {
    if (host.starts_with('[')) {
        const auto end = host.find(']');
        return end == host.npos ? std::string() : lower_case(host.substr(1, end - 1));
    }
    auto name = lower_case(host.substr(0, host.find(':')));
    if (name.ends_with('.')) name.pop_back();
    return name;
}

bool is_known_host(const std::vector<std::string>& host,
                   const std::vector<std::string>& configured) {
    if (host.empty()) return true;
    const auto name = host_name(host[0]);
    return is_loopback(name) || name.ends_with(".localhost") ||
           std::ranges::any_of(configured, [&](const auto& one) { return host_name(one) == name; });
}

}  // namespace trashd::service
