#include "service/http/allowed_hosts.hpp"

#include <algorithm>

#include "service/config/config.hpp"
#include "service/http/request_head.hpp"

namespace trashd::service {

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
