// How far each web hook has been told, kept in the database: nothing is passed over, whichever
// instance tells it and whatever is killed (docs/events.md).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace trashd::schema {
class Pool;
}

namespace trashd::trash {

// One web hook, as one instance tells it. Every call but take() is for who has the lease; it gives
// false where another has got it meanwhile, and nothing has changed then.
class WebhookPlace {
  public:
    // owner: a uuid of the instance's own.
    WebhookPlace(schema::Pool& pool, std::string trash_schema, std::string url, std::string owner);

    // Makes the web hook where it is new; it is told of what is sealed from then on.
    void begin();

    struct Taken {
        long long after = 0;  // the last entry that was taken up
        bool paused = false;  // the partner could not be reached; wait
        std::vector<long long>
            due;  // entries that are to be tried again, none before one of its group
    };
    // Takes or renews the lease; nothing: another instance has it.
    std::optional<Taken> take();

    // The entry was told; or, of what is new, is none that the web hook wants.
    bool told(long long entry, bool sent);
    // It was not taken. unreachable: nor would another be, so that all wait. group: of the entry.
    bool failed(long long entry, const std::optional<std::string>& group, bool unreachable,
                const std::string& error);
    // An entry of the same group waits, so this one waits behind it; false where none does.
    bool wait_behind(long long entry, const std::optional<std::string>& group);
    // An entry that waits is no more, or was tried for three days.
    bool give_up(long long entry);
    bool tried_for_too_long(long long entry);

  private:
    bool change(const char* sql, const std::vector<std::optional<std::string>>& more);

    schema::Pool& pool_;
    const std::string trash_schema_, url_, owner_;
};

// Times are RFC 3339 in UTC.
struct WebhookState {
    std::string url;
    long long after = 0;    // the last entry that was taken up
    long long behind = 0;   // entries of the ledger after it
    long long waiting = 0;  // to be tried again
    long long failures = 0, given_up = 0;
    std::optional<std::string> paused_until = {}, told_at = {}, error = {};
    bool told_by_somebody = false;  // an instance has the lease
};
std::vector<WebhookState> webhook_states(schema::Pool& pool, const std::string& trash_schema);

// The web hook is told again of what the ledger has after the entry. False: there is no such one.
bool replay(schema::Pool& pool, const std::string& trash_schema, const std::string& url,
            long long after);

}  // namespace trashd::trash
