// Files named on the command line, read with the rights of whoever called.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <sys/types.h>

#include "base/file.h"
#include "quarantine/held_mail.h"

namespace qm::ctl {

/// One file, or why it was skipped.
struct FedFile {
    std::string name; ///< the name given, and below a folder the path behind it
    Time changed{};
    std::string bytes;   ///< empty where they went elsewhere
    std::string skipped; ///< not empty: it was not read, or not to its end, for this reason
};

/// Reads a file, or every file below a folder, in a child process that is forked before this one gives up
/// root's rights. The child does nothing else, and ends with this object. The same way is gone when there
/// are no rights to give up.
///
/// Regular files only. Below a folder no symbolic link is followed, so that nobody who may write there can
/// have another file read; hidden files are left out, and so is what a Maildir keeps in tmp/ (being
/// delivered). Files come in the order of their names; one whose name is another's with `companion` behind
/// it comes right after that one.
///
/// Thread-safety: none. Make it before threads start.
class FileFeed {
  public:
    /// Of a file whose bytes are wanted in memory.
    static constexpr std::uint64_t kLargestFile = 256ULL << 20U;
    static constexpr std::uint64_t kNoLimit = UINT64_MAX;
    static constexpr int kDeepest = 32; ///< folders within folders

    enum class Kind : std::uint8_t { file, folder, unreadable };

    /// Errors: BackendError when there can be no child.
    /// `largest`: files of more bytes are skipped.
    explicit FileFeed(const std::string& path, std::string_view companion = {},
                      std::uint64_t largest = kLargestFile);
    ~FileFeed();
    FileFeed(const FileFeed&) = delete;
    FileFeed& operator=(const FileFeed&) = delete;

    Kind kind() const { return kind_; }
    /// With `unreadable`: why, as errno has it.
    int error() const { return error_; }

    /// The next file, in memory; nothing at the end. Errors: BackendError when the child ended early.
    std::optional<FedFile> next();

    /// Gets a file as it comes: all but the bytes, and the next piece of these.
    using Take = std::function<void(const FedFile& file, std::string_view piece)>;
    /// The same with the bytes given away piece by piece, in memory for one piece.
    std::optional<FedFile> next(const Take& take);

  private:
    void receive(char* to, std::size_t count);
    std::string receive_text(std::size_t length);

    FileDescriptor pipe_;
    pid_t child_ = -1;
    Kind kind_ = Kind::unreadable;
    int error_ = 0;
};

} // namespace qm::ctl
