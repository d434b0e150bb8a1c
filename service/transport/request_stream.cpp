#include "service/transport/request_stream.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "service/http/limits.hpp"
#include "service/transport/transport.hpp"

namespace trashd::service {

namespace {

constexpr std::size_t kLeastRate = 16384;
constexpr std::size_t kChunkHeads = 65536;  // bytes beside a body, at least
constexpr std::size_t kHeld = 65536;        // bytes that are worth a packet of their own
constexpr std::chrono::milliseconds kLook{50};

// False when the time is over.
bool wait_until(const Transport& wire, std::chrono::steady_clock::time_point end) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    pollfd ready{wire.socket(), wire.waits_for(), 0};
    return poll(&ready, 1, static_cast<int>(left.count())) >= 0 || errno == EINTR;
}

}  // namespace

RequestStream::RequestStream(Transport& wire, const RequestLimits& limits, std::string head,
                             const std::string& received)
    : wire_(wire),
      write_time_(limits.write_seconds),
      read_by_(Clock::now() + std::chrono::seconds(limits.request_seconds)),
      buffer_(std::move(head) + received),
      left_(2 * limits.body_bytes + kChunkHeads) {}

bool RequestStream::fill() {
    buffer_.resize(Transport::kPiece);
    at_ = 0;
    ssize_t length = -1;
    while (Clock::now() < read_by_) {
        length = wire_.read(buffer_.data(), buffer_.size());
        if (length >= 0 || wire_.waits_for() == 0) break;
        if (let_go_) break;
        wait_until(wire_, std::min(read_by_, Clock::now() + kLook));
    }
    const auto got = static_cast<std::size_t>(std::max<ssize_t>(length, 0));
    const bool fits = got <= left_;
    left_ -= fits ? got : left_;
    buffer_.resize(fits ? got : 0);
    return got > 0 && fits;
}

std::string_view RequestStream::ahead(bool more) {
    if (more && at_ == buffer_.size()) fill();
    return std::string_view(buffer_).substr(at_);
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
    return wait_until(wire_, std::min(progressed_, stalled_ + more) + write_time_);
}

ssize_t RequestStream::write(const char* bytes, std::size_t size) {
    held_.append(bytes, size);
    if (held_.size() >= kHeld && !flush()) return -1;
    return static_cast<ssize_t>(size);
}

bool RequestStream::flush() {
    const auto bytes = std::exchange(held_, {});
    std::size_t done = 0;
    while (done < bytes.size()) {
        const auto length = wire_.write(bytes.data() + done, bytes.size() - done);
        if (length <= 0 && (wire_.waits_for() == 0 || !wait_to_write())) return false;
        if (length <= 0) continue;
        done += static_cast<std::size_t>(length);
        written_ += static_cast<std::size_t>(length);
        if (stalled_ != Clock::time_point()) progressed_ = Clock::now();
    }
    return true;
}

void RequestStream::get_remote_ip_and_port(std::string& ip, int& port) const {
    ip.clear();
    port = 0;
}

void RequestStream::get_local_ip_and_port(std::string& ip, int& port) const {
    ip.clear();
    port = 0;
}

// One that the library takes, whatever the number (docs/decisions/library-writes-answers.md).
socket_t RequestStream::socket() const {
    return 0;
}

}  // namespace trashd::service
