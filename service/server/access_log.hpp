// One line of JSON for each request, apart from the log of the service.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>

namespace spdlog {
class logger;
}

namespace trashd::service {

struct LoggedRequest {
    std::string request_id, peer, method, target, user_agent;
    int status = 0;
    std::size_t bytes = 0;
    double seconds = 0;
};

class AccessLog {
  public:
    // where: empty for none, "-" for standard output, else a file to append to. Throws Error
    // kUnavailable when it cannot be written.
    explicit AccessLog(const std::string& where);
    // Of the target only the path: what people look for may be in the query.
    void write(const LoggedRequest& access) const;
    bool on() const { return !where_.empty(); }
    // The file of that name, after another program has moved the one before away. Where that cannot
    // be it says so and writes on as before.
    void reopen();

  private:
    const std::string where_;
    mutable std::mutex mutex_;
    std::shared_ptr<spdlog::logger> logger_;
};

}  // namespace trashd::service
