// Accept and its kin: a weight is from 0 to 1, or -1.
#include "service/api/content_negotiation.hpp"
#include "service/http/request_head.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace trashd::service;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    const auto weight = weight_of({text}, "text/html");
    must(weight == -1 || (weight >= 0 && weight <= 1));
    must(weight_of({text, "text/html"}, "text/html") >= 0);
    for (const auto& entry : list_of(text))
        must(!entry.empty() && entry.find(',') == entry.npos && entry.back() != ' ');
    return 0;
}
