// Open connections to one mail server, shared by the threads that send.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>
#include <vector>

#include "base/guarded.h"
#include "smtp/client.h"

namespace qm::notify {

/// Lends every sending thread a client of its own and keeps some of them, connected, for the next message.
///
/// Thread-safety: every member may be called at once from any thread; no lock is held while sending.
class ClientPool {
  public:
    static constexpr std::size_t kMaxIdle = 8;

    /// Connections idle for longer than `keep` are closed at the next send().
    explicit ClientPool(smtp::Server server, std::chrono::seconds keep = std::chrono::seconds(30));

    /// As smtp::Client::send().
    Delivery send(std::string_view sender, std::string_view recipient, std::string_view bytes);

  private:
    using Moment = std::chrono::steady_clock::time_point;
    struct Idle {
        smtp::Client client;
        Moment since;
    };

    std::optional<smtp::Client> take();
    void give_back(smtp::Client client);

    smtp::Server server_;
    std::chrono::seconds keep_;
    Guarded<std::vector<Idle>> idle_;
};

} // namespace qm::notify
