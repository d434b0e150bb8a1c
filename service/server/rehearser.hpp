// Tries in the background whether groups in the trash could come back (docs/operations.md).
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "schema/session/pool.hpp"
#include "trash/trash.hpp"

namespace trashd::trash {
struct RehearsalCounts;
}

namespace trashd::service {

struct Config;

class Rehearser {
  public:
    // Connections of its own to the database, none of whose statements may take long.
    Rehearser(const std::string& url, const Config& config);
    // Waits for the statement that runs.
    ~Rehearser() = default;

  private:
    void work(const std::stop_token& stop);
    void go_round(const std::stop_token& stop);
    void rehearse(const std::string& group, trash::RehearsalCounts& counts);

    const Config& config_;
    schema::Pool own_;
    std::unique_ptr<trash::Trash> trash_;  // made when it is needed first
    std::jthread thread_;
};

}  // namespace trashd::service
