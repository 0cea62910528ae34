#include "base/random.h"

#include <cerrno>
#include <system_error>

#include <sys/random.h>

#include "quarantine/error.h"

namespace qm {

std::string random_bytes(std::size_t count)
{
    std::string bytes(count, '\0');
    for (;;) {
        const ssize_t got = getrandom(bytes.data(), bytes.size(), 0);
        if (got == static_cast<ssize_t>(bytes.size())) {
            return bytes;
        }
        if (got < 0 && errno != EINTR) {
            throw BackendError("getrandom: " + std::generic_category().message(errno));
        }
    }
}

} // namespace qm
