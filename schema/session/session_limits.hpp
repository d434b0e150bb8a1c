// How sessions of the database are used: for how long they wait, and what stands between.
#pragma once

#include <chrono>
#include <string>

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
    // What the setting trashd.own is in all transactions, by which the trash's triggers know them
    // as the service's; empty: it is not set.
    std::string own_secret = {};
};

}  // namespace trashd::schema
