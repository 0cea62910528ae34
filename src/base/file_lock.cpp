#include "base/file_lock.h"

#include <cerrno>

#include <fcntl.h>

#include "quarantine/error.h"

namespace qm {
namespace {

/// Everything in the file, for writing.
struct flock whole_file()
{
    struct flock lock = {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    return lock;
}

BackendError trouble(const std::string& path)
{
    return BackendError("lock " + path + ": " + error_text(errno));
}

} // namespace

std::optional<FileLock> FileLock::try_lock(const std::string& path)
{
    FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file) {
        throw trouble(path);
    }
    struct flock lock = whole_file();
    if (fcntl(file.get(), F_OFD_SETLK, &lock) == 0) {
        return FileLock(std::move(file));
    }
    if (errno == EAGAIN || errno == EACCES) {
        return std::nullopt;
    }
    throw trouble(path);
}

bool FileLock::is_locked(const std::string& path)
{
    const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!file) {
        if (errno == ENOENT) {
            return false;
        }
        throw trouble(path);
    }
    struct flock lock = whole_file();
    if (fcntl(file.get(), F_OFD_GETLK, &lock) != 0) {
        throw trouble(path);
    }
    return lock.l_type != F_UNLCK;
}

} // namespace qm
