#include "load/worker.h"

#include <algorithm>
#include <cerrno>
#include <numeric>
#include <stdexcept>

#include <fmt/format.h>
#include <sys/epoll.h>

namespace qm::load {
namespace {

constexpr std::size_t kComplaints = 5;
constexpr std::chrono::milliseconds kTick{100};
constexpr std::chrono::milliseconds kOpenAgain{20};
/// A worker that fell behind its rate catches up by so much at once.
constexpr std::chrono::milliseconds kCatchUp{100};

/// Long enough for libmilter to read the last bytes (it takes nothing more from a connection that is gone),
/// and up to what a commit takes.
constexpr std::chrono::milliseconds kCutTick{2};
constexpr std::uint64_t kLongestCut = 24;

std::vector<Connection> made_connections(ConnectionOwner& owner, Shared& shared, Meter& meter,
                                         std::size_t count)
{
    std::vector<Connection> made;
    made.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        made.emplace_back(owner, shared.plan.mix, shared.bodies, meter);
    }
    return made;
}

} // namespace

void Counts::add(const Counts& other)
{
    for (std::size_t i = 0; i < kKinds; ++i) {
        right.at(i) += other.right.at(i);
    }
    measured += other.measured;
    offered += other.offered;
    offers += other.offers;
    deferred += other.deferred;
    lost += other.lost;
    wrong += other.wrong;
    broken_off += other.broken_off;
    unanswered += other.unanswered;
    refused += other.refused;
    idle_lost += other.idle_lost;
    connections += other.connections;
    complaints.insert(complaints.end(), other.complaints.begin(), other.complaints.end());
}

std::uint64_t Counts::all_right() const
{
    return std::accumulate(right.begin(), right.end(), std::uint64_t{0});
}

Worker::Worker(Shared& shared, unsigned connections, unsigned idle)
    : shared_(shared), plan_(shared.plan), epoll_(epoll_create1(EPOLL_CLOEXEC)), busy_(connections),
      connections_(made_connections(*this, shared, meter_, std::size_t{connections} + idle))
{
    if (!epoll_) {
        throw std::runtime_error("epoll_create1: " + error_text(errno));
    }
    for (Connection& connection : connections_) {
        closed_.push_back(&connection);
    }
}

void Worker::run()
{
    now_ = Clock::now();
    while (!shared_.go.load()) {
        open_closed_ones();
        wait(kTick);
    }
    next_due_ = now_;
    while (!is_over()) {
        if (plan_.duration.count() > 0 && now_ - shared_.began > plan_.duration) {
            no_more_ = true;
        }
        if (now_ - shared_.began >= plan_.warmup) {
            meter_.start();
        }
        open_closed_ones();
        start_mails();
        if (now_ >= next_look_) {
            next_look_ = now_ + std::chrono::seconds(1);
            give_up_on_silent_ones();
        }
        Clock::duration longest = kTick;
        if (plan_.mix.cut > 0) {
            cut_connections();
            longest = kCutTick;
        }
        if (plan_.rate > 0 && !ready_.empty()) {
            longest = std::clamp<Clock::duration>(next_due_ - now_, Clock::duration::zero(), longest);
        }
        if (!closed_.empty()) {
            longest = std::min<Clock::duration>(longest, kOpenAgain);
        }
        wait(longest);
    }
    for (Connection& connection : connections_) {
        connection.quit();
    }
}

bool Worker::is_over() const
{
    return no_more_ && again_.empty() && under_way_ == 0;
}

