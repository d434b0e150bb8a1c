// A cursor comes back as it was made, for its own list only; what trashd did not make is refused.
#include "service/parsing/cursor.hpp"

#include "tests/fuzz/fuzz.hpp"

using namespace trashd;
using namespace trashd::service;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size), mark = "0123456789abcdef";
    if (text.find('\0') == text.npos) {
        const trash::CursorValues made = {text, std::nullopt, ""};
        must(decode_cursor(encode_cursor(mark, made), mark, 3) == made);
    }
    for (std::size_t count = 0; count < 3; ++count) try {
            const auto values = decode_cursor(text, mark, count);
            must(values.size() == count);
            must(decode_cursor(encode_cursor(mark, values), mark, count) == values);
        } catch (const Error& error) {
            must(error.code() == Code::kBadRequest);
        }
    return 0;
}
