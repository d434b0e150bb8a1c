#include "service/config/webhook_section.hpp"

#include <algorithm>

#include "service/config/actions.hpp"
#include "service/config/config.hpp"
#include "service/config/section.hpp"
#include "service/http/allowed_hosts.hpp"
#include "service/http/webhook_signature.hpp"

namespace trashd::service {

namespace {

// What stands between "://" and the path.
std::string_view authority_of(std::string_view url) {
    const auto begin = url.find("://");
    if (begin == std::string_view::npos) return {};
    const auto rest = url.substr(begin + 3);
    return rest.substr(0, rest.find_first_of("/?#"));
}

void check_url(Section& section, const WebhookConfig& hook) {
    const bool plain = hook.url.starts_with("http://");
    const auto authority = authority_of(hook.url);
    const bool printable = std::ranges::all_of(hook.url, [](char c) { return c > ' ' && c < 127; });
    if ((!plain && !hook.url.starts_with("https://")) || authority.empty() || !printable ||
        authority.find('@') != std::string_view::npos || hook.url.find('#') != std::string::npos)
        section.fault("url", "must be an address as in \"https://partner.example/trash\"");
    else if (plain && !hook.insecure && !is_loopback(host_name(authority)))
        section.fault("url",
                      "must be https: what is sent could be read and changed on the way; "
                      "insecure = true sends it nevertheless");
}

void check_actions(Section& section, const WebhookConfig& hook) {
    for (const auto& action : hook.actions)
        if (std::ranges::find(kActions, action) == kActions.end())
            section.fault("actions", "'" + action + "' is no action" +
                                         did_you_mean(action, {kActions.begin(), kActions.end()}));
}

WebhookConfig take_webhook(const toml::table& table, const std::string& prefix,
                           std::vector<std::string>& faults) {
    Section section(table, prefix, faults);
    WebhookConfig hook;
    section.take("url", hook.url);
    section.take("secret", hook.secret);
    section.take("actions", hook.actions);
    section.take("resources", hook.resources);
    section.take("insecure", hook.insecure);
    check_url(section, hook);
    check_actions(section, hook);
    if (!webhook_key(hook.secret))
        section.fault("secret",
                      "must be \"whsec_\" and base64 of 24 to 64 random bytes, as "
                      "`echo whsec_$(openssl rand -base64 32)` prints it");
    section.refuse_unknown();
    return hook;
}

}  // namespace

void take_webhooks(Section& section, Config& config, std::vector<std::string>& faults) {
    const auto* node = section.find("webhook");
    if (!node) return;
    const auto* array = node->as_array();
    if (!array || !array->is_homogeneous<toml::table>())
        return section.fault("webhook", "must be written as [[webhook]]");
    for (std::size_t i = 0; i < array->size(); ++i) {
        const auto prefix = fmt::format("webhook[{}].", i);
        auto hook = take_webhook(*array->get(i)->as_table(), prefix, faults);
        if (std::ranges::any_of(config.webhooks,
                                [&](const WebhookConfig& one) { return one.url == hook.url; }))
            faults.push_back(prefix + "url: is configured twice");
        config.webhooks.push_back(std::move(hook));
    }
}

}  // namespace trashd::service
