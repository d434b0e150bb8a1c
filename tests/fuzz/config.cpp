// A configuration that is taken prints as one that is taken too; another is refused with a reason.
#include "service/config/config.hpp"

#include "tests/fuzz/fuzz.hpp"

using namespace trashd::service;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    const auto nothing = [](const std::string&) { return std::optional<std::string>(); };
    std::string once;
    try {
        once = dump(load_config(text, {}, nothing));
    } catch (const ConfigError& error) {
        must(!error.faults.empty());
        return 0;
    }
    must(dump(load_config(once, {}, nothing)) == once);
    return 0;
}
