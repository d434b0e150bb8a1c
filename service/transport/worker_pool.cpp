// The thread that became idle last gets the next job, so that the others have none for a while and
// end.
#include "service/transport/worker_pool.hpp"

#include <algorithm>
#include <chrono>
#include <system_error>
#include <thread>

namespace trashd::service {

namespace {

constexpr std::chrono::seconds kIdle{10};

}  // namespace

Workers::~Workers() {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    for (auto* seat : idle_) seat->wake.notify_one();
    all_gone_.wait(lock, [this] { return threads_ == 0; });
}

void Workers::submit(Job job) {
    std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
        auto* seat = idle_.back();
        idle_.pop_back();
        seat->job = std::move(job);
        return seat->wake.notify_one();
    }
    waiting_.push_back(std::move(job));
    if (threads_ >= most_) return;
    try {
        std::thread([this] { work(); }).detach();
        ++threads_;
    } catch (const std::system_error&) {
        if (threads_ == 0) throw;
    }
}

bool Workers::behind() {
    std::lock_guard lock(mutex_);
    return !waiting_.empty();
}

// A job that waits, or one that comes within a while; none when there is none.
Workers::Job Workers::next(std::unique_lock<std::mutex>& lock) {
    if (!waiting_.empty()) {
        auto job = std::move(waiting_.front());
        waiting_.pop_front();
        return job;
    }
    if (stopping_) return {};
    Seat seat;
    idle_.push_back(&seat);
    seat.wake.wait_for(lock, kIdle, [&] { return seat.job || stopping_; });
    std::erase(idle_, &seat);
    return std::move(seat.job);
}

void Workers::work() {
    std::unique_lock lock(mutex_);
    while (auto job = next(lock)) {
        lock.unlock();
        job();
        job = nullptr;
        lock.lock();
    }
    if (--threads_ == 0) all_gone_.notify_all();  // while locked: who waits may destroy it then
}

}  // namespace trashd::service
