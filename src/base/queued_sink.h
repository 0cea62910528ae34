// A log that nobody waits for: a slow or hanging system log costs no mail its time.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include <spdlog/details/log_msg_buffer.h>
#include <spdlog/sinks/sink.h>

namespace qm::log {

/// Passes lines on to another sink. A line is written by whoever logs it, at once, as long as nobody else is
/// writing; if somebody is, it waits in memory for a thread of the sink, and its writer goes on. So a log
/// that hangs holds up one caller at most. Lines for which there is no memory are counted, and their number
/// is a line of its own as soon as there is room: "log: lines=..., status=lost". Lines stay in the order in
/// which they came.
///
/// Thread-safety: log() may be called at once from any thread. Durability: lines that wait are lost when the
/// process is killed.
class QueuedSink final : public spdlog::sinks::sink {
  public:
    static constexpr std::size_t kMemory = std::size_t{4} << 20U; ///< bytes of lines that wait

    explicit QueuedSink(std::shared_ptr<spdlog::sinks::sink> inner, std::size_t memory = kMemory);
    ~QueuedSink() override; ///< waits until everything is written
    QueuedSink(const QueuedSink&) = delete;
    QueuedSink& operator=(const QueuedSink&) = delete;

    void log(const spdlog::details::log_msg& message) override;
    void flush() override {} ///< every line is flushed as it is written
    void set_pattern(const std::string& pattern) override { inner_->set_pattern(pattern); }
    void set_formatter(std::unique_ptr<spdlog::formatter> formatter) override
    {
        inner_->set_formatter(std::move(formatter));
    }

    /// False when the time ended first.
    bool wait_until_written(std::chrono::milliseconds patience);

  private:
    using Lines = std::deque<spdlog::details::log_msg_buffer>;

    void work(const std::stop_token& stop);
    void write(const spdlog::details::log_msg& message);
    void write_waiting(std::unique_lock<std::mutex>& lock);

    const std::shared_ptr<spdlog::sinks::sink> inner_;
    const std::size_t memory_;
    std::mutex mutex_;                    ///< guards what follows
    std::condition_variable_any changed_; ///< for the thread: lines wait, and nobody writes
    std::condition_variable_any written_; ///< nothing waits, perhaps
    Lines waiting_;
    std::size_t bytes_ = 0; ///< of waiting_
    std::size_t lost_ = 0;  ///< lines since the last one that said so
    bool writes_ = false;   ///< somebody
    std::jthread thread_;   ///< from the first line on that had to wait; last member: ends before the others
};

} // namespace qm::log
