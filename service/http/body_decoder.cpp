#include "service/http/body_decoder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "schema/error.hpp"
#include "service/http/request_head.hpp"

namespace trashd::service {

namespace {

constexpr std::size_t kLongestLine = 1024, kMostTrailers = 8192;
constexpr std::size_t kMostDigits = 16;

[[noreturn]] void bad_chunk() {
    throw Error(Code::kBadRequest,
                "the chunks of the body cannot be read; each begins with its size in hexadecimal "
                "digits alone");
}

// Digits, and behind a semicolon extensions, which mean nothing here.
std::size_t chunk_size(std::string_view line) {
    const auto digits = line.substr(0, line.find(';'));
    std::size_t size = 0;
    const char* end = digits.data() + digits.size();
    const auto [stop, fault] = std::from_chars(digits.data(), end, size, 16);
    const bool whole = !digits.empty() && fault == std::errc() && stop == end;
    if (!whole || digits.size() > kMostDigits) bad_chunk();
    return size;
}

}  // namespace

BodyDecoder::BodyDecoder(const Head& head, std::size_t most)
    : most_(most), part_(head.chunked ? Part::kSize : Part::kPlain), left_(head.body_bytes) {
    if (!head.chunked && left_ == 0) part_ = Part::kDone;
}

std::size_t BodyDecoder::take(std::string_view bytes) {
    std::size_t taken = 0;
    while (taken < bytes.size() && !done()) {
        const auto rest = bytes.substr(taken);
        const bool data = part_ == Part::kPlain || part_ == Part::kData;
        taken += data ? take_data(rest) : take_line(rest);
    }
    return taken;
}

std::size_t BodyDecoder::take_data(std::string_view bytes) {
    const auto length = std::min(bytes.size(), left_);
    text_ += bytes.substr(0, length);
    left_ -= length;
    if (left_ == 0) part_ = part_ == Part::kPlain ? Part::kDone : Part::kDataEnd;
    return length;
}

// Lines end in CR and LF; neither stands alone.
std::size_t BodyDecoder::take_line(std::string_view bytes) {
    const auto end = bytes.find('\n');
    const auto length = end == bytes.npos ? bytes.size() : end + 1;
    line_ += bytes.substr(0, length);
    if (line_.size() > kLongestLine) bad_chunk();
    if (end != bytes.npos) end_line();
    return length;
}

void BodyDecoder::end_line() {
    const auto line = std::exchange(line_, "");
    const bool ended = line.ends_with("\r\n");
    const auto text = std::string_view(line).substr(0, line.size() - (ended ? 2 : 1));
    if (!ended || has_control(text)) bad_chunk();
    if (part_ == Part::kSize) {
        left_ = chunk_size(text);
        return begin_chunk();
    }
    if (part_ == Part::kDataEnd) {
        if (!text.empty()) bad_chunk();
        part_ = Part::kSize;
        return;
    }
    trailers_ += line.size();
    if (text.empty())
        part_ = Part::kDone;
    else if (!is_header(text) || trailers_ > kMostTrailers)
        bad_chunk();
}

void BodyDecoder::begin_chunk() {
    part_ = left_ == 0 ? Part::kTrailer : Part::kData;
    if (left_ > most_ - text_.size())
        throw Error(Code::kPayloadTooLarge, fmt::format("the body may have up to {} bytes", most_));
}

}  // namespace trashd::service
