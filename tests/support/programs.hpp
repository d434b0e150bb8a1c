// Client programs that come with a server, as pg_dump.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace trashd::test {

// The suite of the cases that need them: it is left out where the server of the run came without.
inline const doctest::test_suite kNeedsPrograms("needs client programs");

bool has_client_programs();

// Runs one, as `user` where that is not empty; it must end well.
void run(const std::string& program, std::vector<std::string> arguments,
         const std::string& user = "");

}  // namespace trashd::test
