#include "ctl/file_reader.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <utility>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/c_ptr.h"
#include "base/file.h"
#include "ctl/file_feed.h"

namespace qm::ctl {
namespace {

using Folder = CPtr<DIR, closedir>;
using Kind = FileFeed::Kind;

constexpr int kOpenFile = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
constexpr int kOpenFolder = O_RDONLY | O_CLOEXEC | O_DIRECTORY;
constexpr std::size_t kLongestName = 4096;

/// Nobody reads any more, or the pipe is broken.
struct NobodyListens : std::exception {};

std::int64_t microseconds(const struct stat& status)
{
    return status.st_mtim.tv_sec * 1000000 + status.st_mtim.tv_nsec / 1000;
}

class Reader {
  public:
    Reader(std::string_view companion, std::uint64_t largest, int pipe)
        : companion_(companion), largest_(largest), pipe_(pipe)
    {
    }

    void read(const std::string& path)
    {
        // Followed here: the caller has named it.
        struct stat status {};
        if (stat(path.c_str(), &status) != 0) {
            return say_kind(Kind::unreadable, errno);
        }
        if (S_ISDIR(status.st_mode)) {
            FileDescriptor folder(open(path.c_str(), kOpenFolder));
            if (!folder) {
                return say_kind(Kind::unreadable, errno);
            }
            say_kind(Kind::folder, 0);
            read_folder(std::move(folder), "", 0);
        } else if (!S_ISREG(status.st_mode)) {
            return say_kind(Kind::unreadable, EINVAL);
        } else {
            const FileDescriptor file(open(path.c_str(), kOpenFile));
            if (!file) {
                return say_kind(Kind::unreadable, errno);
            }
            say_kind(Kind::file, 0);
            read_file(file.get(), path);
        }
        send({.type = FeedFrame::Type::no_more, .value = 0, .time = 0}, {});
    }

  private:
    void say_kind(Kind kind, int error)
    {
        send({.type = FeedFrame::Type::kind, .value = static_cast<std::uint64_t>(kind), .time = error}, {});
    }

    void send(const FeedFrame& frame, std::string_view bytes) const
    {
        // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): a struct of the same program
        const std::string_view head(reinterpret_cast<const char*>(&frame), sizeof frame);
        if (write_all(pipe_, head) != 0 || write_all(pipe_, bytes) != 0) {
            throw NobodyListens();
        }
    }

    void begin(const std::string& name, std::int64_t changed) const
    {
        const std::string_view shown = std::string_view(name).substr(0, kLongestName);
        send({.type = FeedFrame::Type::file, .value = shown.size(), .time = changed}, shown);
    }

    void skip(const std::string& reason) const
    {
        send({.type = FeedFrame::Type::skipped, .value = reason.size(), .time = 0}, reason);
    }

    void skip_as_too_large() const { skip(fmt::format("larger than {} MiB", largest_ >> 20U)); }

    void skip(const std::string& name, const std::string& reason) const
    {
        begin(name, 0);
        skip(reason);
    }

    void read_file(int file, const std::string& name) const
    {
        struct stat status {};
        if (fstat(file, &status) != 0) {
            return skip(name, error_text(errno));
        }
        if (!S_ISREG(status.st_mode)) {
            return skip(name, "not a regular file");
        }
        begin(name, microseconds(status));
        if (static_cast<std::uint64_t>(status.st_size) > largest_) {
            return skip_as_too_large();
        }
        std::array<char, 65536> buffer{};
        std::uint64_t sum = 0;
        for (;;) {
            const ssize_t got = ::read(file, buffer.data(), buffer.size());
            if (got < 0 && errno == EINTR) {
                continue;
            }
            if (got < 0) {
                return skip(error_text(errno));
            }
            if (got == 0) {
                break;
            }
            const auto count = static_cast<std::size_t>(got);
            sum += count;
            if (sum > largest_) {
                return skip_as_too_large();
            }
            send({.type = FeedFrame::Type::bytes, .value = count, .time = 0},
                 std::string_view(buffer.data(), count));
        }
        send({.type = FeedFrame::Type::end, .value = 0, .time = 0}, {});
    }

    /// Names in a folder, in order; without `.` and `..`.
    std::vector<std::string> names_in(DIR* folder) const
    {
        std::vector<std::string> names;
        // NOLINTNEXTLINE(concurrency-mt-unsafe): this process has one thread
        while (const dirent* const entry = readdir(folder)) {
            const std::string_view name = static_cast<const char*>(entry->d_name);
            if (name != "." && name != "..") {
                names.emplace_back(name);
            }
        }
        std::ranges::sort(names, {}, [&](const std::string& name) {
            const bool second = !companion_.empty() && name.ends_with(companion_);
            return std::pair(name.substr(0, name.size() - (second ? companion_.size() : 0)), second);
        });
        return names;
    }

    void read_folder(FileDescriptor descriptor, const std::string& prefix, int depth)
    {
        const int number = descriptor.get();
        const Folder folder(fdopendir(number));
        if (!folder) {
            return skip(prefix, error_text(errno));
        }
        descriptor.release();
        const std::vector<std::string> names = names_in(folder.get());
        const bool is_maildir =
            std::ranges::find(names, "cur") != names.end() && std::ranges::find(names, "new") != names.end();
        for (const std::string& name : names) {
            struct stat status {};
            if (fstatat(number, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
                continue; // gone meanwhile: mail programs rename files
            }
            if (S_ISDIR(status.st_mode)) {
                if (!(is_maildir && name == "tmp")) {
                    enter(number, name, prefix, depth);
                }
            } else if (!name.starts_with('.')) {
                read_entry(number, name, prefix, status.st_mode);
            }
        }
    }

    void enter(int folder, const std::string& name, const std::string& prefix, int depth)
    {
        const std::string path = prefix + name;
        if (depth + 1 >= FileFeed::kDeepest) {
            return skip(path, fmt::format("more than {} folders within each other", FileFeed::kDeepest));
        }
        FileDescriptor next(openat(folder, name.c_str(), kOpenFolder | O_NOFOLLOW));
        if (!next) {
            return skip(path, error_text(errno));
        }
        read_folder(std::move(next), path + "/", depth + 1);
    }

    void read_entry(int folder, const std::string& name, const std::string& prefix, mode_t mode) const
    {
        const std::string path = prefix + name;
        if (!S_ISREG(mode)) {
            return skip(path, S_ISLNK(mode) ? "a symbolic link" : "not a regular file");
        }
        const FileDescriptor file(openat(folder, name.c_str(), kOpenFile | O_NOFOLLOW));
        if (!file) {
            return skip(path, error_text(errno));
        }
        read_file(file.get(), path);
    }

    std::string_view companion_;
    std::uint64_t largest_;
    int pipe_;
};

} // namespace

void feed_files(const std::string& path, std::string_view companion, std::uint64_t largest, int pipe)
{
    Reader(companion, largest, pipe).read(path);
}

} // namespace qm::ctl
