// The HTTP server: requests that trashd reads, answers that cpp-httplib writes (why, and where its
// traps are closed: docs/decisions/library-writes-answers.md), and the one place where errors
// become answers.
#pragma once

#include <memory>
#include <string>

namespace trashd::trash {
class Trash;
}

namespace trashd::service {

struct Config;
struct Endpoint;
class ResourceCache;

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
