// What the command line knows of the terminal it runs on, if it does.
#pragma once

#include <atomic>
#include <cstddef>
#include <string>
#include <thread>

namespace trashd::service {

struct TextTable;

bool on_terminal(int descriptor);
// Columns of the terminal; 80 where that is none.
std::size_t terminal_width(int descriptor);
// The table as standard output or standard error wants it.
std::string for_output(const TextTable& table, int descriptor);
// Asks on the terminal; true for y and yes only.
bool confirmed(const std::string& question);

// Says on standard error what runs and for how long, while it lives, with a bar where it is known
// how many rows there are; nothing where that is no terminal, and nothing within the first second.
class Waiting {
  public:
    explicit Waiting(std::string what, long long rows = 0);
    Waiting(const Waiting&) = delete;
    ~Waiting();
    void add(long long rows) { done_ += rows; }

  private:
    void show(const std::stop_token& stop) const;

    const std::string what_;
    const long long rows_;
    std::atomic<long long> done_ = 0;
    std::jthread thread_;
};

}  // namespace trashd::service
