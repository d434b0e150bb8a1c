#include "schema/session/cluster.hpp"

#include <doctest/doctest.h>
#include <libpq-fe.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "schema/error.hpp"
#include "schema/subprocess.hpp"
#include "tests/support/access.hpp"
#include "tests/support/database.hpp"

using namespace trashd::schema;
using namespace trashd::test;

namespace {

struct Directory {
    std::string path = "/tmp/trashd-cluster-XXXXXX";
    Directory() { REQUIRE(mkdtemp(path.data()) != nullptr); }
    ~Directory() { std::filesystem::remove_all(path); }
};

}  // namespace

TEST_CASE("a cluster keeps what was committed over a crash and a restart") {
    const Directory directory;
    Cluster cluster(directory.path, "fsync = off");
    TestConnection(cluster.url())->script("CREATE TABLE t AS SELECT 42 AS a");
    cluster.kill_immediately();
    CHECK_THROWS_AS(TestConnection(cluster.url()), trashd::Error);
    cluster.start();
    CHECK(TestConnection(cluster.url()).value("SELECT a FROM t") == "42");
    cluster.stop();
    cluster.start();
    CHECK(TestConnection(cluster.url()).value("SELECT a FROM t") == "42");
}

// A process that holds the directory and dies without a word, leaving its server behind.
void leave_a_server_behind(const std::string& directory) {
    const pid_t child = fork();
    if (child == 0) {
        new Cluster(directory, "fsync = off");
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    REQUIRE(status == 0);
}

TEST_CASE("a server that still runs is adopted, and a stale postmaster.pid is no obstacle") {
    const Directory directory;
    leave_a_server_behind(directory.path);
    CHECK(std::filesystem::exists(directory.path + "/data/postmaster.pid"));
    {
        const Cluster second(directory.path);
        CHECK(TestConnection(second.url()).value("SELECT 1") == "1");
    }
    CHECK_FALSE(std::filesystem::exists(directory.path + "/data/postmaster.pid"));
    std::ofstream(directory.path + "/data/postmaster.pid") << getpid() << "\n/nowhere\n";
    const Cluster third(directory.path);
    CHECK(TestConnection(third.url()).value("SELECT 1") == "1");
}

TEST_CASE("a server that dies while it is written to is a lost connection") {
    const Directory directory;
    Cluster cluster(directory.path, "fsync = off");
    const std::string large(30'000'000, 'x');
    for (int i = 0; i < 2; ++i) {
        TestConnection connection(cluster.url()), other(cluster.url());  // whose crash ends all
        const auto backend = std::stoi(other.value("SELECT pg_backend_pid()"));
        std::thread killer([&] { ::kill(backend, SIGKILL); });
        try {
            for (;;) connection->exec("SELECT length($1::text)", {large});
        } catch (const trashd::Error& error) {
            CAPTURE(error.what());
            CHECK(error.code() == trashd::Code::kUnavailable);
            CHECK(connection.get().broken());
        }
        killer.join();
        while (PQping(cluster.url().c_str()) != PQPING_OK) usleep(10'000);
    }
}

TEST_CASE("a directory is held by one process at a time") {
    const Directory directory;
    const Cluster first(directory.path, "fsync = off");
    CHECK_THROWS_WITH_AS(Cluster(directory.path), doctest::Contains("another process uses"),
                         trashd::Error);
}

namespace {

// What psql says to another user of the machine, who has got to the socket folder all the same.
std::string said_to_nobody(const std::string& url) {
    return run_program({"/usr/bin/psql", "-XAtc", "SELECT 1", "-d", url + " connect_timeout=10"},
                       "nobody")
        .output;
}

std::string setting(const Cluster& cluster, const std::string& name) {
    return TestConnection(cluster.url()).value("SHOW " + name);
}

// Of this process alone: other tests may run beside.
std::string loopback_address() {
    return "127.87." + std::to_string(getpid() / 250 % 250 + 1) + "." +
           std::to_string(getpid() % 250 + 1);
}

}  // namespace

TEST_CASE("another user of the machine is refused by PostgreSQL, at the socket and over TCP") {
    // pg_hba.conf was as initdb writes it, and trusted everybody: the mode of a folder was all
    if (geteuid() != 0) {
        MESSAGE("only root can be another user");
        return;
    }
    const Directory directory;
    const auto host = loopback_address();
    const Cluster cluster(directory.path,
                          "fsync = off\nunix_socket_permissions = 0777\n"
                          "listen_addresses = '" +
                              host + "'");
    const auto socket = setting(cluster, "unix_socket_directories");
    CHECK(said_to_nobody(cluster.url()).find("Permission denied") != std::string::npos);
    for (const auto& folder : {directory.path, socket})
        std::filesystem::permissions(folder, std::filesystem::perms(0755));
    CHECK(said_to_nobody(cluster.url()) ==
          "psql: error: connection to server on socket \"" + socket +
              "/.s.PGSQL.5432\" failed: FATAL:  Peer authentication failed for user "
              "\"postgres\"\n");
    TestConnection(cluster.url())->exec("CREATE ROLE nobody LOGIN SUPERUSER");
    CHECK(said_to_nobody(cluster.url() + " user=nobody")
              .find("FATAL:  no pg_hba.conf entry for host \"[local]\", user \"nobody\"") !=
          std::string::npos);
    CHECK(said_to_nobody(cluster.url() + " sslmode=disable host=" + host)
              .find("FATAL:  no pg_hba.conf entry for host \"127.0.0.1\", user \"postgres\", "
                    "database \"trashd\", no encryption") != std::string::npos);
    CHECK(TestConnection(cluster.url()).value("SELECT 1") == "1");
}

TEST_CASE("a cluster that trusted everybody lets in its own user only when it is opened again") {
    const Directory directory;
    {
        const Cluster cluster(directory.path, "fsync = off");
        let_in(cluster, directory.path, "local all all trust\n");
        TestConnection(cluster.url())->exec("CREATE ROLE other LOGIN");
        CHECK(TestConnection(cluster.url() + " user=other").value("SELECT 1") == "1");
    }
    const Cluster cluster(directory.path, "fsync = off");
    CHECK_THROWS_WITH_AS(TestConnection(cluster.url() + " user=other"),
                         doctest::Contains("cannot be reached"), trashd::Error);
    CHECK(TestConnection(cluster.url()).value("SELECT 1") == "1");
}

TEST_CASE("a server that is adopted lets in its own user only from then on") {
    const Directory directory;
    leave_a_server_behind(directory.path);
    std::ofstream(directory.path + "/data/pg_hba.conf") << "local all all trust\n";
    const auto url = cluster_url(directory.path, "trashd");
    TestConnection(url)->exec("CREATE ROLE other LOGIN");
    TestConnection(url)->exec("SELECT pg_reload_conf()");
    const auto lets_other_in = [&] {
        try {
            TestConnection(url + " user=other");
            return true;
        } catch (const trashd::Error&) {
            return false;
        }
    };
    for (int i = 0; i < 5000 && !lets_other_in(); ++i) usleep(1000);
    REQUIRE(lets_other_in());
    const Cluster second(directory.path);
    for (int i = 0; i < 5000 && lets_other_in(); ++i) usleep(1000);
    CHECK_FALSE(lets_other_in());
    CHECK(TestConnection(second.url()).value("SELECT 1") == "1");
}

TEST_CASE("a long or odd path gets its socket elsewhere") {
    const Directory directory;
    std::filesystem::permissions(directory.path, std::filesystem::perms(0755));
    Cluster cluster(directory.path + "/it's, a long way " + std::string(60, 'x'), "fsync = off");
    cluster.create_database("Other \"one\"");
    cluster.create_database("Other \"one\"");
    CHECK(TestConnection(cluster.url("Other \"one\"")).value("SELECT current_database()") ==
          "Other \"one\"");
    CHECK(TestConnection(cluster.url()).value("SHOW listen_addresses") == "");
}

TEST_CASE("the server's programs are found") {
    CHECK(std::filesystem::exists(server_programs() + "/pg_ctl"));
}
