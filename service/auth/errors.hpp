// Why credentials were not taken.
#pragma once

#include <string>
#include <utility>

#include "schema/error.hpp"

namespace trashd::service {

// unauthorized, with what WWW-Authenticate says.
struct Unauthorized : Error {
    Unauthorized(const std::string& detail, std::string kinds)
        : Error(Code::kUnauthorized, detail), challenge(std::move(kinds)) {}
    std::string challenge;
};

}  // namespace trashd::service
