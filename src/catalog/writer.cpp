#include "catalog/writer.h"

#include <algorithm>
#include <csignal>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

namespace qm::catalog {
namespace {

/// Between two tries of a server that is away.
constexpr std::chrono::milliseconds kFirstPause{100};
constexpr std::chrono::milliseconds kLongestPause{2000};
/// So long callers wait for a server that has just gone: when only a connection broke, the first try finds
/// it.
constexpr std::chrono::milliseconds kGrace{300};
/// A batch that is older, and in which a job has failed, is given up: the others wait for the same lock, one
/// statement's time after the other.
constexpr std::chrono::milliseconds kLongestBatch{4000};
/// So long a batch may work in any case.
constexpr std::chrono::milliseconds kShortBatch{5};

std::string words_of(const std::exception_ptr& failure)
{
    try {
        std::rethrow_exception(failure);
    } catch (const std::exception& error) {
        return error.what();
    } catch (...) {
        return "unknown exception";
    }
}

/// An exception object of its own: what several threads throw must not be one object.
std::exception_ptr another(const std::exception_ptr& failure)
{
    try {
        std::rethrow_exception(failure);
    } catch (const UnknownOutcome& error) {
        return std::make_exception_ptr(UnknownOutcome(error.what()));
    } catch (const BackendError& error) {
        return std::make_exception_ptr(BackendError(error.what()));
    } catch (const std::exception& error) {
        return std::make_exception_ptr(std::runtime_error(error.what()));
    } catch (...) {
        return std::make_exception_ptr(std::runtime_error("unknown exception"));
    }
}

} // namespace

struct Writer::Ticket {
    Job job;
    std::exception_ptr failure;
    bool taken = false; ///< begun: no way back for the caller
    bool done = false;
    std::condition_variable ended; ///< done
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
    if (!back_.wait_until(lock, away_since_ + kGrace, [&] { return away_.empty(); })) {
        throw BackendError(away_ + " (it is tried every few seconds)");
    }
    waiting_.push_back(ticket);
    wake_.notify_one();
    // A ticket that was taken is waited for: only its commit says whether it is kept.
    if (!ticket->ended.wait_for(lock, patience, [&] { return ticket->done; }) && !ticket->taken) {
        std::erase(waiting_, ticket);
        throw BackendError(fmt::format("catalog {}: busy for {} ms", target_.shown(), patience.count()));
    }
    ticket->ended.wait(lock, [&] { return ticket->done; });
    if (const std::exception_ptr failure = std::exchange(ticket->failure, nullptr)) {
        std::rethrow_exception(failure);
    }
}

void Writer::work(const std::stop_token& stop)
{
    for (;;) {
        Batch batch;
        {
            std::unique_lock lock(mutex_);
            if (!wake_.wait(lock, stop, [&] { return !waiting_.empty(); })) {
                return;
            }
            batch.swap(waiting_);
            std::ranges::for_each(batch, [](const auto& ticket) { ticket->taken = true; });
        }
        end_batch(batch, run_batch(batch));
        wait_until_back(stop);
    }
}

/// Of a batch the first ones ran; the others wait again, before everybody else.
void Writer::end_batch(const Batch& batch, std::size_t ran)
{
    const std::lock_guard lock(mutex_);
    for (std::size_t i = batch.size(); i-- > ran;) {
        batch[i]->taken = false;
        waiting_.push_front(batch[i]);
    }
    for (std::size_t i = 0; i < ran; ++i) {
        batch[i]->done = true;
        batch[i]->ended.notify_one();
    }
}

/// Nobody's mail waits for a server that does not answer: it is tried here.
void Writer::wait_until_back(const std::stop_token& stop)
{
    std::chrono::milliseconds pause{0};
    std::unique_lock lock(mutex_);
    if (away_.empty()) {
        return;
    }
    while (!away_.empty()) {
        wake_.wait_for(lock, stop, pause, [] { return false; });
        if (stop.stop_requested()) {
            return;
        }
        pause = std::clamp(pause * 2, kFirstPause, kLongestPause);
        lock.unlock();
        std::string reason;
        try {
            connection().query("SELECT 1", {sql::Kind::integer});
        } catch (const std::exception& error) {
            reason = error.what();
            connection_.reset();
        }
        lock.lock();
        away_ = reason;
    }
    lock.unlock();
    back_.notify_all();
}

/// Those who wait would only find out the same.
void Writer::went_away(const std::exception_ptr& failure)
{
    const std::lock_guard lock(mutex_);
    away_ = words_of(failure);
    away_since_ = std::chrono::steady_clock::now();
    // What never began has a known outcome.
    for (const auto& ticket : waiting_) {
        ticket->failure = std::make_exception_ptr(BackendError(away_));
        ticket->taken = true;
        ticket->done = true;
        ticket->ended.notify_one();
    }
    waiting_.clear();
}

/// How many of them ran, from the first one on.
std::size_t Writer::run_batch(const Batch& batch)
{
    std::size_t ran = 0;
    try {
        sql::Connection& database = connection();
        sql::Transaction transaction(database);
        const auto began = std::chrono::steady_clock::now();
        bool has_failed = false;
        for (const auto& ticket : batch) {
            const auto worked = std::chrono::steady_clock::now() - began;
            if (has_failed && worked > kLongestBatch) {
                throw BackendError(fmt::format("catalog {}: busy", target_.shown()));
            }
            if (!has_failed && worked > std::max<std::chrono::nanoseconds>(kShortBatch, 2 * commit_time_)) {
                break;
            }
            run_one(*ticket, batch.size() == 1);
            ++ran;
            has_failed = has_failed || ticket->failure;
            if (database.is_broken()) {
                throw BackendError(fmt::format("catalog {}: the connection broke", target_.shown()));
            }
        }
        if (!(batch.size() == 1 && batch.front()->failure)) {
            commit(transaction);
        }
        return ran;
    } catch (...) {
        const bool is_lost = connection_ == nullptr || connection_->is_broken();
        const std::exception_ptr failure = std::current_exception();
        for (std::size_t i = 0; i < batch.size(); ++i) {
            if (!batch[i]->failure) {
                // What did not run to its end has a known outcome, whatever became of the commit.
                batch[i]->failure =
                    i < ran ? another(failure) : std::make_exception_ptr(BackendError(words_of(failure)));
            }
        }
        connection_.reset();
        if (is_lost && target_.engine != sql::Engine::sqlite) {
            went_away(failure);
        }
        return batch.size();
    }
}

void Writer::commit(sql::Transaction& transaction)
{
    const auto began = std::chrono::steady_clock::now();
    try {
        transaction.commit();
    } catch (const BackendError& error) {
        if (connection_->is_broken()) {
            throw UnknownOutcome(std::string(error.what()) + " (during COMMIT)");
        }
        throw; // the engine says that nothing was kept
    }
    commit_time_ = (3 * commit_time_ + (std::chrono::steady_clock::now() - began)) / 4;
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
