// Threads that are made when there is work for them and end when there has been none for a while.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <vector>

namespace trashd::service {

class Workers {
  public:
    using Job = std::function<void()>;

    explicit Workers(std::size_t most) : most_(most) {}
    Workers(const Workers&) = delete;
    // Waits for all jobs.
    ~Workers();
    // Runs the job as soon as a thread is free. Throws std::system_error when there is no thread
    // and none can be made.
    void submit(Job job);
    // Jobs wait because all threads are busy.
    bool behind();

  private:
    struct Seat {
        std::condition_variable wake;
        Job job;
    };
    void work();
    Job next(std::unique_lock<std::mutex>& lock);

    const std::size_t most_;
    std::mutex mutex_;
    std::condition_variable all_gone_;
    std::vector<Seat*> idle_;  // the one that worked last is asked first: its memory is warm
    std::deque<Job> waiting_;
    std::size_t threads_ = 0;
    bool stopping_ = false;
};

}  // namespace trashd::service
