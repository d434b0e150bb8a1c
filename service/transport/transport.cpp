// After a call that moved nothing waits_for() says what poll() is to wait for; 0: the connection
// has failed. TLS may have to read in order to write, and the other way round.
#include "service/transport/transport.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <climits>

namespace trashd::service {

namespace {

int length_for_tls(std::size_t size) {
    return static_cast<int>(std::min<std::size_t>(size, INT_MAX));
}

bool begins_like_http(int socket) {
    unsigned char first = 0;
    return recv(socket, &first, 1, MSG_PEEK) == 1 && std::isupper(first);
}

}  // namespace

Transport::~Transport() {
    say_goodbye();
    close(socket_);
}

// Nothing is sent on a session that failed: the library forbids it.
void Transport::say_goodbye() {
    if (!greeted_ || waits_for_ == 0 || SSL_get_shutdown(session_.get()) & SSL_SENT_SHUTDOWN)
        return;
    ERR_clear_error();
    SSL_shutdown(session_.get());
}

void Transport::end() {
    say_goodbye();
    shutdown(socket_, SHUT_WR);
}

ssize_t Transport::outcome(ssize_t result) {
    const bool again = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
    waits_for_ = result >= 0 || again ? POLLIN : 0;
    return result;
}

ssize_t Transport::tls_outcome(int result) {
    const auto error = SSL_get_error(session_.get(), result);
    const bool fine = error == SSL_ERROR_NONE || error == SSL_ERROR_ZERO_RETURN;
    waits_for_ = fine || error == SSL_ERROR_WANT_READ ? POLLIN
                 : error == SSL_ERROR_WANT_WRITE      ? POLLOUT
                                                      : 0;
    return error == SSL_ERROR_ZERO_RETURN ? 0 : result > 0 ? result : -1;
}

Transport::Greeting Transport::greet() {
    if (!session_ && begins_like_http(socket_)) {
        tls_ = nullptr;
        return Greeting::kPlainHttp;
    }
    if (!session_) session_ = tls_->session(socket_);
    if (!session_) return Greeting::kFailed;
    ERR_clear_error();
    const int result = SSL_do_handshake(session_.get());
    greeted_ = result == 1;
    tls_outcome(result);
    if (greeted_) return Greeting::kDone;
    return waits_for_ != 0 ? Greeting::kGoesOn : Greeting::kFailed;
}

ssize_t Transport::read(char* into, std::size_t size) {
    if (!tls_) return outcome(recv(socket_, into, size, 0));
    ERR_clear_error();
    return tls_outcome(SSL_read(session_.get(), into, length_for_tls(size)));
}

ssize_t Transport::write(const char* bytes, std::size_t size) {
    if (tls_) {
        ERR_clear_error();
        return tls_outcome(SSL_write(session_.get(), bytes, length_for_tls(size)));
    }
    const auto length = outcome(send(socket_, bytes, size, MSG_NOSIGNAL));
    if (length < 0 && waits_for_ != 0) waits_for_ = POLLOUT;
    return length;
}

}  // namespace trashd::service
