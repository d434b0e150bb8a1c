// The ledger as a feed, oldest first, in which nothing is passed over (docs/events.md). Who may see
// what is as in the history.
#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <thread>

#include "service/api/caller.hpp"
#include "service/api/content_negotiation.hpp"
#include "service/api/context.hpp"
#include "service/api/json.hpp"
#include "service/api/request.hpp"
#include "service/handlers/handlers.hpp"
#include "service/http/request_head.hpp"
#include "service/parsing/parameters.hpp"
#include "service/rights/redaction.hpp"
#include "service/rights/row_rights.hpp"

namespace trashd::service {

namespace {

using std::chrono::steady_clock;

constexpr std::chrono::minutes kLongest{1};        // of a stream: rights may change
constexpr std::chrono::milliseconds kLook{500};    // for what is new
constexpr std::chrono::seconds kSignOfLife{15};    // where nothing is
constexpr const char* kBegin = "retry: 1000\n\n";  // ms until clients come back
constexpr const char* kAlive = ":\n\n";

long long number_of(const std::string& text, const char* name) {
    long long number = -1;
    const auto* const end = text.data() + text.size();
    const auto [stop, fault] = std::from_chars(text.data(), end, number);
    if (fault != std::errc() || stop != end || number < 0)
        throw Error(Code::kBadRequest,
                    fmt::format("'{}' must be the id of an event, or 0 for the beginning", name));
    return number;
}

// A client that comes back says where it was, whatever its address says.
long long after_of(const Request& request) {
    const auto last = request.headers("Last-Event-ID");
    if (!last.empty() && !last.front().empty()) return number_of(last.front(), "Last-Event-ID");
    const auto after = request.target.query.text("after");
    return after ? number_of(*after, "after") : 0;
}

bool wants_stream(const Request& request) {
    const auto accepted = request.headers("Accept");
    return weight_of(accepted, "text/event-stream") > 0 &&
           weight_of(accepted, "text/event-stream") >= weight_of(accepted, "application/json");
}

// What of the feed who asks may see, and where it was read to.
class Feed {
  public:
    Feed(const Request& request, const Caller& caller, const Context& context)
        : caller_(caller), context_(context), after_(after_of(request)) {
        filter_.table = table_of(request, context);
        if (filter_.table) need_on_table(caller, context, Right::kViewTrash, *filter_.table);
        filter_.among = tables_with(caller, context, Right::kViewTrash);
    }

    std::vector<trash::LedgerEntry> next(int limit) {
        auto page = context_.trash->events(filter_, limit, after_);
        more_ = page.more;
        if (!page.entries.empty()) after_ = number_of(page.entries.back().id, "id");
        for (auto& entry : page.entries) entry = redact(caller_, context_, entry);
        return std::move(page.entries);
    }
    bool more() const { return more_; }
    long long after() const { return after_; }
    const Resources& resources() const { return *context_.resources; }

  private:
    Caller caller_;
    Context context_;
    trash::HistoryFilter filter_;
    long long after_;
    bool more_ = false;
};

std::string written(const trash::LedgerEntry& entry, const Resources& resources) {
    JsonWriter out;
    write_entry(out, entry, resources);
    return out.take();
}

// Gives what is new when it is asked, an empty text where nothing is, and after a while nothing:
// the client comes back by itself then and says where it was.
class EventStream {
  public:
    EventStream(Feed feed, int page) : feed_(std::move(feed)), page_(page) {}

    std::optional<std::string> next() {
        if (std::exchange(begun_, true)) {
            if (steady_clock::now() >= until_) return std::nullopt;
            if (!feed_.more()) std::this_thread::sleep_for(kLook);
        }
        std::string text = said_ == steady_clock::time_point() ? kBegin : "";
        for (const auto& entry : feed_.next(page_))
            text += fmt::format("id: {}\nevent: {}\ndata: {}\n\n", entry.id, entry.action,
                                written(entry, feed_.resources()));
        const auto now = steady_clock::now();
        if (text.empty() && now - said_ > kSignOfLife) text = kAlive;
        if (!text.empty()) said_ = now;
        return text;
    }

  private:
    Feed feed_;
    int page_;
    bool begun_ = false;
    steady_clock::time_point until_ = steady_clock::now() + kLongest, said_;
};

Response list(const Request& request, Feed feed, int limit) {
    JsonWriter out;
    out.StartArray();
    for (const auto& entry : feed.next(limit)) write_entry(out, entry, feed.resources());
    out.EndArray();
    Response reply;
    reply.body = out.take();
    link(reply, request, "next", "after", std::to_string(feed.after()));
    return reply;
}

}  // namespace

Response follow_events(const Request& request, const Caller& caller, const Context& context) {
    request.target.query.only({"limit", "after", "resource"});
    Feed feed(request, caller, context);
    const auto limit = limit_of(request);
    if (!wants_stream(request)) return list(request, std::move(feed), limit);
    Response reply;
    reply.type = "text/event-stream";
    reply.next = [stream = std::make_shared<EventStream>(std::move(feed), limit)] {
        return stream->next();
    };
    return reply;
}

}  // namespace trashd::service
