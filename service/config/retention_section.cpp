#include "service/config/retention_section.hpp"

#include "service/config/config.hpp"
#include "service/config/section.hpp"

namespace trashd::service {

namespace {

constexpr const char* kWanted =
    "must be a number and a unit of s, m, h, d, w or y, as in \"30d\", or \"forever\"";

}  // namespace

void take_keep(Section& section, const char* key, Keep& into) {
    auto text = keep_text(into);
    section.take(key, text);
    if (const auto keep = parse_keep(text))
        into = *keep;
    else
        section.fault(key, kWanted);
}

namespace {

void take_tenants(Section& retention, Config& config) {
    const auto* node = retention.find("tenants");
    if (!node) return;
    const auto* tenants = node->as_table();
    if (!tenants) return retention.fault("tenants", "must be a table of tenant = length of time");
    for (const auto& [name, value] : *tenants) {
        const auto keep = parse_keep(value.value_exact<std::string>().value_or(""));
        if (keep)
            config.retention.tenants[std::string(name.str())] = *keep;
        else
            retention.fault("tenants." + std::string(name.str()), kWanted);
    }
}

}  // namespace

void take_retention(Section& section, Config& config, std::vector<std::string>& faults) {
    take_table(section, "retention", faults, [&](Section& retention) {
        auto& into = config.retention;
        take_keep(retention, "keep", into.keep);
        take_keep(retention, "history", into.history);
        Keep every{into.every_seconds};
        take_keep(retention, "every", every);
        if (every.seconds && *every.seconds <= 86400)
            into.every_seconds = *every.seconds;
        else
            retention.fault("every", "must be from \"1s\" to \"1d\"");
        take_tenants(retention, config);
    });
}

}  // namespace trashd::service
