// One line of JSON for each request, apart from the log of the service.
#pragma once

#include <memory>
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
    bool on() const { return logger_ != nullptr; }

  private:
    std::shared_ptr<spdlog::logger> logger_;
};

}  // namespace trashd::service
