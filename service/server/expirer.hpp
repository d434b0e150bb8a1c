// Purges in the background what has been in the trash for long enough, and prunes the history of
// what is there no more (docs/operations.md).
#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "schema/session/pool.hpp"
#include "trash/records/retention.hpp"
#include "trash/trash.hpp"

namespace trashd::service {

struct Config;

// What the configuration says of tables, tenants and all others, as deletes go by it.
std::vector<trash::KeepRule> keep_rules(const Config& config);

class Expirer {
  public:
    // Connections of its own to the database.
    Expirer(const std::string& url, const Config& config);
    // Waits for the statement that runs.
    ~Expirer() = default;

  private:
    void work(const std::stop_token& stop);
    void go_round(const std::stop_token& stop);
    void prune(const std::stop_token& stop);

    const Config& config_;
    schema::Pool own_;
    std::unique_ptr<trash::Trash> trash_;  // made when it is needed first
    std::string pruned_before_;            // up to which time that was done
    std::jthread thread_;
};

}  // namespace trashd::service
