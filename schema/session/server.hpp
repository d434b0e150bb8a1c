// Which server is at the other end, and whether trashd can work with it.
#pragma once

#include <string>

namespace trashd::schema {

class Connection;

inline constexpr int kOldestServer = 150000;  // as server_version_num counts
inline constexpr int kNewestTested = 189999;

struct Server {
    int number = 0;       // server_version_num, as 150014
    std::string version;  // as "15.14"
    std::string product;  // "PostgreSQL", or the other product that speaks its protocol
};

// Asks nothing that another product or an old server would not know. Throws Error.
Server server_of(Connection& connection);
// Why trashd cannot work with it, as a sentence; empty: it can.
std::string objection(const Server& server);
// Throws Error kUnavailable with the objection.
void require_supported(Connection& connection);

}  // namespace trashd::schema
