// The name that a request asks for. A page of any site can have its own name lead to 127.0.0.1 and
// so reach a service that asks for no credentials; but its requests name that site as their Host.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trashd::service {

// Where the service listens. Port 0: one that the system chooses.
struct Endpoint {
    std::string host;
    int port = 0;
};

// HOST:PORT or [HOST]:PORT; nothing when it is neither.
std::optional<Endpoint> parse_endpoint(const std::string& listen);
bool is_loopback(const std::string& host);

// The name of a Host header: in lower case, without port, brackets and a final dot.
std::string host_name(std::string_view host);
// host: the values of the header; a request without it, which no browser sends, is let in.
// configured: names beside those of the loopback.
bool is_known_host(const std::vector<std::string>& host,
                   const std::vector<std::string>& configured);

}  // namespace trashd::service
