// Runs operations, one at a time, those of this process and those that others left behind.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "schema/session/pool.hpp"
#include "service/server/resource_cache.hpp"
#include "trash/trash.hpp"

namespace trashd::trash {
class Claim;
class Operations;
}  // namespace trashd::trash

namespace trashd {
class Error;
}

namespace trashd::service {

struct Config;

class Runner {
  public:
    // Connections of its own to the database, without a limit on the length of statements.
    Runner(trash::Operations& queue, schema::Pool& pool, const Config& config);
    // What runs is rolled back and stays queued for the next start.
    ~Runner();

  private:
    void work(const std::stop_token& stop);
    bool run_next(const std::stop_token& stop);
    void run(trash::Claim& claim);
    void take_back(trash::Claim& claim, const Error& error, const std::stop_token& stop);
    void cancel();

    trash::Operations& queue_;
    schema::Pool& shared_;  // the service's
    const Config& config_;
    const std::string name_;
    schema::Pool own_;
    std::unique_ptr<trash::Trash> trash_;  // made when there is something to run
    std::unique_ptr<ResourceCache> resources_;
    std::atomic<bool> over_ = false;
    std::jthread thread_;
};

}  // namespace trashd::service
