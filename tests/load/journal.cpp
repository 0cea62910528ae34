#include "load/journal.h"

#include <cerrno>
#include <stdexcept>

#include <fcntl.h>
#include <fmt/format.h>

namespace qm::load {

Journal::Journal(const std::string& path)
{
    if (path.empty()) {
        return;
    }
    file_ = FileDescriptor(open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    if (!file_) {
        throw std::runtime_error(fmt::format("journal {}: {}", path, error_text(errno)));
    }
}

void Journal::note(std::string_view message_id, std::string_view kind, std::string_view word) const
{
    if (const int error = write_all(file_.get(), fmt::format("{} {} {}\n", message_id, kind, word));
        error != 0) {
        throw std::runtime_error("journal: " + error_text(error));
    }
}

} // namespace qm::load
