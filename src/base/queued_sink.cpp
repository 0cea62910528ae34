#include "base/queued_sink.h"

#include <utility>

#include <fmt/format.h>

namespace qm::log {

QueuedSink::QueuedSink(std::shared_ptr<spdlog::sinks::sink> inner, std::size_t memory)
    : inner_(std::move(inner)), memory_(memory)
{
}

QueuedSink::~QueuedSink() = default;

void QueuedSink::log(const spdlog::details::log_msg& message)
{
    std::unique_lock lock(mutex_);
    if (!writes_ && waiting_.empty() && lost_ == 0) {
        writes_ = true;
        lock.unlock();
        write(message);
        lock.lock();
        writes_ = false;
        // The thread has nothing to do unless others came meanwhile: it is not woken for each line.
        const bool has_waiting = !waiting_.empty() || lost_ > 0;
        lock.unlock();
        if (has_waiting) {
            changed_.notify_one();
        } else {
            written_.notify_all();
        }
        return;
    }
    if (!thread_.joinable()) {
        thread_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
    }
    if (bytes_ + message.payload.size() > memory_) {
        ++lost_;
    } else {
        bytes_ += message.payload.size();
        waiting_.emplace_back(message);
    }
    // Whoever writes now wakes the thread when he is done, or is the thread.
}

void QueuedSink::work(const std::stop_token& stop)
{
    std::unique_lock lock(mutex_);
    while (changed_.wait(lock, stop, [this] { return !writes_ && (!waiting_.empty() || lost_ > 0); })) {
        write_waiting(lock);
    }
}

void QueuedSink::write_waiting(std::unique_lock<std::mutex>& lock)
{
    Lines lines = std::exchange(waiting_, {});
    const std::size_t bytes = bytes_; // they stay in memory until they are written
    const std::size_t lost = std::exchange(lost_, 0);
    writes_ = true;
    lock.unlock();
    for (const spdlog::details::log_msg_buffer& line : lines) {
        write(line);
    }
    if (lost > 0) {
        const std::string text = fmt::format("log: lines={}, status=lost", lost);
        write(spdlog::details::log_msg("", spdlog::level::warn, text));
    }
    lines.clear();
    lock.lock();
    bytes_ -= bytes;
    writes_ = false;
    written_.notify_all();
}

/// A sink that does not work has nobody to say so to.
void QueuedSink::write(const spdlog::details::log_msg& message)
{
    try {
        inner_->log(message);
        inner_->flush();
    } catch (const std::exception&) { // NOLINT(bugprone-empty-catch)
    }
}

bool QueuedSink::wait_until_written(std::chrono::milliseconds patience)
{
    std::unique_lock lock(mutex_);
    return written_.wait_for(lock, patience, [this] { return !writes_ && waiting_.empty() && lost_ == 0; });
}

} // namespace qm::log
