// Each partner has a thread that looks for what is new, sends it, and writes down how far it came
// before it goes on. What cannot be told waits for its next try, and with it what is of its group.
#include "service/webhooks/webhook_sender.hpp"

#include <fmt/format.h>
#include <httplib.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <condition_variable>
#include <limits>
#include <mutex>
#include <optional>
#include <utility>

#include "schema/error.hpp"
#include "service/api/json.hpp"
#include "service/api/problem.hpp"
#include "service/config/config.hpp"
#include "service/config/resources.hpp"
#include "service/config/roles.hpp"
#include "service/http/metrics.hpp"
#include "service/http/webhook_signature.hpp"
#include "service/server/resource_cache.hpp"
#include "trash/model/history.hpp"
#include "trash/records/webhooks.hpp"
#include "trash/trash.hpp"

namespace trashd::service {

namespace {

using std::chrono::seconds;

constexpr int kPage = 100;
constexpr seconds kConnect{4}, kWrite{4}, kRead{10};  // together less than a lease
constexpr seconds kShow{10};                          // how far it is, in the metrics
constexpr std::chrono::milliseconds kLook{1000};      // for what is new

schema::Limits limits_of(const Config& config) {
    auto limits = database_limits(config);
    limits.name = "trashd web hooks";
    return limits;
}

// What is shown of an address: what stands behind its path may be secret.
std::string shown(const std::string& url) {
    return url.substr(0, url.find('?'));
}

struct Address {
    std::string origin, path;
};

Address address_of(const std::string& url) {
    const auto at = url.find_first_of("/?", url.find("://") + 3);
    if (at == std::string::npos) return {url, "/"};
    const auto path = url.substr(at);
    return {url.substr(0, at), path[0] == '/' ? path : "/" + path};
}

// error: what the partner said against it; empty: it has taken it. unreachable: that says nothing
// of this message, so that another would fare no better.
struct Sent {
    std::string error;
    bool unreachable = false;
};

Sent sent_of(int status) {
    if (status >= 200 && status < 300) return {};
    return {fmt::format("answered {}", status), status >= 500 || status == 429 || status == 408};
}

// What a partner answers is its status; the rest is not read.
Sent post(httplib::Client& client, const std::string& path, httplib::Headers headers,
          const std::string& body) {
    headers.emplace("Content-Type", "application/json");
    headers.emplace("User-Agent", "trashd");
    httplib::Request request;
    request.method = "POST";
    request.path = path;
    request.headers = std::move(headers);
    request.body = body;
    request.content_receiver = [](const char*, std::size_t, std::uint64_t, std::uint64_t) {
        return false;
    };
    httplib::Response response;
    auto error = httplib::Error::Success;
    client.send(request, response, error);
    if (response.status > 0) return sent_of(response.status);
    return {httplib::to_string(error), true};
}

std::string message_of(const trash::LedgerEntry& entry, const Resources& resources) {
    JsonWriter out;
    out.StartObject();
    out.key("type").text(entry.action);
    out.key("timestamp").text(entry.at);
    write_entry(out.key("data"), entry, resources);
    out.EndObject();
    return out.take();
}

}  // namespace

class WebhookSender::Partner {
  public:
    Partner(schema::Pool& pool, trash::Trash& trash, const WebhookConfig& hook,
            ResourceCache& resources, const std::string& owner)
        : hook_(hook),
          trash_(trash),
          resources_(resources),
          key_(webhook_key(hook.secret).value_or("")),
          address_(address_of(hook.url)),
          pool_(pool),
          place_(pool, trash.schema_name(), hook.url, owner) {
        for (const auto& text : hook.resources) patterns_.emplace_back(text);
        thread_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
    }

  private:
    void work(const std::stop_token& stop);
    void show();
    bool go_on(const std::stop_token& stop);
    bool retry(long long entry, const std::stop_token& stop);
    bool tell(const trash::LedgerEntry& entry, const std::stop_token& stop);
    bool wants(const trash::LedgerEntry& entry) const;
    Sent send(const trash::LedgerEntry& entry, const std::stop_token& stop) const;
    bool note(const trash::LedgerEntry& entry, const Sent& sent);

