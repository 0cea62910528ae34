#include "ctl/file_feed.h"

#include <algorithm>
#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl/file_reader.h"
#include "quarantine/error.h"

namespace qm::ctl {
namespace {

constexpr std::uint64_t kMostText = 8192;
constexpr std::uint64_t kLargestPiece = 1U << 20U;

/// The child: never returns.
[[noreturn]] void be_the_reader(const std::string& path, std::string_view companion, std::uint64_t largest,
                                int pipe)
{
    // It ends when nobody reads any more, not by the signals that let the other finish its work.
    static_cast<void>(std::signal(SIGINT, SIG_IGN));
    static_cast<void>(std::signal(SIGTERM, SIG_IGN));
    static_cast<void>(std::signal(SIGPIPE, SIG_DFL));
    int code = 0;
    try {
        feed_files(path, companion, largest, pipe);
    } catch (const std::exception&) {
        code = 1;
    }
    _exit(code);
}

} // namespace

FileFeed::FileFeed(const std::string& path, std::string_view companion, std::uint64_t largest)
{
    int ends[2] = {-1, -1};
    if (pipe2(ends, O_CLOEXEC) != 0) {
        throw BackendError("pipe: " + error_text(errno));
    }
    pipe_ = FileDescriptor(ends[0]);
    FileDescriptor write_end(ends[1]);
    child_ = fork();
    if (child_ < 0) {
        throw BackendError("fork: " + error_text(errno));
    }
    if (child_ == 0) {
        pipe_.close();
        be_the_reader(path, companion, largest, write_end.get());
    }
    write_end.close();
    FeedFrame frame;
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): a struct of the same program
    receive(reinterpret_cast<char*>(&frame), sizeof frame);
    kind_ = static_cast<Kind>(frame.value);
    error_ = static_cast<int>(frame.time);
}

FileFeed::~FileFeed()
{
    pipe_.close();
    if (child_ > 0) {
        while (waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
        }
    }
}

void FileFeed::receive(char* to, std::size_t count)
{
    while (count > 0) {
        const ssize_t got = read(pipe_.get(), to, count);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            throw BackendError("the process that reads the files ended early");
        }
        to += got;
        count -= static_cast<std::size_t>(got);
    }
}

std::string FileFeed::receive_text(std::size_t length)
{
    if (length > kMostText) {
        throw BackendError("the process that reads the files says nonsense");
    }
    std::string text(length, '\0');
    receive(text.data(), length);
    return text;
}

std::optional<FedFile> FileFeed::next()
{
    std::string bytes;
    auto file = next([&](const FedFile&, std::string_view piece) {
        if (piece.size() > kLargestFile - std::min<std::uint64_t>(bytes.size(), kLargestFile)) {
            throw BackendError("the process that reads the files says nonsense");
        }
        bytes += piece;
    });
    if (file && file->skipped.empty()) {
        file->bytes = std::move(bytes);
    }
    return file;
}

std::optional<FedFile> FileFeed::next(const Take& take)
{
    FedFile file;
    std::string piece;
    for (;;) {
        FeedFrame frame;
        // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): a struct of the same program
        receive(reinterpret_cast<char*>(&frame), sizeof frame);
        switch (frame.type) {
        case FeedFrame::Type::kind:
            break;
        case FeedFrame::Type::file:
            file.name = receive_text(frame.value);
            file.changed = Time(std::chrono::microseconds(frame.time));
            break;
        case FeedFrame::Type::bytes:
            if (frame.value > kLargestPiece) {
                throw BackendError("the process that reads the files says nonsense");
            }
            piece.resize(frame.value);
            receive(piece.data(), frame.value);
            take(file, piece);
            break;
        case FeedFrame::Type::skipped:
            file.skipped = receive_text(frame.value);
            return file;
        case FeedFrame::Type::end:
            return file;
        case FeedFrame::Type::no_more:
            return std::nullopt;
        }
    }
}

} // namespace qm::ctl
