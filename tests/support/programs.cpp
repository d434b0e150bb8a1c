#include "tests/support/programs.hpp"

#include <filesystem>

#include "schema/session/cluster.hpp"
#include "schema/subprocess.hpp"

namespace trashd::test {

bool has_client_programs() {
    return std::filesystem::exists(schema::server_programs() + "/pg_dump");
}

void run(const std::string& program, std::vector<std::string> arguments, const std::string& user) {
    arguments.insert(arguments.begin(), schema::server_programs() + "/" + program);
    const auto done = schema::run_program(arguments, user);
    INFO(done.output);
    REQUIRE(done.status == 0);
}

}  // namespace trashd::test
