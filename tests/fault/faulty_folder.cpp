#include "fault/faulty_folder.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <mutex>
#include <utility>

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace qm::test {

struct FaultyFolder::State {
    std::string prefix; ///< with a slash at the end
    mutable std::mutex mutex;
    // All of it guarded by the mutex:
    bool watching = false;
    bool nameless = true;
    std::size_t number = 0;
    Fault fault = Fault::io_error;
    bool for_good = false;
    bool failed = false;
    std::vector<SeenCall> seen;
};

namespace {

using StatePtr = std::shared_ptr<FaultyFolder::State>;

/// An open file below a watched folder.
struct OpenFile {
    StatePtr folder;
    std::string path;
    std::uint64_t number = 0;
};

/// Which descriptors and paths are watched. Never destroyed: libraries close files until the very end.
class Register {
  public:
    static Register& of_process()
    {
        static auto* const all = new Register;
        return *all;
    }

    void add(StatePtr folder)
    {
        const std::lock_guard lock(mutex_);
        folders_.push_back(std::move(folder));
        count_.store(folders_.size());
    }

    void remove(const StatePtr& folder)
    {
        const std::lock_guard lock(mutex_);
        std::erase(folders_, folder);
        count_.store(folders_.size());
        for (std::size_t i = 0; i < files_.size(); ++i) {
            if (files_[i].folder == folder) {
                files_[i] = {};
                is_watched_[i].store(false);
            }
        }
    }

    StatePtr folder_of(const char* path)
    {
        if (path == nullptr || count_.load() == 0) {
            return nullptr;
        }
        const std::string_view name(path);
        const std::lock_guard lock(mutex_);
        const auto found = std::ranges::find_if(folders_, [&](const StatePtr& folder) {
            return name.starts_with(folder->prefix) ||
                   name == folder->prefix.substr(0, folder->prefix.size() - 1);
        });
        return found == folders_.end() ? nullptr : *found;
    }

    void opened(int descriptor, StatePtr folder, const char* path)
    {
        if (!is_kept(descriptor)) {
            return;
        }
        const auto place = static_cast<std::size_t>(descriptor);
        if (folder == nullptr && !is_watched_[place].load()) {
            return;
        }
        const std::lock_guard lock(mutex_);
        is_watched_[place].store(folder != nullptr);
        files_[place] = {.folder = std::move(folder), .path = path, .number = ++last_};
    }

    OpenFile file(int descriptor)
    {
        if (!is_kept(descriptor) || !is_watched_[static_cast<std::size_t>(descriptor)].load()) {
            return {};
        }
        const std::lock_guard lock(mutex_);
        return files_[static_cast<std::size_t>(descriptor)];
    }

    void closing(int descriptor)
    {
        const auto place = static_cast<std::size_t>(descriptor);
        const std::lock_guard lock(mutex_);
        is_watched_[place].store(false);
        files_[place] = {};
    }

    /// The open file that once got this name.
    std::uint64_t number_of(const std::string& path)
    {
        const std::lock_guard lock(mutex_);
        const auto found =
            std::ranges::find_if(files_, [&](const OpenFile& file) { return file.path == path; });
        return found == files_.end() ? 0 : found->number;
    }

  private:
    static constexpr std::size_t kDescriptors = 4096;
    static bool is_kept(int descriptor)
    {
        return descriptor >= 0 && static_cast<std::size_t>(descriptor) < kDescriptors;
    }

    std::mutex mutex_;
    std::vector<StatePtr> folders_;
    std::atomic<std::size_t> count_{0};
    std::array<OpenFile, kDescriptors> files_{};
    std::array<std::atomic<bool>, kDescriptors> is_watched_{};
    std::uint64_t last_ = 0;
};

int error_of(Call call, Fault fault)
{
    switch (fault) {
    case Fault::no_space:
        return ENOSPC;
    case Fault::over_quota:
        return EDQUOT;
    case Fault::too_many_files:
        return call == Call::map ? ENOMEM : EMFILE;
    case Fault::io_error:
    case Fault::half_written:
        break;
    }
    return EIO;
}

enum class Fate : std::uint8_t { works, fails, half };

/// Counts a call and says what becomes of it; with `fails` errno is set.
Fate fate_of(FaultyFolder::State& folder, Call call, std::string path, std::uint64_t file)
{
    const std::lock_guard lock(folder.mutex);
    if (!folder.watching) {
        return Fate::works;
    }
    folder.seen.push_back({.call = call, .path = std::move(path), .file = file, .failed = false});
    const std::size_t number = folder.seen.size();
    const bool due = folder.number != 0 &&
                     (folder.for_good ? number >= folder.number : number == folder.number) &&
                     can_fail(call, folder.fault);
    if (!due) {
        return Fate::works;
    }
    folder.failed = true;
    folder.seen.back().failed = true;
    errno = error_of(call, folder.fault);
    return folder.fault == Fault::half_written ? Fate::half : Fate::fails;
}

bool path_fails(Call call, const char* path, std::uint64_t file = 0)
{
    const StatePtr folder = Register::of_process().folder_of(path);
    return folder != nullptr && fate_of(*folder, call, path, file) == Fate::fails;
}

Fate fate_of_file(Call call, int descriptor)
{
    const OpenFile file = Register::of_process().file(descriptor);
    return file.folder == nullptr ? Fate::works : fate_of(*file.folder, call, file.path, file.number);
}

/// The C library's own function of this name.
template <typename Function>
Function real(const char* name)
{
    return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name)); // NOLINT: that is what dlsym is for
}

