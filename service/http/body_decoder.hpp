// The bytes of a request's body out of those of the connection. Read strictly: of chunks that two
// readers could understand differently none is taken, or one request hides behind another.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace trashd::service {

struct Head;

class BodyDecoder {
  public:
    // most: bytes that the body may have.
    BodyDecoder(const Head& head, std::size_t most);
    // How many of the bytes belong to the body; what is behind them is the next request. Throws
    // Error kBadRequest, kPayloadTooLarge.
    std::size_t take(std::string_view bytes);
    bool done() const { return part_ == Part::kDone; }
    // What has been sent, once all of it is there.
    std::string& text() { return text_; }

  private:
    enum class Part { kPlain, kSize, kData, kDataEnd, kTrailer, kDone };

    std::size_t take_data(std::string_view bytes);
    std::size_t take_line(std::string_view bytes);
    void end_line();
    void begin_chunk();

    const std::size_t most_;
    Part part_;
    std::size_t left_ = 0;      // of the body or of the chunk
    std::size_t trailers_ = 0;  // bytes
    std::string line_, text_;
};

}  // namespace trashd::service
