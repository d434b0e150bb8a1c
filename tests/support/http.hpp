// The real program as a child process, and a client for it.
#pragma once

#include <httplib.h>
#include <rapidjson/document.h>
#include <sys/types.h>

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

namespace rapidjson {

// The library's own comparison with a number calls itself without end in C++20: say .GetInt().
template <typename Number>
requires std::is_arithmetic_v<Number>
bool operator==(const Value&, Number) = delete;

}  // namespace rapidjson

namespace trashd::test {

// trashd serve on a port of its own; stopped at the end of the scope.
class ServiceProcess {
  public:
    // Waits until it listens; throws std::runtime_error with its log when it ends before.
    explicit ServiceProcess(const std::string& database,
                            const std::vector<std::string>& arguments = {},
                            const std::string& toml = "");
    ServiceProcess(const ServiceProcess&) = delete;
    ~ServiceProcess();
    int port() const { return port_; }
    pid_t pid() const { return child_; }
    // What it has written so far, to both of its outputs.
    std::string log();
    // Waits until the log holds the text or the process has ended.
    std::string log_with(const std::string& text);
    // SIGTERM; the exit status, or -1 when a signal ended it.
    int stop();
    void kill();  // SIGKILL: no time for anything

  private:
    void start(const std::vector<std::string>& arguments);
    void read_all(int output);

    pid_t child_ = -1;
    int port_ = 0;
    std::string config_;
    std::mutex mutex_;  // of the two below
    std::string log_;
    bool ended_ = false;  // it writes no more
    std::condition_variable written_;
    std::thread reader_;  // reads all the time, for who writes into a full pipe waits
};

// The exit status of trashd with these arguments and what it wrote to both of its outputs.
struct Finished {
    int status = -1;
    std::string output;
};
Finished run_program(const std::vector<std::string>& arguments);

struct Answer {
    int status = 0;
    std::string body;
    httplib::Headers headers;
    std::string header(const std::string& name) const;
    // The address of the Link with the relation; empty where there is none.
    std::string link(const std::string& relation) const;
    // The body parsed; fails the test when it is no JSON.
    rapidjson::Document json() const;
    // The member "code" of a problem body; empty where it is none.
    std::string code() const;
};

// The member of each object of a list, in its order.
std::vector<std::string> ids(const Answer& answer, const char* member = "id");

// The most memory that a process ever had, in KiB; 0 of a build with a sanitizer, which takes
// memory of its own.
long peak_of(pid_t pid);

// One request on a connection of its own; the address goes out as it is.
Answer request(int port, const std::string& verb, const std::string& address,
               const httplib::Headers& headers = {}, const std::string& body = "");
// Bytes as they are; all that comes back until the server closes or is quiet.
std::string raw_request(int port, const std::string& bytes);

// A socket connected to the port; throws std::runtime_error.
int connect_to(int port);

// A connection that sends what and when the test wants.
class RawClient {
  public:
    explicit RawClient(int port);
    RawClient(const RawClient&) = delete;
    ~RawClient();
    void send(const std::string& bytes) const;
    // No more will be sent.
    void end() const;
    // All that has come so far, as soon as the text is in it or the server has closed; waits for at
    // most 30 s.
    const std::string& receive(const std::string& text);
    // The same, until the server has closed.
    const std::string& receive_all();
    bool closed() const { return closed_; }
    // The server has closed, as far as can be said without waiting; takes what came.
    bool gone();

  private:
    int socket_;
    std::string received_;
    bool closed_ = false;
};

}  // namespace trashd::test
