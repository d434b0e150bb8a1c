// What is said where the database cannot be reached: at the start, by commands, and later in the
// log.
#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "schema/session/cluster.hpp"
#include "tests/support/access.hpp"
#include "tests/support/database.hpp"
#include "tests/support/http.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

// A server that asks for passwords, on an address of the loopback that no other test uses.
class PasswordServer {
  public:
    PasswordServer() {
        cluster_->create_database("shop");
        TestConnection(cluster_->url("shop"))
            ->script(
                "SET password_encryption = 'scram-sha-256'; CREATE ROLE clerk LOGIN PASSWORD "
                "'geheim+wort'; GRANT CREATE ON DATABASE shop TO clerk; CREATE TABLE a (id int "
                "PRIMARY KEY)");
        let_in(*cluster_, directory_,
               "local all postgres trust\nhost all all 127.0.0.0/8 scram-sha-256\n");
    }
    PasswordServer(const PasswordServer&) = delete;
    ~PasswordServer() {
        cluster_.reset();
        std::filesystem::remove_all(directory_);
    }
    const std::string& host() const { return host_; }
    std::string url(const std::string& role_and_password, const std::string& more = "/shop") const {
        return "postgresql://" + role_and_password + "@" + host_ + more;
    }
    void stop() { cluster_->stop(); }
    void start() { cluster_->start(); }

  private:
    const std::string directory_ = temporary_directory();
    const std::string host_ = "127.86." + std::to_string(getpid() / 250 % 250 + 1) + "." +
                              std::to_string(getpid() % 250 + 1);
    std::unique_ptr<schema::Cluster> cluster_ =
        std::make_unique<schema::Cluster>(directory_, "listen_addresses = '" + host_ + "'");
};

// What serve and a command say to the URL; both must be the same, and nothing more.
std::string said_about(const std::string& url) {
    const auto served = run_program({"serve", "--listen", "127.0.0.1:0", "--database", url});
    CHECK(served.status == 5);
    const auto listed = run_program({"trash", "list", "--database", url});
    CHECK(listed.status == 5);
    const auto said = listed.output.substr(std::string("trashd: ").size());
    CHECK(served.output.ends_with("] " + said));
    CHECK(said.find("geheim") == said.npos);
    return said;
}

}  // namespace

TEST_CASE("what keeps the service from its database is said in libpq's own words") {
    // "the database cannot be reached; try again later" was all, whatever the cause
    PasswordServer server;
    const std::string intro = "the database cannot be reached: connection to server at \"" +
                              server.host() + "\", port 5432 failed: ";
    CHECK(said_about(server.url("clerk:geheim")) ==
          intro + "FATAL: password authentication failed for user \"clerk\"\n");
    CHECK(said_about(server.url("clerk")) == intro + "fe_sendauth: no password supplied\n");
    CHECK(said_about(server.url("clerk:geheim+wort", "/shpo")) ==
          intro + "FATAL: database \"shpo\" does not exist\n");
    CHECK(said_about(server.url("clerk:geheim+wort", "/shop?sslmode=require")) ==
          intro + "server does not support SSL, but SSL was required\n");
    CHECK(said_about("postgresql://clerk:geheim@127.0.0.1:1/shop") ==
          "the database cannot be reached: connection to server at \"127.0.0.1\", port 1 failed: "
          "Connection refused; Is the server running on that host and accepting TCP/IP "
          "connections?\n");
    CHECK(said_about("postgresql://clerk:geheim@no-such-host.invalid/shop")
              .starts_with("the database cannot be reached: could not translate host name "
                           "\"no-such-host.invalid\" to address: "));
}

TEST_CASE("a password that is not encoded is no part of a message") {
    // libpq took the rest of it for the host, and named that
    for (const auto* url : {"postgresql://clerk:sein@geheim@127.0.0.1:1/shop",
                            "postgresql://clerk:12/geheim@127.0.0.1:1/shop",
                            "host=127.0.0.1 port=1 password=mein geheim"}) {
        CAPTURE(url);
        CHECK(said_about(url) ==
              "the database URL is not valid; give a libpq connection string, or a URI with the "
              "password percent-encoded: @ as %40, / as %2F, ? as %3F, # as %23\n");
    }
}

TEST_CASE("a service that loses its database says why, to the log alone") {
    PasswordServer server;
    ServiceProcess service(server.url("clerk:geheim+wort"));
    server.stop();
    const auto answer = request(service.port(), "GET", "/v1/a");
    CHECK(answer.status == 503);
    CHECK(answer.body.find("the database cannot be reached; try again later") != answer.body.npos);
    const std::string refused =
        "the catalog cannot be read: the database cannot be reached: connection to server at \"" +
        server.host() + "\", port 5432 failed: Connection refused";
    CHECK(service.log_with(refused).find(refused) != std::string::npos);
    CHECK(service.log().find("geheim") == std::string::npos);
    server.start();
}

TEST_CASE("serve waits for its database as long as it is told to") {
    // it ended with status 1 when both were started together
    PasswordServer server;
    server.stop();
    const auto url = server.url("clerk:geheim+wort");
    const auto given_up =
        run_program({"serve", "--listen", "127.0.0.1:0", "--database", url, "--wait", "1"});
    CHECK(given_up.status == 5);
    CHECK(given_up.output.find("; waiting for it") != std::string::npos);
    std::jthread starter([&] {
        std::this_thread::sleep_for(std::chrono::seconds(1));
        server.start();
    });
    ServiceProcess service(url, {"--wait", "60"});
    CHECK(request(service.port(), "GET", "/readyz").status == 200);
}
