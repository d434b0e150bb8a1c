// Bytes of an answer on their way from the database to a client: in memory while they are few, then
// in a temporary file without a name, so that a large answer costs disk and not memory, and neither
// a connection nor a transaction waits for a slow client.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace trashd::service {

class Spool {
  public:
    // in_memory: bytes kept before the file is made.
    explicit Spool(std::size_t in_memory = 1 << 20) : in_memory_(in_memory) {}
    Spool(const Spool&) = delete;
    ~Spool();
    // Throws Error kUnavailable when the temporary folder cannot take more.
    void append(std::string_view bytes);
    std::size_t size() const { return written_ + buffer_.size(); }
    bool on_disk() const { return file_ >= 0; }
    // Fills `into` from the offset on; how many bytes there were, 0 at the end or where the file
    // cannot be read. Not while others append.
    std::size_t read(std::size_t offset, std::span<char> into) const;

  private:
    void write_out(std::string_view bytes);

    std::size_t in_memory_, written_ = 0;  // bytes in the file; those behind them are in buffer_
    std::string buffer_;
    int file_ = -1;
};

}  // namespace trashd::service
