// What is done with a catalog that was read before its tables changed: the errors that come of it
// are told from others, and the work is tried again with one that is read anew.
#pragma once

#include <chrono>

#include "schema/error.hpp"

namespace trashd::schema {

// A statement names a schema, table, column, function or type that is not there.
bool names_nothing(const Error& error);

// A statement, or the function of a plan, was made from a catalog that is no more. False where
// something else has been made of the error already, such as a trigger's refusal.
bool is_stale(const Error& error);

// How often one request is tried, and for how long. Where tables are altered all the time a reading
// of the catalog is often old when it is there.
class Attempts {
  public:
    explicit Attempts(int most = 10) : most_(most) {}
    // The first is not, however long it has waited for who alters a table.
    bool last() const { return count_ >= most_ || (count_ > 1 && Clock::now() > end_); }
    void next() { ++count_; }
    // To be asked once for each error that speaks of a changed catalog though it is the same.
    bool unexplained_twice() { return ++unexplained_ > 1; }

  private:
    using Clock = std::chrono::steady_clock;
    static constexpr std::chrono::seconds kLongest{10};

    int most_, count_ = 1, unexplained_ = 0;
    Clock::time_point end_ = Clock::now() + kLongest;
};

// Calls work() until it returns, and gives what it gave. Each Error goes to recover(error,
// attempts), which has read anew what was old when it returns, and throws where that is no help.
template <typename Work, typename Recover>
auto retry(Attempts attempts, Work work, Recover recover) {
    for (;; attempts.next()) {
        try {
            return work();
        } catch (const Error& error) {
            recover(error, attempts);
        }
    }
}

}  // namespace trashd::schema