/// Events of all connections, once.
bool Worker::wait(Clock::duration longest)
{
    std::array<epoll_event, 256> events;
    const auto whole = std::chrono::duration_cast<std::chrono::nanoseconds>(longest);
    const timespec limit{.tv_sec = whole.count() / 1'000'000'000, .tv_nsec = whole.count() % 1'000'000'000};
    const int count =
        epoll_pwait2(epoll_.get(), events.data(), static_cast<int>(events.size()), &limit, nullptr);
    now_ = Clock::now();
    for (int i = 0; i < count; ++i) {
        const epoll_event& event = events.at(static_cast<std::size_t>(i));
        auto& connection = *static_cast<Connection*>(event.data.ptr);
        if (connection.is_open()) {
            connection.on_event((event.events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0);
        }
    }
    return count > 0;
}

void Worker::watch(const Connection& connection, int operation, bool room) const
{
    epoll_event event{};
    event.events = room ? EPOLLIN | EPOLLOUT : EPOLLIN;
    event.data.ptr = const_cast<Connection*>(&connection);
    if (epoll_ctl(epoll_.get(), operation, connection.descriptor(), &event) != 0) {
        throw std::runtime_error("epoll_ctl: " + error_text(errno));
    }
}

void Worker::wants_room(Connection& connection, bool wants)
{
    watch(connection, EPOLL_CTL_MOD, wants);
}

void Worker::open_closed_ones()
{
    if (now_ < open_again_) {
        return;
    }
    while (!closed_.empty()) {
        Connection& connection = *closed_.back();
        if (connection.open(shared_.address)) {
            closed_.pop_back();
            ++counts_.connections;
            watch(connection, EPOLL_CTL_ADD, true);
            continue;
        }
        open_again_ = now_ + kOpenAgain;
        if (errno == EAGAIN) {
            return; // its queue of new connections is full
        }
        const std::string reason = "connect: " + error_text(errno);
        if (counts_.refused++ == 0 || refused_since_ == Clock::time_point{}) {
            refused_since_ = now_;
        }
        if (now_ - refused_since_ > plan_.patience) {
            throw std::runtime_error(reason);
        }
        return;
    }
}

void Worker::ready(Connection& connection)
{
    refused_since_ = {};
    if (is_idle(connection)) {
        shared_.idle_open.fetch_add(1);
    } else {
        ready_.push_back(&connection);
    }
}

/// Mails that are due, on connections that are free.
void Worker::start_mails()
{
    next_due_ = std::max(next_due_, now_ - kCatchUp);
    while (!ready_.empty()) {
        if (plan_.rate > 0 && due_ == 0) {
            if (now_ < next_due_) {
                return;
            }
            due_ = plan_.burst;
            next_due_ += std::chrono::duration_cast<Clock::duration>(
                std::chrono::duration<double>(plan_.burst * plan_.threads / plan_.rate));
        }
        std::unique_ptr<Mail> mail = next_mail();
        if (mail == nullptr) {
            return;
        }
        due_ -= std::min(due_, 1U);
        Connection& connection = *ready_.back();
        ready_.pop_back();
        ++under_way_;
        ++counts_.offers;
        note(*mail, "offered");
        // Postfix's ids: no two mails have the same, and a mail offered again has a new one.
        connection.offer(std::move(mail),
                         fmt::format("4{:.4}{:07X}", plan_.mix.run, shared_.next_queue_id.fetch_add(1)));
    }
}

std::unique_ptr<Mail> Worker::next_mail()
{
    if (!again_.empty() && again_.front().due <= now_) {
        std::unique_ptr<Mail> mail = std::move(again_.front().mail);
        again_.pop_front();
        return mail;
    }
    if (no_more_) {
        return nullptr;
    }
    const std::uint64_t number = shared_.next_number.fetch_add(1);
    if (plan_.messages > 0 && number >= plan_.messages) {
        no_more_ = true;
        return nullptr;
    }
    ++counts_.offered;
    return std::make_unique<Mail>(make_mail(plan_.mix, number));
}

void Worker::judged(Connection& connection, const Verdict* verdict)
{
    std::unique_ptr<Mail> mail = connection.take_mail();
    --under_way_;
    if (verdict == nullptr) {
        ++counts_.broken_off;
        note(*mail, "broken-off");
    } else if (verdict->is_deferral()) {
        ++counts_.deferred;
        note(*mail, "deferred");
        complain(fmt::format("{} {}: {}", name_of(mail->kind), mail->message_id(plan_.mix), verdict->str()));
        again_or_given_up(std::move(mail));
    } else if (const std::string wanted = what_was_right(*mail, *verdict); !wanted.empty()) {
        ++counts_.wrong;
        note(*mail, "wrong");
        complain(fmt::format("WRONG: {} {}: {}, not {}", name_of(mail->kind), mail->message_id(plan_.mix),
                             verdict->str(), wanted));
    } else {
        ++counts_.right.at(static_cast<std::size_t>(mail->kind));
        shared_.answered.fetch_add(1, std::memory_order_relaxed);
        if (now_ - shared_.began >= plan_.warmup) {
            ++counts_.measured;
        }
        note(*mail, "right");
    }
    close_or_keep(connection);
}

void Worker::close_or_keep(Connection& connection)
{
    if (connection.is_open() && connection.carried() < plan_.per_connection) {
        ready_.push_back(&connection);
        return;
    }
    connection.quit();
    closed_.push_back(&connection);
}

void Worker::lost(Connection& connection, const std::string& reason)
{
    closed_.push_back(&connection);
    std::erase(ready_, &connection);
    if (is_idle(connection)) {
        if (shared_.go.load()) {
            ++counts_.idle_lost;
            complain("an idle connection: " + reason);
        }
        return;
    }
    if (!connection.has_mail()) {
        ++counts_.refused; // between two mails, or before the first one
        open_again_ = now_ + kOpenAgain;
        return;
    }
    std::unique_ptr<Mail> mail = connection.take_mail();
    --under_way_;
    ++counts_.lost;
    note(*mail, "lost");
    complain(fmt::format("{} {}: {}", name_of(mail->kind), mail->message_id(plan_.mix), reason));
    again_or_given_up(std::move(mail));
}

void Worker::again_or_given_up(std::unique_ptr<Mail> mail)
{
    if (plan_.retry) {
        mail->cut = false;
        again_.push_back({now_ + plan_.retry_after, std::move(mail)});
    } else {
        ++counts_.unanswered;
    }
}

void Worker::give_up_on_silent_ones()
{
    for (Connection& connection : connections_) {
        if (connection.is_open() && connection.has_mail() &&
            now_ - connection.waits_since() > plan_.patience) {
            connection.drop();
            lost(connection, fmt::format("no answer within {} s", plan_.patience.count()));
        }
    }
}

void Worker::cut_connections()
{
    for (Connection& connection : connections_) {
        if (!connection.is_open() || !connection.waits_for_the_end() || !connection.mail().cut) {
            continue;
        }
        const std::chrono::milliseconds after(1 + connection.mail().number % kLongestCut);
        if (now_ - connection.waits_since() > after) {
            connection.drop();
            lost(connection, "cut, as was asked for");
        }
    }
}

void Worker::note(const Mail& mail, const char* word) const
{
    if (shared_.journal) {
        shared_.journal.note(mail.message_id(plan_.mix), name_of(mail.kind), word);
    }
}

void Worker::complain(const std::string& text)
{
    if (counts_.complaints.size() < kComplaints) {
        counts_.complaints.push_back(text);
    }
}

} // namespace qm::load
