#include "base/file_lock.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/file.h>

#include "quarantine/error.h"

namespace qm {

std::optional<FileLock> FileLock::try_lock(const std::string& path)
{
    FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file) {
        throw BackendError("lock " + path + ": " + error_text(errno));
    }
    if (flock(file.get(), LOCK_EX | LOCK_NB) == 0) {
        return FileLock(std::move(file));
    }
    if (errno == EWOULDBLOCK) {
        return std::nullopt;
    }
    throw BackendError("lock " + path + ": " + error_text(errno));
}

} // namespace qm
