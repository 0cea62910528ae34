#include "base/file.h"

#include <array>
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <fmt/format.h>

#include "quarantine/error.h"

namespace qm {

FileDescriptor::~FileDescriptor()
{
    close();
}

void FileDescriptor::close()
{
    if (descriptor_ >= 0) {
        ::close(descriptor_);
        descriptor_ = -1;
    }
}

std::string error_text(int error_number)
{
    return std::generic_category().message(error_number);
}

std::string read_file(const std::string& path, std::uint64_t limit)
{
    const auto failed = [&](std::string_view what) {
        return BackendError(fmt::format("{}: {}", path, what));
    };
    const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (!file) {
        throw failed(error_text(errno));
    }
    struct stat status {};
    if (fstat(file.get(), &status) != 0) {
        throw failed(error_text(errno));
    }
    if (!S_ISREG(status.st_mode)) {
        throw failed("not a regular file");
    }
    std::string bytes;
    std::array<char, 65536> buffer{};
    for (;;) {
        const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            throw failed(error_text(errno));
        }
        if (got == 0) {
            return bytes;
        }
        bytes.append(buffer.data(), static_cast<std::size_t>(got));
        if (bytes.size() > limit) {
            throw failed(fmt::format("longer than {} bytes", limit));
        }
    }
}

int write_all(int descriptor, std::string_view bytes)
{
    while (!bytes.empty()) {
        const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written < 0) {
            return errno;
        }
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return 0;
}

void expect_room(const std::string& folder, std::uint64_t reserve)
{
    struct statvfs status {};
    if (reserve == 0) {
        return;
    }
    if (statvfs(folder.c_str(), &status) != 0) {
        throw BackendError(fmt::format("{}: {}", folder, error_text(errno)));
    }
    const std::uint64_t free = std::uint64_t{status.f_bavail} * status.f_frsize;
    if (free < reserve) {
        constexpr double kMebi = 1 << 20;
        throw BackendError(fmt::format("{}: only {:.1f}M free, and reserve_space is {:.1f}M", folder,
                                       static_cast<double>(free) / kMebi,
                                       static_cast<double>(reserve) / kMebi));
    }
}

void sync_folder(const std::string& path)
{
    const FileDescriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder || fsync(folder.get()) != 0) {
        throw BackendError(fmt::format("fsync {}: {}", path, error_text(errno)));
    }
}

} // namespace qm
