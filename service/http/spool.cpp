#include "service/http/spool.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "schema/error.hpp"

namespace trashd::service {

namespace {

[[noreturn]] void no_room() {
    throw Error(Code::kUnavailable,
                "the temporary folder cannot take so large an answer; ask for fewer rows with "
                "limit, or for fewer columns with select");
}

int nameless_file() {
    std::error_code missing;
    const auto folder = std::filesystem::temp_directory_path(missing);
    if (missing) no_room();
    std::string name = (folder / "trashd-XXXXXX").string();
    const int file = mkostemp(name.data(), O_CLOEXEC);
    if (file < 0) no_room();
    unlink(name.c_str());
    return file;
}

}  // namespace

Spool::~Spool() {
    if (file_ >= 0) close(file_);
}

void Spool::append(std::string_view bytes) {
    if (buffer_.size() + bytes.size() <= in_memory_) {
        buffer_ += bytes;
        return;
    }
    if (file_ < 0) file_ = nameless_file();
    write_out(buffer_);
    buffer_.clear();
    write_out(bytes);
}

void Spool::write_out(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto length = write(file_, bytes.data(), bytes.size());
        if (length < 0 && errno == EINTR) continue;
        if (length <= 0) no_room();
        written_ += static_cast<std::size_t>(length);
        bytes.remove_prefix(static_cast<std::size_t>(length));
    }
}

std::size_t Spool::read(std::size_t offset, std::span<char> into) const {
    if (offset >= written_) {
        if (offset >= size()) return 0;
        return buffer_.copy(into.data(), into.size(), offset - written_);
    }
    const auto wanted = std::min(into.size(), written_ - offset);
    const auto length = pread(file_, into.data(), wanted, static_cast<off_t>(offset));
    return length < 0 ? 0 : static_cast<std::size_t>(length);
}

}  // namespace trashd::service
