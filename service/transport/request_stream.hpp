// A connection as the HTTP library reads and writes it while one request is served, with an end to
// every wait (docs/decisions/library-writes-answers.md).
#pragma once

#include <httplib.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace trashd::service {

struct RequestLimits;
class Transport;

class RequestStream : public httplib::Stream {
  public:
    using Clock = std::chrono::steady_clock;

    // head: what the library is given to read as the head of the request; received: what came from
    // the client behind its head.
    RequestStream(Transport& wire, const RequestLimits& limits, std::string head,
                  const std::string& received);
    // What was received and not read: the beginning of the next request.
    std::string rest() const { return buffer_.substr(at_); }
    std::size_t written() const { return written_; }
    // The time for the body is over.
    bool late() const { return Clock::now() >= read_by_; }
    // What has come and has not been read. more: waits for some where there is none; empty then:
    // none will come.
    std::string_view ahead(bool more);
    void skip(std::size_t length) { at_ += length; }
    // From any thread: it waits no longer for what is to be read.
    void let_go() { let_go_ = true; }

    bool is_readable() const override { return true; }
    bool is_writable() const override { return true; }
    // The body must come within request_seconds, and be not much longer than it may be: chunks have
    // heads.
    ssize_t read(char* into, std::size_t size) override;
    // Holds what is short until flush(), so that a head and its body are one packet and wake the
    // client once. The client must take something every write_seconds and, from when it first keeps
    // it waiting, 16 KiB in a second, with write_seconds more in all.
    ssize_t write(const char* bytes, std::size_t size) override;
    // Sends what is held; false: the client has gone, or takes too long.
    bool flush();
    void get_remote_ip_and_port(std::string& ip, int& port) const override;
    void get_local_ip_and_port(std::string& ip, int& port) const override;
    socket_t socket() const override;

  private:
    bool fill();
    bool wait_to_write();

    Transport& wire_;
    std::chrono::seconds write_time_;
    Clock::time_point read_by_, stalled_{}, progressed_{};
    std::atomic<bool> let_go_ = false;
    std::string buffer_, held_;
    std::size_t at_ = 0, left_, written_ = 0, written_freely_ = 0;
};

}  // namespace trashd::service
