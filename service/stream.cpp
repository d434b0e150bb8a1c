#include "service/stream.hpp"

#include <poll.h>

#include <algorithm>
#include <cerrno>

namespace trashd::service {

namespace {

constexpr std::size_t kReadBytes = 16384, kLeastRate = 16384;

bool would_block() {
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

// False when the time is over.
bool wait_until(int socket, short what, std::chrono::steady_clock::time_point end) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    pollfd ready{socket, what, 0};
    return poll(&ready, 1, static_cast<int>(left.count())) >= 0 || errno == EINTR;
}

}  // namespace

RequestStream::RequestStream(int socket, const RequestLimits& limits, std::string head,
                             std::string received)
    : socket_(socket),
      write_time_(limits.write_seconds),
      read_by_(Clock::now() + std::chrono::seconds(limits.request_seconds)),
      buffer_(std::move(head) + received) {}

bool RequestStream::fill() {
    buffer_.resize(kReadBytes);
    at_ = 0;
    ssize_t length = -1;
    while (Clock::now() < read_by_) {
        length = recv(socket_, buffer_.data(), buffer_.size(), 0);
        if (length >= 0 || !would_block()) break;
        wait_until(socket_, POLLIN, read_by_);
    }
    buffer_.resize(static_cast<std::size_t>(std::max<ssize_t>(length, 0)));
    return length > 0;
}

ssize_t RequestStream::read(char* into, std::size_t size) {
    if (at_ == buffer_.size() && !fill()) return -1;
    const auto length = std::min(size, buffer_.size() - at_);
    std::copy_n(buffer_.data() + at_, length, into);
    at_ += length;
    return static_cast<ssize_t>(length);
}

// What fits into the system's buffers is written at once and says nothing of the client.
bool RequestStream::wait_to_write() {
    if (stalled_ == Clock::time_point()) {
        progressed_ = stalled_ = Clock::now();
        written_freely_ = written_;
    }
    const auto more = std::chrono::seconds((written_ - written_freely_) / kLeastRate);
    return wait_until(socket_, POLLOUT, std::min(progressed_, stalled_ + more) + write_time_);
}

ssize_t RequestStream::write(const char* bytes, std::size_t size) {
    std::size_t done = 0;
    while (done < size) {
        const auto length = send(socket_, bytes + done, size - done, MSG_NOSIGNAL);
        if (length < 0 && (!would_block() || !wait_to_write())) return -1;
        if (length < 0) continue;
        done += static_cast<std::size_t>(length);
        written_ += static_cast<std::size_t>(length);
        if (stalled_ != Clock::time_point()) progressed_ = Clock::now();
    }
    return static_cast<ssize_t>(size);
}

void RequestStream::get_remote_ip_and_port(std::string& ip, int& port) const {
    ip.clear();
    port = 0;
}

void RequestStream::get_local_ip_and_port(std::string& ip, int& port) const {
    ip.clear();
    port = 0;
}

// The library refuses sockets that select() could not take; it does not wait for this one.
socket_t RequestStream::socket() const {
    return 0;
}

}  // namespace trashd::service
