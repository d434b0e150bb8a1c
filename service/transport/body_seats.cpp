#include "service/transport/body_seats.hpp"

#include <algorithm>
#include <utility>

#include "service/transport/request_stream.hpp"

namespace trashd::service {

BodySeats::Seat::Seat(BodySeats& seats, std::string client, RequestStream& stream)
    : seats_(seats), client_(std::move(client)), stream_(stream) {
    const std::lock_guard lock(seats_.mutex_);
    seats_.by_client_[client_].push_back(this);
    if (++seats_.taken_ > seats_.most_) seats_.make_room();
}

BodySeats::Seat::~Seat() {
    const std::lock_guard lock(seats_.mutex_);
    if (!given_away_) seats_.remove(*this);
}

bool BodySeats::Seat::given_away() const {
    const std::lock_guard lock(seats_.mutex_);
    return given_away_;
}

// The oldest of who has most: what is sent at once is there before so many others have come.
void BodySeats::make_room() {
    const auto most = std::ranges::max_element(
        by_client_, {}, [](const auto& entry) { return entry.second.size(); });
    auto& oldest = *most->second.front();
    oldest.given_away_ = true;
    oldest.stream_.let_go();
    remove(oldest);
}

void BodySeats::remove(Seat& seat) {
    const auto found = by_client_.find(seat.client_);
    found->second.remove(&seat);
    if (found->second.empty()) by_client_.erase(found);
    --taken_;
}

}  // namespace trashd::service
