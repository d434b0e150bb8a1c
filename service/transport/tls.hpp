// The certificate that the service shows, and sessions that use it.
#pragma once

#include <memory>
#include <mutex>

#include "service/http/limits.hpp"

struct ssl_ctx_st;
struct ssl_st;

namespace trashd::service {

struct FreeTls {
    void operator()(ssl_ctx_st* context) const;
    void operator()(ssl_st* session) const;
};
using TlsSession = std::unique_ptr<ssl_st, FreeTls>;

class TlsContext {
  public:
    // Throws Error kUnavailable, saying which file cannot be used and why.
    explicit TlsContext(const TlsFiles& files);
    // Reads the files again, for sessions made from now on. Throws likewise; what was in force
    // stays so.
    void reload();
    // The server's side of a session that has not begun; empty where there is no memory for it.
    TlsSession session(int socket) const;

  private:
    const TlsFiles files_;
    mutable std::mutex mutex_;
    std::unique_ptr<ssl_ctx_st, FreeTls> context_;
};

}  // namespace trashd::service
