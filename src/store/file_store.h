// Messages as files (quarantine_type = FILE).
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "quarantine/store.h"

namespace qm::store {

std::span<const Option> file_store_options();

std::unique_ptr<MessageStore> open_file_store(const Section& section);

struct FileStoreLimits {
    std::uint64_t reserve_space = 0; ///< bytes; no message is begun when fewer are free
    std::uint64_t buffer_memory = std::uint64_t{32} << 20U; ///< bytes, of all messages that are being written
};

/// A store below `folder` (absolute; must exist before the first message).
///
/// A message is `folder/YYYY/MM/DD/<id>.eml` (the day of its id, UTC), mode 0600, folders 0700. It is written
/// to a file without a name (O_TMPFILE; where the file system has none, to `.new-<id>`), fsynced, linked to
/// its name, and the folder is fsynced; new folders are fsynced into their parents first.
std::unique_ptr<MessageStore> make_file_store(std::string folder, const FileStoreLimits& limits = {});

} // namespace qm::store
