#include "service/transport/connection_server.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <thread>

#include "service/http/request_head.hpp"

namespace trashd::service {

namespace {

using std::chrono::milliseconds, std::chrono::seconds;

constexpr milliseconds kSweep{250}, kAtOnce{2};
constexpr seconds kLinger{5}, kQueue{5}, kGrace{2};
// For the database, files and the like.
constexpr std::size_t kOtherDescriptors = 256, kOverfull = 32;
constexpr uint32_t kOnce = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT, kOnceOut = EPOLLOUT | EPOLLONESHOT;

// As many as wanted, or as the system lets this process hold.
std::size_t connections_possible(std::size_t wanted) {
    rlimit files{};
    if (getrlimit(RLIMIT_NOFILE, &files) != 0) return wanted;
    const auto needed = std::min<rlim_t>(files.rlim_max, wanted + kOtherDescriptors);
    if (files.rlim_cur < needed) {
        files.rlim_cur = needed;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    const std::size_t most = files.rlim_cur;
    return std::min(wanted, most > 2 * kOtherDescriptors ? most - kOtherDescriptors : most / 2);
}

std::string address_of(const sockaddr_storage& from) {
    char text[INET6_ADDRSTRLEN] = "";
    if (from.ss_family == AF_INET6)
        inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6&>(from).sin6_addr, text,
                  sizeof text);
    else
        inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(from).sin_addr, text, sizeof text);
    return text;
}

// As much arithmetic at once as there are processors: a flood of handshakes keeps no request
// waiting for a thread.
std::size_t greeting_threads() {
    return std::max(1U, std::thread::hardware_concurrency());
}

}  // namespace

ConnectionServer::ConnectionServer(const RequestLimits& limits, std::size_t threads, Serve serve,
                                   const TlsContext* tls)
    : limits_(limits),
      serve_(std::move(serve)),
      tls_(tls),
      events_(epoll_create1(EPOLL_CLOEXEC)),
      wake_(eventfd(0, EFD_CLOEXEC)),
      most_(connections_possible(limits.connections)),
      workers_(threads),
      greeters_(greeting_threads()) {
    if (events_ < 0 || wake_ < 0) throw Error(Code::kUnavailable, "no more files can be opened");
    epoll_event event{kOnce, {.fd = wake_}};
    epoll_ctl(events_, EPOLL_CTL_ADD, wake_, &event);
}

ConnectionServer::~ConnectionServer() {
    close(events_);
    close(wake_);
}

void ConnectionServer::stop() {
    stopping_ = true;
    eventfd_write(wake_, 1);
}

void ConnectionServer::watch(const Connection& connection, int how) const {
    const int socket = connection.wire.socket();
    const bool to_write =
        connection.state_ == State::kWaiting && connection.wire.waits_for() == POLLOUT;
    epoll_event event{to_write ? kOnceOut : kOnce, {.fd = socket}};
    epoll_ctl(events_, how, socket, &event);
}

void ConnectionServer::run(int listener) {
    epoll_event event{EPOLLIN, {.fd = listener}};
    epoll_ctl(events_, EPOLL_CTL_ADD, listener, &event);
    bool ending = false;
    while (!ending || !connections_.empty()) {
        std::array<epoll_event, 128> ready;
        const int wait = connections_.empty() ? -1 : static_cast<int>(kSweep.count());
        const int count = epoll_wait(events_, ready.data(), ready.size(), wait);
        for (int i = 0; i < count; ++i)
            ready[i].data.fd == listener ? accept_all(listener) : on_event(ready[i].data.fd);
        if (stopping_ && !std::exchange(ending, true)) begin_to_end(listener);
        if (Clock::now() >= next_sweep_) sweep();
    }
}

void ConnectionServer::accept_all(int listener) {
    for (int i = 0; i < 64; ++i) {
        sockaddr_storage from{};
        socklen_t size = sizeof from;
        const int socket = accept4(listener, reinterpret_cast<sockaddr*>(&from), &size,
                                   SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (socket < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM))
            std::this_thread::sleep_for(milliseconds(10));
        if (socket < 0) return;
        const int on = 1;
        setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        add(socket, address_of(from));
    }
}

void ConnectionServer::add(int socket, std::string peer) {
    const auto connection = std::make_shared<Connection>(socket, tls_, std::move(peer));
    if (connections_.size() >= most_) make_room();
    if (connections_.size() >= most_ + kOverfull) return;
    connection->until_ =
        Clock::now() + seconds(tls_ ? limits_.header_seconds : limits_.idle_seconds);
    connection->greeted_by_ = connection->until_;
    connections_[socket] = connection;
    watch(*connection, EPOLL_CTL_ADD);
    if (connections_.size() > most_)
        refuse(*connection, Error(Code::kUnavailable, "there are too many connections"));
}

