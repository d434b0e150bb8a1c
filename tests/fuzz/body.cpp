// A body that is understood is still JSON of the same meaning when it is written again.
#include "service/parsing/json_body.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace trashd;
using namespace trashd::service;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    std::string once;
    try {
        once = to_json(parse_json(text, 16));
    } catch (const Error& error) {
        must(error.code() == Code::kBadRequest);
        return 0;
    }
    must(to_json(parse_json(once, 16)) == once);
    return 0;
}
