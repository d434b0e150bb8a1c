// A long answer is looked through before it is copied: most have nothing to mend and stay as they
// are.
#include "service/http/utf8_mender.hpp"

#include <array>

#include "schema/error.hpp"
#include "service/http/utf8.hpp"

namespace trashd::service {

namespace {

constexpr std::size_t kLongest = 4;  // bytes of a character
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

template <class Take>
void each_piece(const Spool& spool, const Take& take) {
    std::array<char, 1 << 16> piece;
    for (std::size_t done = 0; done < spool.size();) {
        const auto got = spool.read(done, piece);
        if (got == 0) throw Error(Code::kUnavailable, "the answer cannot be read; try again");
        done += got;
        take(std::string_view(piece.data(), got));
    }
}

}  // namespace

std::string Utf8Mender::take(std::string_view piece) {
    held_ += piece;
    return mend(kLongest - 1);
}

std::string Utf8Mender::end() {
    return mend(0);
}

// Leaves up to so many bytes, with which a character may begin.
std::string Utf8Mender::mend(std::size_t kept) {
    std::string out;
    std::string_view rest = held_;
    for (;;) {
        const auto good = utf8_prefix(rest);
        out += rest.substr(0, good);
        rest.remove_prefix(good);
        if (rest.size() <= kept) break;
        out += kReplacement;
        ++mended_;
        rest.remove_prefix(1);
    }
    held_ = std::string(rest);
    return out;
}

std::string legible(std::string text) {
    if (utf8_prefix(text) == text.size()) return text;
    Utf8Mender mender;
    auto out = mender.take(text);
    return out + mender.end();
}

std::shared_ptr<Spool> legible(std::shared_ptr<Spool> spool) {
    Utf8Mender look;
    each_piece(*spool, [&](std::string_view piece) { look.take(piece); });
    look.end();
    if (look.mended() == 0) return spool;
    auto into = std::make_shared<Spool>();
    Utf8Mender mender;
    each_piece(*spool, [&](std::string_view piece) { into->append(mender.take(piece)); });
    into->append(mender.end());
    return into;
}

}  // namespace trashd::service
