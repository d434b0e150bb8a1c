// Why an instance is not ready for requests, all of it, for who operates it.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "schema/error.hpp"

namespace trashd::service {

// unavailable, with the reasons: database-unreachable, connections-in-use, trash-schema-missing;
// and a sentence for each, which names no host.
struct NotReady : Error {
    struct Reason {
        std::string reason, detail;
    };
    // sql: what the server said, for the log.
    explicit NotReady(std::vector<Reason> found, const std::optional<SqlError>& sql = {})
        : Error(sql ? Error(Code::kUnavailable, kDetail, *sql)
                    : Error(Code::kUnavailable, kDetail)),
          reasons(std::move(found)) {}
    std::vector<Reason> reasons;

  private:
    static constexpr const char* kDetail = "the service is not ready; reasons says why";
};

}  // namespace trashd::service
