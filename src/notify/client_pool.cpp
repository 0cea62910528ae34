#include "notify/client_pool.h"

#include <algorithm>
#include <iterator>

namespace qm::notify {

ClientPool::ClientPool(smtp::Server server, std::chrono::seconds keep)
    : server_(std::move(server)), keep_(keep)
{
}

Delivery ClientPool::send(std::string_view sender, std::string_view recipient, std::string_view bytes)
{
    auto client = take();
    if (!client) {
        client.emplace(server_);
    }
    auto delivery = client->send(sender, recipient, bytes);
    give_back(std::move(*client));
    return delivery;
}

/// The client used last, if it is fresh. The stale ones say goodbye when the lock is gone.
std::optional<smtp::Client> ClientPool::take()
{
    const auto oldest = std::chrono::steady_clock::now() - keep_;
    std::vector<Idle> stale;
    std::optional<smtp::Client> client;
    auto idle = idle_.lock();
    // In the order in which they were given back: the oldest in front.
    const auto fresh =
        std::find_if(idle->begin(), idle->end(), [&](const Idle& one) { return one.since > oldest; });
    stale.assign(std::make_move_iterator(idle->begin()), std::make_move_iterator(fresh));
    idle->erase(idle->begin(), fresh);
    if (!idle->empty()) {
        client.emplace(std::move(idle->back().client));
        idle->pop_back();
    }
    return client;
}

void ClientPool::give_back(smtp::Client client)
{
    auto idle = idle_.lock();
    if (idle->size() < kMaxIdle) {
        idle->push_back({std::move(client), std::chrono::steady_clock::now()});
    }
}

} // namespace qm::notify
