#include "tests/support/http.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <mutex>

namespace trashd::test {

namespace {

// Starts trashd with both outputs in one pipe; returns its reading end.
int spawn(const std::vector<std::string>& arguments, pid_t& child) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    std::vector<char*> argv;
    std::string program = TRASHD_BINARY;
    argv.push_back(program.data());
    auto copies = arguments;
    for (auto& argument : copies) argv.push_back(argument.data());
    argv.push_back(nullptr);
    child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(ends[1], 1);
        dup2(ends[1], 2);
        execv(program.c_str(), argv.data());
        _exit(127);
    }
    close(ends[1]);
    return ends[0];
}

int wait_for(pid_t child) {
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

ServiceProcess::ServiceProcess(const std::string& database,
                               const std::vector<std::string>& arguments, const std::string& toml) {
    std::string name = "/tmp/trashd-test-XXXXXX";
    close(mkstemp(name.data()));
    config_ = name;
    std::ofstream(config_) << toml << "\n";
    std::vector<std::string> all = {"serve",  "--listen", "127.0.0.1:0", "--database",
                                    database, "--config", config_};
    all.insert(all.end(), arguments.begin(), arguments.end());
    start(all);
}

void ServiceProcess::start(const std::vector<std::string>& arguments) {
    reader_ = std::thread(&ServiceProcess::read_all, this, spawn(arguments, child_));
    const std::string mark = "listening on 127.0.0.1:";
    const auto line_end = [&] {
        const auto at = log_.find(mark);
        return at == std::string::npos ? at : log_.find('\n', at);
    };
    std::unique_lock lock(mutex_);
    written_.wait(lock, [&] { return ended_ || line_end() != std::string::npos; });
    const auto so_far = log_;
    lock.unlock();
    if (so_far.find(mark) == std::string::npos) {
        stop();
        throw std::runtime_error("trashd did not start:\n" + so_far);
    }
    port_ = std::stoi(so_far.substr(so_far.find(mark) + mark.size()));
}

void ServiceProcess::read_all(int output) {
    char buffer[4096];
    for (ssize_t length; (length = read(output, buffer, sizeof buffer)) > 0;) {
        const std::lock_guard lock(mutex_);
        log_.append(buffer, static_cast<std::size_t>(length));
        written_.notify_all();
    }
    close(output);
    const std::lock_guard lock(mutex_);
    ended_ = true;
    written_.notify_all();
}

std::string ServiceProcess::log() {
    const std::lock_guard lock(mutex_);
    return log_;
}

std::string ServiceProcess::log_with(const std::string& text) {
    std::unique_lock lock(mutex_);
    written_.wait(lock, [&] { return ended_ || log_.find(text) != std::string::npos; });
    return log_;
}

int ServiceProcess::stop() {
    if (child_ < 0) return -1;
    ::kill(child_, SIGTERM);
    reader_.join();
    auto status = wait_for(child_);
    child_ = -1;
    return status;
}

void ServiceProcess::kill() {
    ::kill(child_, SIGKILL);
    reader_.join();
    wait_for(child_);
    child_ = -1;
}

ServiceProcess::~ServiceProcess() {
    stop();
    unlink(config_.c_str());
}

Finished run_program(const std::vector<std::string>& arguments) {
    pid_t child = -1;
    int output = spawn(arguments, child);
    Finished finished;
    char buffer[4096];
    for (ssize_t length; (length = read(output, buffer, sizeof buffer)) > 0;)
        finished.output.append(buffer, static_cast<std::size_t>(length));
    close(output);
    finished.status = wait_for(child);
    return finished;
}

std::string Answer::header(const std::string& name) const {
    auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
}

std::string Answer::link(const std::string& relation) const {
    const auto [first, last] = headers.equal_range("Link");
    for (auto one = first; one != last; ++one) {
        const auto& text = one->second;
        if (text.find("rel=\"" + relation + "\"") != std::string::npos)
            return text.substr(1, text.find('>') - 1);
    }
    return "";
}

rapidjson::Document Answer::json() const {
    rapidjson::Document document;
    document.Parse(body.c_str());
    INFO("body: ", body);
    REQUIRE_FALSE(document.HasParseError());
    return document;
}

std::string Answer::code() const {
    if (header("Content-Type") != "application/problem+json") return "";
    auto document = json();
    REQUIRE(document.HasMember("requestId"));
    REQUIRE(document["status"].GetInt() == status);
    REQUIRE(document["type"].GetString() ==
            "/problems/" + std::string(document["code"].GetString()));
    return document["code"].GetString();
}

namespace {

// Each answer as a line of the file that TRASHD_ANSWERS names; what is large is left out.
void record(const std::string& verb, const std::string& address, const Answer& answer) {
    static const char* name = std::getenv("TRASHD_ANSWERS");
    if (!name || answer.body.size() > 100'000) return;
    static std::mutex mutex;
    static std::ofstream file(name);
    rapidjson::StringBuffer buffer;
    rapidjson::Writer out(buffer);
    out.StartObject();
    for (const auto& [key, value] : {std::pair<const char*, std::string>{"verb", verb},
                                     {"address", address},
                                     {"type", answer.header("Content-Type")},
                                     {"body", answer.body}}) {
        out.Key(key);
        out.String(value.data(), static_cast<unsigned>(value.size()));
    }
    out.Key("status");
    out.Int(answer.status);
    out.EndObject();
    const std::lock_guard lock(mutex);
    file << buffer.GetString() << std::endl;
}

}  // namespace

std::vector<std::string> ids(const Answer& answer, const char* member) {
    std::vector<std::string> all;
    const auto json = answer.json();
    REQUIRE(json.IsArray());
    for (const auto& row : json.GetArray())
        all.push_back(row[member].IsInt() ? std::to_string(row[member].GetInt())
                                          : row[member].GetString());
    return all;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

long peak_of(pid_t pid) {
    if (kSanitized) return 0;
    std::ifstream status("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("VmHWM:")) return std::stol(line.substr(6));
    return 0;
}

namespace {

// Every answer of JSON ends with the end of a line, which the tests need not name.
void take_line_end(Answer& answer) {
    if (answer.body.empty() || answer.header("Content-Type").find("json") == std::string::npos)
        return;
    CHECK(answer.body.back() == '\n');
    answer.body.pop_back();
}

}  // namespace

Answer request(int port, const std::string& verb, const std::string& address,
               const httplib::Headers& headers, const std::string& body) {
    httplib::Client client("127.0.0.1", port);
    client.set_url_encode(false);
    client.set_tcp_nodelay(true);
    client.set_read_timeout(60);
    httplib::Request wanted;
    wanted.method = verb;
    wanted.path = address;
    wanted.headers = headers;
    wanted.body = body;
    auto result = client.send(wanted);
    if (!result) throw std::runtime_error("no answer to " + verb + " " + address);
    Answer answer{result->status, result->body, result->headers};
    record(verb, address, answer);
    take_line_end(answer);
    return answer;
}

int connect_to(int port) {
    const int made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(made, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return made;
    close(made);
    throw std::runtime_error("no connection");
}

RawClient::RawClient(int port) : socket_(connect_to(port)) {}

RawClient::~RawClient() {
    close(socket_);
}

void RawClient::send(const std::string& bytes) const {
    for (std::size_t done = 0; done < bytes.size();) {
        auto length = ::send(socket_, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
        if (length < 0) return;
        done += static_cast<std::size_t>(length);
    }
}

void RawClient::end() const {
    shutdown(socket_, SHUT_WR);
}

const std::string& RawClient::receive(const std::string& text) {
    pollfd readable{socket_, POLLIN, 0};
    char buffer[4096];
    while (!closed_ && received_.find(text) == std::string::npos) {
        if (poll(&readable, 1, 30000) <= 0) break;
        auto length = recv(socket_, buffer, sizeof buffer, 0);
        if (length <= 0)
            closed_ = true;
        else
            received_.append(buffer, static_cast<std::size_t>(length));
    }
    return received_;
}

bool RawClient::gone() {
    char buffer[4096];
    ssize_t length = 0;
    while ((length = recv(socket_, buffer, sizeof buffer, MSG_DONTWAIT)) > 0)
        received_.append(buffer, static_cast<std::size_t>(length));
    closed_ = closed_ || length == 0 || errno != EAGAIN;
    return closed_;
}

const std::string& RawClient::receive_all() {
    return receive(std::string(1, '\0') + "never");
}

std::string raw_request(int port, const std::string& bytes) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    std::string text;
    if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
        send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) >= 0) {
        pollfd readable{fd, POLLIN, 0};
        char buffer[4096];
        while (poll(&readable, 1, text.empty() ? 10000 : 200) > 0) {
            auto length = recv(fd, buffer, sizeof buffer, 0);
            if (length <= 0) break;
            text.append(buffer, static_cast<std::size_t>(length));
        }
    }
    close(fd);
    return text;
}

}  // namespace trashd::test
