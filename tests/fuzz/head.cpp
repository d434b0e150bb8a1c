// A head that is served reads the same when it is written out again.
#include "service/http/limits.hpp"
#include "service/http/request_head.hpp"
#include "service/http/url.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace trashd::service;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto length = head_length(text);
    const auto head = parse_head(text.substr(0, std::min(length, size)), RequestLimits());
    if (head.refusal) return 0;
    must(!head.method.empty() && !head.target.empty());
    must(!(head.chunked && head.body_bytes > 0));
    std::string again = head.method + " " + head.target + " HTTP/1.1\r\n";
    if (head.values("host").empty()) again += "host: x\r\n";
    for (const auto& [name, value] : head.headers) {
        must(is_utf8(value) && value.find_first_of(std::string_view("\r\n\0", 3)) == value.npos);
        again += name + ": " + value + "\r\n";
    }
    const auto second = parse_head(again + "\r\n", RequestLimits());
    if (second.refusal) return 0;
    must(second.target == head.target || head.target.find("://") != head.target.npos);
    must(second.body_bytes == head.body_bytes && second.chunked == head.chunked);
    return 0;
}
