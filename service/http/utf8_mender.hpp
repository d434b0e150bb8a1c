// Texts that are no UTF-8, as databases of the encoding SQL_ASCII hold some: JSON must be UTF-8, so
// they are shown with U+FFFD in place of each byte that is none. In the trash they stay as they
// are.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "service/http/spool.hpp"

namespace trashd::service {

// Text as it comes, in pieces of any length.
class Utf8Mender {
  public:
    // What can be said of the text so far.
    std::string take(std::string_view piece);
    // What is left at its end.
    std::string end();
    // Bytes that were replaced.
    std::size_t mended() const { return mended_; }

  private:
    std::string mend(std::size_t kept);

    std::string held_;  // what may be the beginning of a character
    std::size_t mended_ = 0;
};

// Returns the text itself where it is UTF-8.
std::string legible(std::string text);
std::shared_ptr<Spool> legible(std::shared_ptr<Spool> spool);

}  // namespace trashd::service
