// The last byte of a row is held back, the brace that closes it: before it the members are written
// that a row of the trash has beside its columns.
#include "service/api/row_stream.hpp"

#include <span>

#include "schema/error.hpp"
#include "schema/session/pool.hpp"
#include "service/api/json.hpp"
#include "service/api/response.hpp"
#include "service/http/client_address.hpp"

namespace trashd::service {

namespace {

constexpr std::size_t kShort = 1 << 16;
constexpr std::size_t kEmpty = 2;  // {}

}  // namespace

void RowWriter::begin(std::optional<trash::Item> item) {
    item_ = std::move(item);
    held_.clear();
    bytes_ = 0;
}

void RowWriter::piece(std::string_view json) {
    if (!item_) return into_.append(json);
    if (json.empty()) return;
    into_.append(held_);
    into_.append(json.substr(0, json.size() - 1));
    held_ = json.back();
    bytes_ += json.size();
}

void RowWriter::end() {
    if (item_) into_.append(end_of_trashed_row(bytes_ <= kEmpty, *item_, table_, resources_));
    item_.reset();
}

std::string text_of(const Spool& spool) {
    std::string text(spool.size(), '\0');
    for (std::size_t at = 0; at < text.size();) {
        const auto got = spool.read(at, std::span(text).subspan(at));
        if (got == 0) throw Error(Code::kUnavailable, "the answer cannot be read; try again");
        at += got;
    }
    return text;
}

void give_body(Response& reply, std::shared_ptr<Spool> spool) {
    if (spool->size() <= kShort)
        reply.body = text_of(*spool);
    else
        reply.spool = std::move(spool);
}

}  // namespace trashd::service