    const WebhookConfig& hook_;
    trash::Trash& trash_;
    ResourceCache& resources_;
    std::vector<ResourcePattern> patterns_;
    std::string key_;
    Address address_;
    schema::Pool& pool_;
    trash::WebhookPlace place_;
    std::chrono::steady_clock::time_point shown_;
    bool begun_ = false;
    std::jthread thread_;
};

bool WebhookSender::Partner::wants(const trash::LedgerEntry& entry) const {
    if (!hook_.actions.empty() && std::ranges::count(hook_.actions, entry.action) == 0)
        return false;
    if (patterns_.empty()) return true;
    const auto resources = resources_.get();
    const auto* resource = resources->of(entry.table);
    return std::ranges::any_of(patterns_, [&](const ResourcePattern& pattern) {
        return resource ? pattern.matches(resource->path) : pattern.everything();
    });
}

// The id is the same at every try, so that a partner knows what it has had already.
Sent WebhookSender::Partner::send(const trash::LedgerEntry& entry,
                                  const std::stop_token& stop) const {
    const auto body = message_of(entry, *resources_.get());
    const auto id = "entry_" + entry.id;
    const auto now =
        std::chrono::duration_cast<seconds>(std::chrono::system_clock::now().time_since_epoch())
            .count();
    httplib::Client client(address_.origin);
    client.set_connection_timeout(kConnect);
    client.set_read_timeout(kRead);
    client.set_write_timeout(kWrite);
    const std::stop_callback end(stop, [&client] { client.stop(); });
    const httplib::Headers headers = {
        {"webhook-id", id},
        {"webhook-timestamp", std::to_string(now)},
        {"webhook-signature", webhook_signature(key_, id, now, body)}};
    return post(client, address_.path, headers, body);
}

// False: another instance goes on.
bool WebhookSender::Partner::note(const trash::LedgerEntry& entry, const Sent& sent) {
    const auto number = std::stoll(entry.id);
    count_webhook(shown(hook_.url), sent.error.empty());
    if (sent.error.empty()) return place_.told(number, true);
    spdlog::warn("the web hook {} has not taken entry {} of the ledger: {}", shown(hook_.url),
                 entry.id, sent.error);
    return place_.failed(number, entry.group_id, sent.unreachable, sent.error);
}

// False: no more now.
bool WebhookSender::Partner::tell(const trash::LedgerEntry& entry, const std::stop_token& stop) {
    const auto number = std::stoll(entry.id);
    if (!wants(entry)) return place_.told(number, false);
    if (place_.wait_behind(number, entry.group_id)) return true;
    const auto sent = send(entry, stop);
    return note(entry, sent) && !sent.unreachable;
}

bool WebhookSender::Partner::retry(long long entry, const std::stop_token& stop) {
    trash::HistoryFilter filter;
    filter.id = std::to_string(entry);
    const auto found = trash_.history(filter, 1, std::numeric_limits<long long>::max()).entries;
    if (found.empty()) return place_.give_up(entry);
    const auto sent = send(found.front(), stop);
    if (!note(found.front(), sent)) return false;
    if (!sent.error.empty() && place_.tried_for_too_long(entry)) {
        spdlog::error("the web hook {} is not told of entry {} of the ledger any more",
                      shown(hook_.url), entry);
        place_.give_up(entry);
    }
    return !sent.unreachable;
}

// True: there may be more at once.
bool WebhookSender::Partner::go_on(const std::stop_token& stop) {
    if (!std::exchange(begun_, true)) place_.begin();
    const auto taken = place_.take();
    if (!taken || taken->paused) return false;
    for (const auto entry : taken->due)
        if (stop.stop_requested() || !retry(entry, stop)) return false;
    const auto page = trash_.events({}, kPage, taken->after);
    for (const auto& entry : page.entries)
        if (stop.stop_requested() || !tell(entry, stop)) return false;
    return page.more;
}

void WebhookSender::Partner::show() {
    const auto now = std::chrono::steady_clock::now();
    if (now - shown_ < kShow) return;
    shown_ = now;
    for (const auto& state : trash::webhook_states(pool_, trash_.schema_name()))
        if (state.url == hook_.url) show_webhook(shown(hook_.url), state.behind, state.failures);
}

void WebhookSender::Partner::work(const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    const auto over = [&] { return stop.stop_requested(); };
    while (!over()) {
        bool more = false;
        try {
            more = go_on(stop);
            show();
        } catch (const std::exception& error) {
            spdlog::warn("the web hook {} cannot be told: {}", shown(hook_.url), in_log(error));
        }
        if (!more) wake.wait_for(lock, stop, kLook, over);
    }
}

namespace {

void check_resources(const Config& config, const Resources& resources) {
    std::vector<std::string> faults;
    for (std::size_t i = 0; i < config.webhooks.size(); ++i)
        for (const auto& text : config.webhooks[i].resources) {
            const ResourcePattern pattern(text);
            if (!pattern.everything() &&
                std::ranges::none_of(resources.all(), [&](const Resource& one) {
                    return pattern.matches(one.path);
                }))
                faults.push_back(
                    fmt::format("webhook[{}].resources: no resource is meant by '{}'", i, text));
        }
    if (!faults.empty()) throw ConfigError(faults);
}

std::string new_uuid(schema::Pool& pool) {
    return std::string(
        pool.lease().connection().exec("SELECT pg_catalog.gen_random_uuid()").text(0, 0));
}

}  // namespace

WebhookSender::WebhookSender(const std::string& url, const Config& config, ResourceCache& resources)
    : own_(url, static_cast<int>(config.webhooks.size()) + 2, seconds(5), limits_of(config)),
      trash_(std::make_unique<trash::Trash>(own_, config.trash_schema)) {
    check_resources(config, *resources.get());
    const auto owner = new_uuid(own_);
    for (const auto& hook : config.webhooks)
        partners_.push_back(std::make_unique<Partner>(own_, *trash_, hook, resources, owner));
}

WebhookSender::~WebhookSender() = default;

}  // namespace trashd::service
