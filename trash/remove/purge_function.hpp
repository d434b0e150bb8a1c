// The function that purges one group, in the trash schema: made by whoever purges first.
#pragma once

#include <mutex>
#include <string>
#include <utility>

namespace trashd::schema {
class Pool;
}

namespace trashd::trash {

class PurgeFunction {
  public:
    explicit PurgeFunction(std::string trash_schema) : trash_schema_(std::move(trash_schema)) {}
    // Its quoted name. Thread-safe.
    std::string name(schema::Pool& pool);
    // There is none of that name any more.
    void forget();

  private:
    std::string trash_schema_;
    std::mutex mutex_;
    std::string name_;
};

}  // namespace trashd::trash
