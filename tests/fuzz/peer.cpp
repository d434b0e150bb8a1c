// Forwarded and X-Forwarded-For: what comes out is an address, and what a client writes before the
// proxy's own entry changes nothing.
#include "service/http/allowed_hosts.hpp"
#include "service/http/client_address.hpp"
#include "service/http/request_head.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace trashd::service;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    static const std::vector<Network> trusted = {*Network::parse("10.0.0.0/8")};
    const auto client = [](const std::string& name, const std::string& value) {
        Head head;
        head.headers = {{name, value}};
        return client_address("10.0.0.1", head, trusted);
    };
    must(parse_ip(client("x-forwarded-for", text)).has_value());
    must(parse_ip(client("forwarded", text)).has_value());
    must(client("x-forwarded-for", text + ",192.0.2.1") == "192.0.2.1");
    must(client("forwarded", text + ",for=192.0.2.1") == "192.0.2.1");
    if (const auto network = Network::parse(text)) must(network->text() == text);
    must(host_name(host_name(text)).size() <= text.size());
    return 0;
}
