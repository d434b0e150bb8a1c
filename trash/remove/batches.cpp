#include "trash/remove/batches.hpp"

#include <algorithm>
#include <thread>
#include <utility>

#include "schema/error.hpp"
#include "schema/session/transaction.hpp"

namespace trashd::trash {

// The thread that brings it and its leader both hold it: a leader wakes who may be gone by then.
struct Batches::Request {
    enum State : int { kWaits, kLeads, kDone };

    explicit Request(const Values& asked) : values(asked) {}
    void become(State next) {
        state = next;
        state.notify_one();
    }

    const Values& values;  // valid while it waits
    std::optional<Values> answer;
    bool unknown = false;  // whether it was done
    std::atomic<int> state = kWaits;
};

// A batch, whose end comes whatever happens: the next leader is woken first, for the database has
// nothing to do meanwhile, then those that follow.
class Batches::Led {
  public:
    Led(Batches& batches, const std::string& kind) : batches_(batches), kind_(kind) {}
    Led(const Led&) = delete;
    ~Led() {
        batches_.hand_over(kind_);
        for (const auto& request : all) request->become(Request::kDone);
    }

    std::vector<std::shared_ptr<Request>> all;

  private:
    Batches& batches_;
    const std::string& kind_;
};

Batches::Turn::~Turn() {
    if (batches_ != nullptr) batches_->leave(kind_);
}

void Batches::leave(const std::string& kind) {
    const std::lock_guard lock(mutex_);
    const auto line = lines_.find(kind);
    --line->second.alone;
    if (line->second.idle()) lines_.erase(line);
}

// Who leads is not among those that wait.
void Batches::hand_over(const std::string& kind) {
    const std::lock_guard lock(mutex_);
    const auto line = lines_.find(kind);
    auto& waiting = line->second.waiting;
    if (!waiting.empty()) {
        const auto next = std::move(waiting.front());
        waiting.pop_front();
        next->become(Request::kLeads);
        return;
    }
    --line->second.leading;
    if (line->second.idle()) lines_.erase(line);
}

// False: it goes alone.
bool Batches::waits(const std::string& kind, const std::shared_ptr<Request>& request) {
    const std::lock_guard lock(mutex_);
    auto& line = lines_[kind];
    if (line.idle() && limits_.least <= 1) {
        ++line.alone;
        return false;
    }
    if (line.leading < limits_.leaders) {
        ++line.leading;
        request->state = Request::kLeads;
    } else {
        line.waiting.push_back(request);
    }
    return true;
}

void Batches::gather(const std::string& kind, std::vector<std::shared_ptr<Request>>& batch) {
    using std::chrono::steady_clock;
    const auto until = steady_clock::now() + limits_.patience;
    for (;;) {
        {
            const std::lock_guard lock(mutex_);
            auto& waiting = lines_.at(kind).waiting;
            while (!waiting.empty() && batch.size() < limits_.most) {
                batch.push_back(std::move(waiting.front()));
                waiting.pop_front();
            }
        }
        if (batch.size() >= limits_.least || steady_clock::now() >= until) return;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
}

void Batches::lead(const std::string& kind, const std::shared_ptr<Request>& first,
                   const Work& work) {
    Led led(*this, kind);
    try {
        led.all.reserve(limits_.most);
        led.all.push_back(first);
        gather(kind, led.all);
        Asked asked;
        for (const auto& request : led.all) asked.push_back(&request->values);
        auto answers = work(asked);
        for (std::size_t i = 0; i < led.all.size(); ++i)
            led.all[i]->answer = std::move(answers.at(i));
    } catch (const schema::OutcomeUnknown&) {
        for (const auto& request : led.all) request->unknown = true;
    } catch (const Error&) {  // each finds out by itself what it means
    } catch (...) {
        for (const auto& request : led.all) request->unknown = true;
    }
}

std::vector<std::string> Batches::arrays_of(const Asked& asked) {
    std::vector<std::string> arrays;
    for (std::size_t column = 0; column < asked.front()->size(); ++column) {
        Values values;
        for (const auto* one : asked) values.push_back(one->at(column));
        arrays.push_back(schema::array_literal(values));
    }
    return arrays;
}

Batches::Turn Batches::join(const std::string& kind, const Values& values, const Work& work) {
    if (limits_.most <= 1 || kind.empty()) return Turn(std::nullopt);
    const auto request = std::make_shared<Request>(values);
    if (!waits(kind, request)) return {*this, kind};
    request->state.wait(Request::kWaits);
    if (request->state == Request::kLeads) lead(kind, request, work);
    if (request->unknown) throw schema::OutcomeUnknown();
    return Turn(std::move(request->answer));
}

}  // namespace trashd::trash
