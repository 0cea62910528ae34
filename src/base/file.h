// Files: whole, durable, with the reason when something fails.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace qm {

/// Owns a file descriptor.
class FileDescriptor {
  public:
    FileDescriptor() = default;
    explicit FileDescriptor(int descriptor) : descriptor_(descriptor) {}
    FileDescriptor(FileDescriptor&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    FileDescriptor& operator=(FileDescriptor&& other) noexcept
    {
        std::swap(descriptor_, other.descriptor_);
        return *this;
    }
    ~FileDescriptor();

    int get() const { return descriptor_; }
    explicit operator bool() const { return descriptor_ >= 0; }
    /// The caller owns it from here.
    int release() { return std::exchange(descriptor_, -1); }
    void close();

  private:
    int descriptor_ = -1;
};

/// "No space left on device"
std::string error_text(int error_number);

/// Reads a whole regular file. Errors: BackendError with the path and the reason; also when it is longer than
/// `limit` bytes.
std::string read_file(const std::string& path, std::uint64_t limit);

/// Writes everything, going on after short writes and interruptions. Returns 0 or errno.
int write_all(int descriptor, std::string_view bytes);

/// Throws when fewer than `reserve` bytes are free where `folder` is (for users without privileges). 0:
/// never. Errors: BackendError.
void expect_room(const std::string& folder, std::uint64_t reserve);

/// fsync of a folder. Errors: BackendError.
void sync_folder(const std::string& path);

} // namespace qm
