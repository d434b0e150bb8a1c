// The answer to a request, free of httplib.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "service/http/spool.hpp"

namespace trashd::service {

struct Response {
    int status = 200;
    std::string body;
    std::string type = "application/json";
    std::vector<std::pair<std::string, std::string>> headers;
    std::shared_ptr<Spool> spool = nullptr;  // instead of body, where the answer may be large
    // Instead of body, where the answer goes on as things happen: its next piece, which may be
    // empty; nothing: it has ended.
    std::function<std::optional<std::string>()> next = nullptr;
};

}  // namespace trashd::service