// Of those on which nothing runs the one that has least time left.
void ConnectionServer::make_room() {
    auto oldest = connections_.end();
    for (auto at = connections_.begin(); at != connections_.end(); ++at) {
        std::lock_guard lock(at->second->mutex_);
        const auto state = at->second->state_;
        if (state != State::kWaiting && state != State::kEnding) continue;
        if (oldest == connections_.end() || at->second->until_ < oldest->second->until_)
            oldest = at;
    }
    if (oldest != connections_.end()) connections_.erase(oldest);
}

void ConnectionServer::on_event(int socket) {
    const auto found = connections_.find(socket);
    if (found == connections_.end()) return;
    const auto connection = found->second;
    State state{};
    {
        std::lock_guard lock(connection->mutex_);
        state = connection->state_;
    }
    const auto before = connection->input.size();
    if (state == State::kWaiting && !connection->wire.open()) return queue_greeting(connection);
    if (state == State::kWaiting && receive(*connection)) return look_for_head(connection, before);
    if (state == State::kEnding && discard(*connection)) return watch(*connection, EPOLL_CTL_MOD);
    if (state == State::kWaiting || state == State::kEnding) connections_.erase(found);
}

// False when the client has gone.
bool ConnectionServer::receive(Connection& connection) {
    std::array<char, Transport::kPiece> bytes;
    const auto length = connection.wire.read(bytes.data(), bytes.size());
    if (length <= 0) return length < 0 && connection.wire.waits_for() != 0;
    connection.input.append(bytes.data(), static_cast<std::size_t>(length));
    return true;
}

// As it comes: what it says does not matter any more.
bool ConnectionServer::discard(Connection& connection) {
    std::array<char, 16384> bytes;
    for (int i = 0; i < 64; ++i) {
        const auto length = recv(connection.wire.socket(), bytes.data(), bytes.size(), 0);
        if (length <= 0) return length < 0 && (errno == EAGAIN || errno == EINTR);
    }
    return true;
}

void ConnectionServer::look_for_head(const Shared& connection, std::size_t before) {
    auto& input = connection->input;
    while (input.starts_with("\r\n")) input.erase(0, 2);
    if (!input.empty() && !std::isupper(static_cast<unsigned char>(input[0])))
        return refuse(*connection, Error(Code::kBadRequest, "the request cannot be read as HTTP"));
    const auto length = head_length(input, std::min(before, input.size()));
    if (std::min(length, input.size()) > limits_.header_bytes)
        return refuse(
            *connection,
            Error(Code::kBadRequest, fmt::format("the head of a request may have up to {} bytes",
                                                 limits_.header_bytes)));
    if (length != std::string::npos) return queue(connection);
    if (before == 0 && (!input.empty() || tls_)) {
        const auto end = Clock::now() + seconds(limits_.header_seconds);
        std::lock_guard lock(connection->mutex_);
        // A piece of a TLS record begins a head as well, and the next one does not begin it anew.
        connection->until_ = input.empty() ? std::min(connection->until_, end) : end;
    }
    watch(*connection, EPOLL_CTL_MOD);
}

void ConnectionServer::queue_greeting(const Shared& connection) {
    {
        std::lock_guard lock(connection->mutex_);
        connection->state_ = State::kQueued;
    }
    try {
        greeters_.submit([this, connection] { greet(*connection); });
    } catch (const std::system_error& error) {
        spdlog::error("no thread can be made: {}", error.what());
        connections_.erase(connection->wire.socket());
    }
}

// One step: for what the client still has to send no thread waits.
void ConnectionServer::greet(Connection& connection) {
    {
        std::lock_guard lock(connection.mutex_);
        if (connection.state_ != State::kQueued) return;
        connection.state_ = State::kServed;
    }
    switch (connection.wire.greet()) {
        case Transport::Greeting::kDone:
            return give_back(connection, State::kWaiting,
                             Clock::now() + seconds(limits_.idle_seconds));
        case Transport::Greeting::kGoesOn:
            return give_back(connection, State::kWaiting, connection.greeted_by_);
        case Transport::Greeting::kFailed:
            return give_back(connection, State::kEnding, Clock::now() + kLinger);
        case Transport::Greeting::kPlainHttp:
            return refuse(connection,
                          Error(Code::kBadRequest, "ask for https:// here, this port has TLS"));
    }
}

