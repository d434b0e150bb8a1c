// Who is at the other end: addresses, networks of trusted proxies, and what those say of the
// client.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trashd::service {

struct Head;

// IPv4 as IPv6 maps it, so that one address is never two.
using IpAddress = std::array<unsigned char, 16>;

// Of an address alone: no port, no brackets, no zone.
std::optional<IpAddress> parse_ip(std::string_view text);
// In the one way to write it; IPv4 as such.
std::string text_of(const IpAddress& address);
// What stands for one client: an IPv4 address, or the first 64 bits of an IPv6 one. Any other text
// stands for itself.
std::string client_network(const std::string& address);

class Network {
  public:
    // "10.0.0.0/8", "::1"; nothing where it is neither.
    static std::optional<Network> parse(const std::string& text);
    bool contains(const IpAddress& address) const;
    const std::string& text() const { return text_; }

  private:
    std::string text_;
    IpAddress address_{};
    int bits_ = 128;
};

// The address of the client of a request from the peer. Forwarded or X-Forwarded-For is believed of
// trusted peers only, from its end on, up to the first address that is not trusted; where it cannot
// be read on, the last address that could be. Both are believed only where they agree.
std::string client_address(const std::string& peer, const Head& head,
                           const std::vector<Network>& trusted);
// What a trusted peer has taken off the front of the address, as X-Forwarded-Prefix says: "/tools".
// Empty where nobody says so, where somebody else does, and where it is no path.
std::string forwarded_prefix(const std::string& peer, const Head& head,
                             const std::vector<Network>& trusted);

}  // namespace trashd::service
