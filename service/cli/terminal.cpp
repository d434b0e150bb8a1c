#include "service/cli/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <iostream>
#include <mutex>

#include "service/cli/text_table.hpp"

namespace trashd::service {

namespace {

constexpr const char* kClear = "\r\033[K";

constexpr long long kBar = 30;  // columns

std::string bar(long long done, long long rows) {
    if (rows <= 0) return "";
    const auto full = std::min(kBar, done * kBar / rows);
    return " [" + std::string(static_cast<std::size_t>(full), '#') +
           std::string(static_cast<std::size_t>(kBar - full), ' ') + "] " + std::to_string(done) +
           " of " + std::to_string(rows) + " rows";
}

}  // namespace

bool on_terminal(int descriptor) {
    return isatty(descriptor) == 1;
}

std::size_t terminal_width(int descriptor) {
    winsize size{};
    if (ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    return 80;
}

std::string for_output(const TextTable& table, int descriptor) {
    return on_terminal(descriptor) ? fitted(table, terminal_width(descriptor))
                                   : tab_separated(table);
}

bool confirmed(const std::string& question) {
    std::cerr << question << " [y/N] " << std::flush;
    std::string answer;
    std::getline(std::cin, answer);
    return answer == "y" || answer == "yes";
}

Waiting::Waiting(std::string what, long long rows) : what_(std::move(what)), rows_(rows) {
    if (on_terminal(STDERR_FILENO))
        thread_ = std::jthread([this](const std::stop_token& stop) { show(stop); });
}

void Waiting::show(const std::stop_token& stop) const {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    for (int seconds = 1;; ++seconds) {
        wake.wait_for(lock, stop, std::chrono::seconds(1), [] { return false; });
        if (stop.stop_requested()) {
            if (seconds > 1) std::cerr << kClear << std::flush;
            return;
        }
        std::cerr << kClear << what_ << bar(done_, rows_) << ", " << seconds << " s" << std::flush;
    }
}

Waiting::~Waiting() = default;

}  // namespace trashd::service