void ConnectionServer::queue(const Shared& connection) {
    {
        std::lock_guard lock(connection->mutex_);
        connection->state_ = State::kQueued;
        connection->until_ = Clock::now() + kQueue;
    }
    try {
        workers_.submit([this, connection] { work(*connection); });
    } catch (const std::system_error& error) {
        spdlog::error("no thread can be made: {}", error.what());
        refuse(*connection, Error(Code::kUnavailable, "the service is busy; try again"));
    }
}

bool ConnectionServer::serve(Connection& connection) const {
    try {
        return serve_(connection);
    } catch (const std::exception& error) {
        spdlog::error("a connection is given up: {}", error.what());
        return false;
    }
}

// Most clients send their next request as soon as they have the answer: then this thread goes on
// with it, and none has to be woken. What is no whole head is left to the thread that can wait for
// it.
bool ConnectionServer::asks_again(Connection& connection) {
    if (tls_ || !connection.input.empty() || workers_.behind()) return false;
    pollfd ready{connection.wire.socket(), POLLIN, 0};
    if (poll(&ready, 1, static_cast<int>(kAtOnce.count())) <= 0) return false;
    std::array<char, 4096> bytes;
    const auto length = recv(ready.fd, bytes.data(), bytes.size(), MSG_PEEK);
    if (length <= 0 || !std::isupper(static_cast<unsigned char>(bytes[0]))) return false;
    const std::string_view seen(bytes.data(), static_cast<std::size_t>(length));
    return head_length(seen) <= limits_.header_bytes && receive(connection);
}

void ConnectionServer::work(Connection& connection) {
    {
        std::lock_guard lock(connection.mutex_);
        if (connection.state_ != State::kQueued) return;
        connection.state_ = State::kServed;
    }
    do {
        if (!serve(connection) || stopping_)
            return give_back(connection, State::kEnding, Clock::now() + kLinger);
    } while (asks_again(connection));
    const bool idle = connection.input.empty();
    give_back(connection, State::kWaiting,
              Clock::now() + seconds(idle ? limits_.idle_seconds : limits_.header_seconds));
}

// What the client still sends is read for a while: closing over it would take the answer away.
void ConnectionServer::give_back(Connection& connection, State state, Clock::time_point until) {
    std::lock_guard lock(connection.mutex_);
    connection.state_ = state;
    connection.until_ = until;
    if (state == State::kEnding) connection.wire.end();
    watch(connection, EPOLL_CTL_MOD);
}

void ConnectionServer::refuse(Connection& connection, Error error) {
    {
        std::lock_guard lock(connection.mutex_);
        connection.state_ = State::kServed;
    }
    connection.refusal = std::move(error);
    if (connection.wire.open()) serve(connection);
    give_back(connection, State::kEnding, Clock::now() + kLinger);
}

// True when there is nothing more to wait for.
bool ConnectionServer::over(Connection& connection, Clock::time_point now) {
    State state{};
    {
        std::lock_guard lock(connection.mutex_);
        state = connection.state_;
        if (state == State::kServed && now >= cut_off_) shutdown(connection.wire.socket(), SHUT_RD);
        if (state == State::kWaiting && stopping_) return true;
        if (state == State::kEnding && now >= cut_off_) return true;
        if (state == State::kServed || now < connection.until_) return false;
        if (state == State::kQueued) connection.state_ = State::kServed;
    }
    if (state == State::kEnding || connection.input.empty()) return true;
    if (state == State::kQueued)
        refuse(connection, Error(Code::kUnavailable, "the service is busy; try again"));
    else
        refuse(connection, Error(Code::kBadRequest,
                                 fmt::format("the head of the request did not come within {} s",
                                             limits_.header_seconds)));
    return false;
}

void ConnectionServer::sweep() {
    const auto now = Clock::now();
    next_sweep_ = now + kSweep;
    std::erase_if(connections_, [&](const auto& entry) { return over(*entry.second, now); });
}

// A body that is still being sent gets a short time more; what has its body runs to its end.
void ConnectionServer::begin_to_end(int listener) {
    epoll_ctl(events_, EPOLL_CTL_DEL, listener, nullptr);
    shutdown(listener, SHUT_RDWR);
    cut_off_ = Clock::now() + kGrace;
    next_sweep_ = {};
}

}  // namespace trashd::service
