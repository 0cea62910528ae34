// Messages as files (quarantine_type = FILE).
#pragma once

#include <span>
#include <string>

#include "quarantine/store.h"

namespace qm::store {

std::span<const Option> file_store_options();

std::unique_ptr<MessageStore> open_file_store(const Section& section);

/// A store below `folder` (absolute; must exist before the first message).
///
/// A message is `folder/YYYY/MM/DD/<id>.eml` (the day of its id, UTC), mode 0600, folders 0700. It is written
/// to a file without a name (O_TMPFILE; where the file system has none, to `.new-<id>`), fsynced, linked to
/// its name, and the folder is fsynced; new folders are fsynced into their parents first. No message is begun
/// when fewer than `reserve` bytes are free.
std::unique_ptr<MessageStore> make_file_store(std::string folder, std::uint64_t reserve = 0);

} // namespace qm::store