template <typename Open>
int open_watched(const char* path, int flags, Open open)
{
    const StatePtr folder = Register::of_process().folder_of(path);
    if (folder != nullptr) {
        {
            const std::lock_guard lock(folder->mutex);
            if (!folder->nameless && (flags & O_TMPFILE) == O_TMPFILE) {
                errno = EOPNOTSUPP;
                return -1;
            }
        }
        if (fate_of(*folder, Call::open, path, 0) == Fate::fails) {
            return -1;
        }
    }
    const int descriptor = open();
    if (descriptor >= 0) {
        Register::of_process().opened(descriptor, folder, path);
    }
    return descriptor;
}

template <typename Write>
ssize_t write_watched(int descriptor, std::size_t size, Write write)
{
    switch (fate_of_file(Call::write, descriptor)) {
    case Fate::fails:
        return -1;
    case Fate::half:
        return write(std::max<std::size_t>(1, size / 2));
    case Fate::works:
        break;
    }
    return write(size);
}

template <typename Sync>
int sync_watched(int descriptor, Sync sync)
{
    if (Register::of_process().file(descriptor).folder == nullptr) {
        return sync();
    }
    return fate_of_file(Call::sync, descriptor) == Fate::fails ? -1 : 0;
}

/// Which open file a link gives a name to: /proc/self/fd/N, or the name it has already.
std::uint64_t linked_file(const char* from)
{
    constexpr std::string_view kSelf = "/proc/self/fd/";
    const std::string name(from);
    return name.starts_with(kSelf)
               ? Register::of_process().file(std::atoi(name.c_str() + kSelf.size())).number // NOLINT: ours
               : Register::of_process().number_of(name);
}

mode_t mode_of(int flags, va_list arguments)
{
    // NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): every caller has begun the list
    return (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
}

} // namespace

const char* to_string(Call call)
{
    constexpr std::array kNames{"open",  "read",  "write",    "fsync",    "link", "rename", "unlink",
                                "mkdir", "rmdir", "truncate", "allocate", "mmap", "close",  "statvfs"};
    return kNames.at(static_cast<std::size_t>(call));
}

const char* to_string(Fault fault)
{
    constexpr std::array kNames{"ENOSPC", "EIO", "EDQUOT", "EMFILE", "half written"};
    return kNames.at(static_cast<std::size_t>(fault));
}

bool can_fail(Call call, Fault fault)
{
    switch (fault) {
    case Fault::io_error:
        return true;
    case Fault::half_written:
        return call == Call::write;
    case Fault::too_many_files:
        return call == Call::open || call == Call::map;
    case Fault::no_space:
    case Fault::over_quota:
        break;
    }
    switch (call) {
    case Call::open:
    case Call::write:
    case Call::sync:
    case Call::link:
    case Call::rename:
    case Call::make_folder:
    case Call::truncate:
    case Call::allocate:
        return true;
    default:
        return false;
    }
}

FaultyFolder::FaultyFolder(std::string path) : state_(std::make_shared<State>())
{
    state_->prefix = std::move(path) + "/";
    Register::of_process().add(state_);
}

FaultyFolder::~FaultyFolder()
{
    Register::of_process().remove(state_);
}

void FaultyFolder::watch(std::size_t number, Fault fault)
{
    const std::lock_guard lock(state_->mutex);
    state_->watching = true;
    state_->number = number;
    state_->fault = fault;
    state_->for_good = false;
    state_->failed = false;
    state_->seen.clear();
}

