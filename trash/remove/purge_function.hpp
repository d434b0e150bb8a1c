// The functions that purge one group, and many, in the trash schema: made by whoever purges first.
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
    struct Names {
        std::string one, many;  // quoted
    };
    // Thread-safe.
    Names names(schema::Pool& pool);
    // One of them is not there any more.
    void forget();

  private:
    std::string trash_schema_;
    std::mutex mutex_;
    Names names_;
};

}  // namespace trashd::trash
