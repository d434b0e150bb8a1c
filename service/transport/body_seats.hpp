// The threads that wait for bodies. Clients that send slowly hold so many of them at most, and one
// client, however many connections it opens, keeps no other one out: who has most makes room.
#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <mutex>
#include <string>

namespace trashd::service {

class RequestStream;

class BodySeats {
  public:
    explicit BodySeats(std::size_t most) : most_(most) {}

    // While the stream waits for a body; which ends when the seat is given to another one.
    class Seat {
      public:
        // client: as client_network() says.
        Seat(BodySeats& seats, std::string client, RequestStream& stream);
        Seat(const Seat&) = delete;
        ~Seat();
        bool given_away() const;

      private:
        friend class BodySeats;
        BodySeats& seats_;
        const std::string client_;
        RequestStream& stream_;
        bool given_away_ = false;
    };

  private:
    void make_room();
    void remove(Seat& seat);

    const std::size_t most_;
    mutable std::mutex mutex_;
    std::size_t taken_ = 0;
    std::map<std::string, std::list<Seat*>> by_client_;  // the oldest first
};

}  // namespace trashd::service
