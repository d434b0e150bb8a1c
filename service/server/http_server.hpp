// The HTTP server: httplib with its traps closed, limits, and the one place where errors become
// answers.
#pragma once

#include <memory>
#include <string>

#include "service/api/request.hpp"

namespace trashd::service {

// The resources as of the current catalog; shared by all requests.
class ResourceCache {
  public:
    ResourceCache(trash::Trash& trash, const Config& config);
    // Throws ConfigError when the configuration named what the database did not have.
    void require_configured() const;
    std::shared_ptr<const Resources> get();
    // Reads the catalog again when the schema changed.
    std::shared_ptr<const Resources> refresh();

  private:
    std::shared_ptr<const Resources> build(std::shared_ptr<const schema::Catalog> catalog);

    trash::Trash& trash_;
    const Config& config_;
    std::vector<std::string> faults_;  // as of the start
    std::mutex mutex_;
    std::shared_ptr<const Resources> resources_;
};

class HttpServer {
  public:
    HttpServer(trash::Trash& trash, ResourceCache& resources, const Config& config);
    ~HttpServer();
    // Binds; returns the port, which the system chose when it was 0. Throws Error kUnavailable.
    int bind(const Endpoint& endpoint);
    // Serves until stop(), then finishes what runs.
    void serve();
    // Opens the access log and reads the certificate anew; where that cannot be, logs why and goes
    // on with what is in force.
    void reload();
    // Also before serve() has begun.
    void stop();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace trashd::service
