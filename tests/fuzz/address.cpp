// What was encoded is decoded to itself; a target that is understood is UTF-8 without NUL.
#include "service/http/url.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace trashd;
using namespace trashd::service;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    if (is_utf8(text) && text.find('\0') == text.npos)
        must(percent_decode(percent_encode(text)) == text);
    try {
        const auto target = parse_target(text);
        must(target.raw.size() == target.segments.size());
        for (const auto& segment : target.segments)
            must(is_utf8(segment) && percent_decode(percent_encode(segment)) == segment);
        const auto query = target.query.with("x", "&=+%");
        must(Query(query.substr(1)).text("x") == "&=+%");
        for (std::size_t columns = 1; columns < 4; ++columns) split_id(target.raw.back(), columns);
    } catch (const Error& error) {
        must(error.code() == Code::kBadRequest);
    }
    return 0;
}
