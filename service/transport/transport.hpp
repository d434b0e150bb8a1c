// The bytes of one connection, plain or through TLS. Nothing here waits: the socket does not block.
#pragma once

#include <poll.h>
#include <sys/types.h>

#include <cstddef>

#include "service/transport/tls.hpp"

namespace trashd::service {

class Transport {
  public:
    // What read() should be given room for: of a whole TLS record nothing stays behind unseen.
    static constexpr std::size_t kPiece = 16384;
    enum class Greeting { kDone, kGoesOn, kFailed, kPlainHttp };

    // Takes the socket. tls: nullptr for plain bytes; must outlive this.
    explicit Transport(int socket, const TlsContext* tls = nullptr) : socket_(socket), tls_(tls) {}
    Transport(const Transport&) = delete;
    ~Transport();

    int socket() const { return socket_; }
    // False while a TLS handshake is still to be done.
    bool open() const { return !tls_ || greeted_; }
    // As much of the handshake as the client has sent. After kPlainHttp the wire is a plain one.
    Greeting greet();
    // How many bytes; 0 at the end; -1 where there are none now, or no more: see waits_for().
    ssize_t read(char* into, std::size_t size);
    // How many bytes were taken, or -1 likewise.
    ssize_t write(const char* bytes, std::size_t size);
    // What to poll for before the next call; 0: the connection is broken.
    short waits_for() const { return waits_for_; }
    // No more will be written.
    void end();

  private:
    ssize_t outcome(ssize_t result);
    ssize_t tls_outcome(int result);
    void say_goodbye();

    const int socket_;
    const TlsContext* tls_;
    TlsSession session_;  // from the first byte on: silent clients cost no memory
    bool greeted_ = false;
    short waits_for_ = POLLIN;
};

}  // namespace trashd::service
