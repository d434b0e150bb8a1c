#include "tests/support/pooler.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "schema/subprocess.hpp"
#include "tests/support/database.hpp"

namespace trashd::test {
namespace {

constexpr const char* kProgram = "/usr/sbin/pgbouncer";
constexpr const char* kUser = "postgres";  // it refuses to run as root

std::string cluster_socket() {
    const auto url = TestCluster::get().url();
    const auto from = url.find('\'') + 1;
    return url.substr(from, url.find('\'', from) - from);
}

// Of a role that it does not know it asks the database, which no test gives a password.
std::string configuration(const std::string& directory) {
    return fmt::format(R"([databases]
* = host={0}
[pgbouncer]
pool_mode = transaction
default_pool_size = 3
max_client_conn = 1000
query_wait_timeout = 60
unix_socket_dir = {1}
listen_port = 6432
auth_type = trust
auth_file = {1}/users
auth_user = postgres
auth_query = SELECT rolname, NULL::text FROM pg_authid WHERE rolname = $1
admin_users = postgres
logfile = {1}/log
pidfile = {1}/pid
)",
                       cluster_socket(), directory);
}

void write(const std::string& path, const std::string& text) {
    std::ofstream(path) << text;
    schema::give_to(path, kUser);
}

void wait_for(const std::string& url, const std::string& log) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (PQping(url.c_str()) != PQPING_OK) {
        if (std::chrono::steady_clock::now() > until)
            throw std::runtime_error("pgbouncer does not answer; see " + log);
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
}

}  // namespace

TestPooler::TestPooler() : directory_(temporary_directory()) {
    schema::give_to(directory_, kUser);
    write(directory_ + "/users", "\"postgres\" \"\"\n");
    write(directory_ + "/ini", configuration(directory_));
    const auto started = schema::run_program({kProgram, "-q", "-d", directory_ + "/ini"}, kUser);
    if (started.status != 0) throw std::runtime_error("pgbouncer: " + started.output);
    wait_for(url("pgbouncer"), directory_ + "/log");
}

TestPooler::~TestPooler() {
    pid_t pid = 0;
    if (std::ifstream(directory_ + "/pid") >> pid && pid > 0) kill(pid, SIGTERM);
    std::error_code none;
    std::filesystem::remove_all(directory_, none);
}

TestPooler& TestPooler::get() {
    TestCluster::get();  // ends later
    static TestPooler pooler;
    return pooler;
}

std::string TestPooler::url(const std::string& database) const {
    return fmt::format("host='{}' port=6432 user=postgres dbname='{}'", directory_, database);
}

bool through_pooler() {
    const char* wanted = getenv("TRASHD_TEST_POOLER");
    return wanted != nullptr && *wanted != '\0';
}

// The last of two settings of one name holds.
std::string direct(const std::string& url) {
    if (url.find(" port=6432 ") == std::string::npos) return url;
    return fmt::format("{} host='{}' port=5432", url, cluster_socket());
}

}  // namespace trashd::test
