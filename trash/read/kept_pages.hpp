// Statements of the pages of the trash that are looked at most: the newest rows of a table. Each is
// prepared, and says itself whether the forms that it was made from are still those of the table.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>

#include "schema/object_name.hpp"

namespace trashd::schema {
class Catalog;
}

namespace trashd::trash {

struct KeptPage {
    std::shared_ptr<const schema::Catalog> catalog;  // that it was made from
    // One row or more of: whether it is still true, and of each row of the page the last values,
    // the item's fields and the JSON. Empty: there can be none.
    std::string sql;
    std::chrono::steady_clock::time_point made = std::chrono::steady_clock::now();
};

struct PageKey {
    schema::Oid table = 0;
    long long limit = 0;
    bool first = true;  // no cursor is given
    auto operator<=>(const PageKey&) const = default;
};

// Thread-safe. A page is forgotten after some seconds: how it is best found depends on how many
// rows there are.
class KeptPages {
  public:
    // Nothing where there is none of this catalog.
    std::shared_ptr<const KeptPage> find(const PageKey& key,
                                         const std::shared_ptr<const schema::Catalog>& catalog);
    void keep(const PageKey& key, std::shared_ptr<const KeptPage> page);
    void forget(const PageKey& key);

  private:
    std::mutex mutex_;
    std::map<PageKey, std::shared_ptr<const KeptPage>> pages_;
};

}  // namespace trashd::trash
