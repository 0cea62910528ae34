// A folder whose disk fails when the test says so. Only for programs that faulty_folder.cpp is linked into:
// it stands between every library of the process and the C library's file calls.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace qm::test {

/// What a program asks of a disk, one name for the variants of a call.
enum class Call : std::uint8_t {
    open,
    read,
    write,
    sync,
    link,
    rename,
    unlink,
    make_folder,
    remove_folder,
    truncate,
    allocate,
    map,
    close,
    ask_space, ///< statvfs
};
const char* to_string(Call call);

/// How a call fails.
enum class Fault : std::uint8_t {
    no_space,       ///< ENOSPC
    io_error,       ///< EIO; a failed close closes
    over_quota,     ///< EDQUOT
    too_many_files, ///< EMFILE, ENOMEM for a mapping
    half_written,   ///< no error: a write takes half of the bytes
};
const char* to_string(Fault fault);
/// Whether this call can fail in this way.
bool can_fail(Call call, Fault fault);

/// One call that was seen.
struct SeenCall {
    Call call = Call::open;
    std::string path;       ///< of a link or rename: the new name
    std::uint64_t file = 0; ///< each opened file has a number of its own; 0 where no open file is concerned
    bool failed = false;
};

/// Everything below `path` that this process does through the C library: counted, and failed on demand. What
/// was opened before it existed is not seen. An fsync that is not failed does nothing: no power goes out
/// here.
///
/// Thread-safety: every member may be called at once from any thread.
class FaultyFolder {
  public:
    explicit FaultyFolder(std::string path);
    FaultyFolder(const FaultyFolder&) = delete;
    FaultyFolder& operator=(const FaultyFolder&) = delete;
    ~FaultyFolder();

    /// Counts from now on; 0: nothing fails.
    void watch(std::size_t number = 0, Fault fault = Fault::io_error);
    /// Every call from the number on fails that can fail in this way.
    void watch_and_keep_failing(std::size_t number, Fault fault);
    /// Files without a name are "not supported" here, as on some network file systems.
    void refuse_nameless_files();
    /// Everything works again, nothing is counted.
    void stop();

    bool has_failed() const;
    /// What was seen since watch().
    std::vector<SeenCall> seen() const;

    struct State;

  private:
    std::shared_ptr<State> state_;
};

} // namespace qm::test