void FaultyFolder::watch_and_keep_failing(std::size_t number, Fault fault)
{
    watch(number, fault);
    const std::lock_guard lock(state_->mutex);
    state_->for_good = true;
}

void FaultyFolder::refuse_nameless_files()
{
    const std::lock_guard lock(state_->mutex);
    state_->nameless = false;
}

void FaultyFolder::stop()
{
    const std::lock_guard lock(state_->mutex);
    state_->watching = false;
}

bool FaultyFolder::has_failed() const
{
    const std::lock_guard lock(state_->mutex);
    return state_->failed;
}

std::vector<SeenCall> FaultyFolder::seen() const
{
    const std::lock_guard lock(state_->mutex);
    return state_->seen;
}

} // namespace qm::test

// The program's symbols come before the C library's, for its shared libraries too (it is linked with its
// symbols exported). Names and signatures are the C library's.
// NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl50-cpp,readability-inconsistent-declaration-parameter-name)
using namespace qm::test; // NOLINT: the functions below can stand in no namespace

extern "C" {

int open(const char* path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    const mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    static const auto call = real<int (*)(const char*, int, ...)>("open");
    return open_watched(path, flags, [&] { return call(path, flags, mode); });
}

int open64(const char* path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    const mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    static const auto call = real<int (*)(const char*, int, ...)>("open64");
    return open_watched(path, flags, [&] { return call(path, flags, mode); });
}

int __open_2(const char* path, int flags)
{
    return open(path, flags); // NOLINT: without O_CREAT there is no mode
}

int __open64_2(const char* path, int flags)
{
    return open64(path, flags); // NOLINT: likewise
}

// The standard library opens folders through these and closes them without our knowledge: counted and failed,
// but what comes out is not watched.
int openat(int folder, const char* path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    const mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    static const auto call = real<int (*)(int, const char*, int, ...)>("openat");
    return path_fails(Call::open, path) ? -1 : call(folder, path, flags, mode);
}

int openat64(int folder, const char* path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    const mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    static const auto call = real<int (*)(int, const char*, int, ...)>("openat64");
    return path_fails(Call::open, path) ? -1 : call(folder, path, flags, mode);
}

ssize_t read(int descriptor, void* buffer, std::size_t size)
{
    static const auto call = real<ssize_t (*)(int, void*, std::size_t)>("read");
    return fate_of_file(Call::read, descriptor) == Fate::fails ? -1 : call(descriptor, buffer, size);
}

ssize_t pread(int descriptor, void* buffer, std::size_t size, off_t offset)
{
    static const auto call = real<ssize_t (*)(int, void*, std::size_t, off_t)>("pread");
    return fate_of_file(Call::read, descriptor) == Fate::fails ? -1 : call(descriptor, buffer, size, offset);
}

ssize_t pread64(int descriptor, void* buffer, std::size_t size, off64_t offset)
{
    static const auto call = real<ssize_t (*)(int, void*, std::size_t, off64_t)>("pread64");
    return fate_of_file(Call::read, descriptor) == Fate::fails ? -1 : call(descriptor, buffer, size, offset);
}

ssize_t write(int descriptor, const void* bytes, std::size_t size)
{
    static const auto call = real<ssize_t (*)(int, const void*, std::size_t)>("write");
    return write_watched(descriptor, size, [&](std::size_t part) { return call(descriptor, bytes, part); });
}

ssize_t pwrite(int descriptor, const void* bytes, std::size_t size, off_t offset)
{
    static const auto call = real<ssize_t (*)(int, const void*, std::size_t, off_t)>("pwrite");
    return write_watched(descriptor, size,
                         [&](std::size_t part) { return call(descriptor, bytes, part, offset); });
}

ssize_t pwrite64(int descriptor, const void* bytes, std::size_t size, off64_t offset)
{
    static const auto call = real<ssize_t (*)(int, const void*, std::size_t, off64_t)>("pwrite64");
    return write_watched(descriptor, size,
                         [&](std::size_t part) { return call(descriptor, bytes, part, offset); });
}

int fsync(int descriptor)
{
    static const auto call = real<int (*)(int)>("fsync");
    return sync_watched(descriptor, [&] { return call(descriptor); });
}

int fdatasync(int descriptor)
{
    static const auto call = real<int (*)(int)>("fdatasync");
    return sync_watched(descriptor, [&] { return call(descriptor); });
}

int link(const char* from, const char* to) noexcept
{
    static const auto call = real<int (*)(const char*, const char*)>("link");
    return path_fails(Call::link, to, linked_file(from)) ? -1 : call(from, to);
}

int linkat(int from_folder, const char* from, int to_folder, const char* to, int flags) noexcept
{
    static const auto call = real<int (*)(int, const char*, int, const char*, int)>("linkat");
    return path_fails(Call::link, to, linked_file(from)) ? -1 : call(from_folder, from, to_folder, to, flags);
}

int rename(const char* from, const char* to) noexcept
{
    static const auto call = real<int (*)(const char*, const char*)>("rename");
    return path_fails(Call::rename, to) ? -1 : call(from, to);
}

int unlink(const char* path) noexcept
{
    static const auto call = real<int (*)(const char*)>("unlink");
    return path_fails(Call::unlink, path) ? -1 : call(path);
}

int mkdir(const char* path, mode_t mode) noexcept
{
    static const auto call = real<int (*)(const char*, mode_t)>("mkdir");
    return path_fails(Call::make_folder, path) ? -1 : call(path, mode);
}

int rmdir(const char* path) noexcept
{
    static const auto call = real<int (*)(const char*)>("rmdir");
    return path_fails(Call::remove_folder, path) ? -1 : call(path);
}

int ftruncate(int descriptor, off_t size) noexcept
{
    static const auto call = real<int (*)(int, off_t)>("ftruncate");
    return fate_of_file(Call::truncate, descriptor) == Fate::fails ? -1 : call(descriptor, size);
}

int ftruncate64(int descriptor, off64_t size) noexcept
{
    static const auto call = real<int (*)(int, off64_t)>("ftruncate64");
    return fate_of_file(Call::truncate, descriptor) == Fate::fails ? -1 : call(descriptor, size);
}

int fallocate(int descriptor, int mode, off_t offset, off_t size)
{
    static const auto call = real<int (*)(int, int, off_t, off_t)>("fallocate");
    return fate_of_file(Call::allocate, descriptor) == Fate::fails ? -1
                                                                   : call(descriptor, mode, offset, size);
}

int fallocate64(int descriptor, int mode, off64_t offset, off64_t size)
{
    static const auto call = real<int (*)(int, int, off64_t, off64_t)>("fallocate64");
    return fate_of_file(Call::allocate, descriptor) == Fate::fails ? -1
                                                                   : call(descriptor, mode, offset, size);
}

void* mmap(void* where, std::size_t size, int protection, int flags, int descriptor, off_t offset) noexcept
{
    static const auto call = real<void* (*)(void*, std::size_t, int, int, int, off_t)>("mmap");
    return descriptor >= 0 && fate_of_file(Call::map, descriptor) == Fate::fails
               ? MAP_FAILED // NOLINT: C's cast
               : call(where, size, protection, flags, descriptor, offset);
}

void* mmap64(void* where, std::size_t size, int protection, int flags, int descriptor,
             off64_t offset) noexcept
{
    static const auto call = real<void* (*)(void*, std::size_t, int, int, int, off64_t)>("mmap64");
    return descriptor >= 0 && fate_of_file(Call::map, descriptor) == Fate::fails
               ? MAP_FAILED // NOLINT: C's cast
               : call(where, size, protection, flags, descriptor, offset);
}

int statvfs(const char* path, struct statvfs* answer) noexcept
{
    static const auto call = real<int (*)(const char*, struct statvfs*)>("statvfs");
    return path_fails(Call::ask_space, path) ? -1 : call(path, answer);
}

int statvfs64(const char* path, struct statvfs64* answer) noexcept
{
    static const auto call = real<int (*)(const char*, struct statvfs64*)>("statvfs64");
    return path_fails(Call::ask_space, path) ? -1 : call(path, answer);
}

int fstatvfs(int descriptor, struct statvfs* answer) noexcept
{
    static const auto call = real<int (*)(int, struct statvfs*)>("fstatvfs");
    return fate_of_file(Call::ask_space, descriptor) == Fate::fails ? -1 : call(descriptor, answer);
}

int close(int descriptor)
{
    static const auto call = real<int (*)(int)>("close");
    const OpenFile file = Register::of_process().file(descriptor);
    if (file.folder == nullptr) {
        return call(descriptor);
    }
    const Fate fate = fate_of(*file.folder, Call::close, file.path, file.number);
    const int error_number = errno;
    Register::of_process().closing(descriptor); // before somebody else gets the number
    const int result = call(descriptor);
    if (fate == Fate::fails) {
        errno = error_number;
        return -1;
    }
    return result;
}

} // extern "C"
// NOLINTEND(bugprone-reserved-identifier,cert-dcl50-cpp,readability-inconsistent-declaration-parameter-name)
