// Connections that are shared. The pool and its sessions are SOCI's.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "schema/session/connection.hpp"
#include "schema/session/session_limits.hpp"

namespace trashd::schema {

class Lease;

// Opens connections when first needed and again when they broke.
class Pool {
  public:
    // url: a libpq connection string or URI. wait: how long lease() waits before kUnavailable.
    Pool(std::string url, int size, std::chrono::milliseconds wait = std::chrono::seconds(5),
         Limits limits = {});
    ~Pool();
    // Throws Error kUnavailable when none is free in time or the database cannot be reached.
    Lease lease();
    const std::string& url() const;
    const Limits& limits() const;
    // For all transactions to come; to be said before other threads use the pool.
    void hide_user_schema();
    // The same: Limits::own_secret.
    void be_known_by(const std::string& own_secret);

  private:
    friend class Lease;
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

// Holds one connection of the pool until it goes out of scope.
class Lease {
  public:
    Lease(Pool& pool, std::size_t position);
    Lease(Lease&&) noexcept;
    Lease& operator=(Lease&&) = delete;
    ~Lease();
    Connection& connection();

  private:
    Pool* pool_;
    std::size_t position_;
    std::optional<Connection> connection_;
};

}  // namespace trashd::schema
