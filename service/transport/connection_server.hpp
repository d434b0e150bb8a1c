// The connections: one thread holds those that are idle or still send the head of a request,
// however many and however slow; a worker gets one only when a whole head is there. The arithmetic
// of TLS handshakes is done by a few threads of their own.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "schema/error.hpp"
#include "service/transport/transport.hpp"
#include "service/transport/worker_pool.hpp"

namespace trashd::service {

struct RequestLimits;

struct Connection {
    Connection(int socket, const TlsContext* tls, std::string peer)
        : wire(socket, tls), peer(std::move(peer)) {}

    Transport wire;
    const std::string peer;        // the address, from the socket
    std::string input;             // begins with the head to be served
    std::optional<Error> refusal;  // why it cannot be served, where that is known already

  private:
    friend class ConnectionServer;
    enum class State { kWaiting, kQueued, kServed, kEnding };
    std::mutex mutex_;  // of the two; the rest belongs to whom the state says
    State state_ = State::kWaiting;
    std::chrono::steady_clock::time_point until_, greeted_by_;
};

class ConnectionServer {
  public:
    // Answers the requests whose heads are in the input; true when the connection may go on. A head
    // that has come whole stays in the input for a call that only refuses.
    using Serve = std::function<bool(Connection&)>;

    // tls: nullptr for plain HTTP; must outlive this.
    ConnectionServer(const RequestLimits& limits, std::size_t threads, Serve serve,
                     const TlsContext* tls = nullptr);
    ~ConnectionServer();
    // Accepts and serves until stop(); then ends idle connections and finishes what runs.
    void run(int listener);
    // From any thread, also before run().
    void stop();
    bool stopping() const { return stopping_; }

  private:
    using Clock = std::chrono::steady_clock;
    using State = Connection::State;
    using Shared = std::shared_ptr<Connection>;

    void watch(const Connection& connection, int how) const;
    void add(int socket, std::string peer);
    void accept_all(int listener);
    void make_room();
    void on_event(int socket);
    bool receive(Connection& connection);
    bool discard(Connection& connection);
    void look_for_head(const Shared& connection, std::size_t before);
    void queue_greeting(const Shared& connection);
    void greet(Connection& connection);
    void queue(const Shared& connection);
    void refuse(Connection& connection, Error error);
    bool serve(Connection& connection) const;
    void work(Connection& connection);
    bool asks_again(Connection& connection);
    void give_back(Connection& connection, State state, Clock::time_point until);
    bool over(Connection& connection, Clock::time_point now);
    void sweep();
    void begin_to_end(int listener);

    const RequestLimits& limits_;
    const Serve serve_;
    const TlsContext* const tls_;
    int events_, wake_;
    std::size_t most_;
    std::map<int, Shared> connections_;
    Clock::time_point next_sweep_{}, cut_off_ = Clock::time_point::max();
    std::atomic<bool> stopping_{false};
    Workers workers_, greeters_;
};

}  // namespace trashd::service
