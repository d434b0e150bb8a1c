// Requests of one kind that come at the same time share one statement and one commit. Who finds
// nobody of its kind under way goes alone at once; who finds others leads all that wait, as soon as
// no other leads; the rest follow their leader. Nobody waits for a time to pass.
// docs/decisions/batches.md says why that is right.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "schema/session/result.hpp"

namespace trashd::trash {

// least and patience are for tests: a leader waits until so many are there, or for so long. Nobody
// goes alone then.
struct BatchLimits {
    std::size_t most = 64;    // requests in one batch; 1: none is shared
    std::size_t leaders = 1;  // batches of a kind at the same time
    std::size_t least = 1;
    std::chrono::milliseconds patience{0};
};

// Thread-safe.
class Batches {
  public:
    using Values = std::vector<schema::Param>;  // what one asks for, and what it is answered
    using Asked = std::vector<const Values*>;
    using Answers = std::vector<std::optional<Values>>;
    // Does in one transaction, which it has committed when it returns, what all of them ask for,
    // and gives in the same order what each is answered; nothing: of that one nothing was done.
    // Throws Error where nothing was done, schema::OutcomeUnknown where nobody knows.
    using Work = std::function<Answers(const Asked&)>;

    // One request under way. Without an answer nothing was done of it: it is done the ordinary way
    // while the Turn is in scope.
    class Turn {
      public:
        Turn(Batches& batches, std::string kind) : batches_(&batches), kind_(std::move(kind)) {}
        explicit Turn(std::optional<Values> answer) : answer_(std::move(answer)) {}
        Turn(const Turn&) = delete;
        ~Turn();
        const std::optional<Values>& answer() const { return answer_; }

      private:
        Batches* batches_ = nullptr;  // it is counted there as one that goes alone
        std::string kind_;
        std::optional<Values> answer_;
    };

    // Of each value an array of all that ask, written as text.
    static std::vector<std::string> arrays_of(const Asked& asked);

    // To be said before it is used.
    void limit(const BatchLimits& limits) { limits_ = limits; }
    // Requests of one kind may share a statement, which is any one's work. Returns when this one is
    // answered, or is to go alone; a batch whose work throws Error leaves that to each of its own.
    // Throws schema::OutcomeUnknown where the work of its batch does, or fails in another way. Of
    // the empty kind none is shared.
    Turn join(const std::string& kind, const Values& values, const Work& work);

  private:
    struct Request;
    struct Line {
        std::size_t alone = 0, leading = 0;
        std::deque<std::shared_ptr<Request>> waiting;

        bool idle() const { return alone == 0 && leading == 0; }
    };
    class Led;

    bool waits(const std::string& kind, const std::shared_ptr<Request>& request);
    void lead(const std::string& kind, const std::shared_ptr<Request>& first, const Work& work);
    void gather(const std::string& kind, std::vector<std::shared_ptr<Request>>& batch);
    void hand_over(const std::string& kind);
    void leave(const std::string& kind);

    BatchLimits limits_;
    std::mutex mutex_;
    std::map<std::string, Line> lines_;  // of kinds under way
};

}  // namespace trashd::trash
