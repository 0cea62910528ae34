#include "catalog/writer.h"

#include <algorithm>
#include <csignal>
#include <utility>

#include <fmt/format.h>

#include "quarantine/error.h"

namespace qm::catalog {

struct Writer::Ticket {
    Job job;
    std::exception_ptr failure;
    bool taken = false; ///< begun: no way back for the caller
    bool done = false;
};

Writer::Writer(sql::Target target, sql::ConnectOptions options)
    : target_(std::move(target)), options_(options),
      thread_([this](const std::stop_token& stop) { work(stop); })
{
}

Writer::~Writer() = default;

void Writer::run(Job job, std::chrono::milliseconds patience)
{
    const auto ticket = std::make_shared<Ticket>();
    ticket->job = std::move(job);
    std::unique_lock lock(mutex_);
    waiting_.push_back(ticket);
    wake_.notify_one();
    // A ticket that was taken is waited for: only its commit says whether it is kept.
    if (!done_.wait_for(lock, patience, [&] { return ticket->taken; })) {
        std::erase(waiting_, ticket);
        throw BackendError(fmt::format("catalog {}: busy for {} ms", target_.shown(), patience.count()));
    }
    done_.wait(lock, [&] { return ticket->done; });
    if (ticket->failure) {
        std::rethrow_exception(ticket->failure);
    }
}

void Writer::work(const std::stop_token& stop)
{
    for (;;) {
        std::deque<std::shared_ptr<Ticket>> batch;
        {
            std::unique_lock lock(mutex_);
            if (!wake_.wait(lock, stop, [&] { return !waiting_.empty(); })) {
                return;
            }
            batch.swap(waiting_);
            std::ranges::for_each(batch, [](const auto& ticket) { ticket->taken = true; });
        }
        done_.notify_all();
        run_batch(batch);
        {
            const std::lock_guard lock(mutex_);
            std::ranges::for_each(batch, [](const auto& ticket) { ticket->done = true; });
        }
        done_.notify_all();
    }
}

void Writer::run_batch(const std::deque<std::shared_ptr<Ticket>>& batch)
{
    try {
        sql::Connection& database = connection();
        sql::Transaction transaction(database);
        for (const auto& ticket : batch) {
            run_one(*ticket, batch.size() == 1);
            if (database.is_broken()) {
                throw BackendError(fmt::format("catalog {}: the connection broke", target_.shown()));
            }
        }
        if (!(batch.size() == 1 && batch.front()->failure)) {
            transaction.commit();
        }
    } catch (...) {
        for (const auto& ticket : batch) {
            if (!ticket->failure) {
                ticket->failure = std::current_exception();
            }
        }
        connection_.reset();
    }
}

void Writer::run_one(Ticket& ticket, bool alone)
{
    if (alone) {
        try {
            ticket.job(*connection_);
        } catch (...) {
            ticket.failure = std::current_exception();
        }
        return;
    }
    connection_->execute("SAVEPOINT qm_job");
    try {
        ticket.job(*connection_);
    } catch (...) {
        ticket.failure = std::current_exception();
        if (!connection_->is_broken()) {
            connection_->execute("ROLLBACK TO SAVEPOINT qm_job");
        }
    }
    if (!connection_->is_broken()) {
        connection_->execute("RELEASE SAVEPOINT qm_job");
    }
}

sql::Connection& Writer::connection()
{
    if (!connection_ || connection_->is_broken() || connection_->is_abandoned()) {
        connection_.reset();
        connection_ = std::make_unique<sql::Connection>(target_, options_);
    }
    return *connection_;
}

} // namespace qm::catalog
