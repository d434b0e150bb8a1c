// Rows on their way into an answer, each in pieces; those of the trash get deletedAt and trashItem.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "service/http/spool.hpp"
#include "trash/model/item.hpp"

namespace trashd::schema {
struct Table;
}

namespace trashd::service {

class Resources;
struct Response;

class RowWriter {
  public:
    // All must outlive it.
    RowWriter(const schema::Table& table, const Resources& resources, Spool& into)
        : table_(table), resources_(resources), into_(into) {}
    // item: of a row that lies in the trash.
    void begin(std::optional<trash::Item> item);
    void piece(std::string_view json);
    void end();

  private:
    const schema::Table& table_;
    const Resources& resources_;
    Spool& into_;
    std::optional<trash::Item> item_;
    std::string held_;  // the last byte of a trashed row, in whose place its members come
    std::size_t bytes_ = 0;
};

// The spool as the body of the reply; what is short needs none.
void give_body(Response& reply, std::shared_ptr<Spool> spool);
// All of it.
std::string text_of(const Spool& spool);

}  // namespace trashd::service
