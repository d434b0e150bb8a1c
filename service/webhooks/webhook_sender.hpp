// Tells web hooks what happens in the trash, from the ledger (docs/events.md): at least once, the
// entries of a group in their order, none before it is committed.
#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "schema/session/pool.hpp"

namespace trashd::trash {
class Trash;
}

namespace trashd::service {

struct Config;
struct WebhookConfig;
class ResourceCache;

class WebhookSender {
  public:
    // A thread for each web hook, so that a slow one holds up no other; connections of their own to
    // the database. Throws ConfigError where a web hook names a resource that there is not.
    WebhookSender(const std::string& url, const Config& config, ResourceCache& resources);
    // Waits for the messages that are being sent.
    ~WebhookSender();

  private:
    class Partner;

    schema::Pool own_;
    std::unique_ptr<trash::Trash> trash_;
    std::vector<std::unique_ptr<Partner>> partners_;
};

}  // namespace trashd::service
