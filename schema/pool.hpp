// Connections that are shared. The pool and its sessions are SOCI's.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "schema/connection.hpp"

namespace trashd::schema {

// What is between a pool and the database. Of its own accord a pool asks each new connection
// whether the backend it talks to is the one that the connection was opened to. kTransaction: it is
// not, whatever it says. kSession: it stays the same all the time.
enum class Pooler { kAuto, kSession, kTransaction };

struct Limits {
    std::chrono::milliseconds lock_timeout{5000};
    std::chrono::milliseconds statement_timeout{30000};  // 0: none
    // Of work that no client waits for: its application_name; the server then looks whether the
    // process is still there.
    std::string name = {};
    Pooler pooler = Pooler::kAuto;
    // "$user" in the search path means nothing: the schema of that name is no schema of the user's.
    bool no_user_schema = false;
};

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
