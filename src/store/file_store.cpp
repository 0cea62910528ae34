#include "store/file_store.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <memory>
#include <set>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/file.h"
#include "base/guarded.h"
#include "quarantine/error.h"
#include "store/buffer_memory.h"
#include "store/folder_sync.h"

namespace qm::store {
namespace {

constexpr std::size_t kBuffer = std::size_t{64} * 1024; ///< a longer message goes to its file as it comes
constexpr std::size_t kFirstBuffer = std::size_t{4} * 1024;
constexpr std::string_view kSuffix = ".eml";
constexpr std::string_view kTemporary = ".new-";

constexpr std::array kOptions{
    Option{
        .name = "quarantine_directory",
        .kind = OptionKind::path,
        .help =
            "The folder in which held messages are kept. It must exist and belong to the user of the daemon. "
            "Several quarantines may share one.",
        .aliases = "storage_directory",
        .required = true,
        .example = "/var/lib/quarantine-milter/spam"},
    Option{.name = "reserve_space",
           .kind = OptionKind::size,
           .fallback = "100M",
           .help = "When less is free on the disk of quarantine_directory (spool_directory, a catalog in a "
                   "file), mail that would be held is put off with 451, before anything breaks. 0: never."},
    Option{.name = "buffer_memory",
           .kind = OptionKind::size,
           .fallback = "32M",
           .help =
               "Memory for mail on its way into quarantine_directory (spool_directory), all connections "
               "together: a message stays in it until it is complete, or longer than 64K. Without room in "
               "it a message goes to its file piece by piece, which costs a little more of the processor."},
};

class FileReader final : public MessageReader {
  public:
    FileReader(FileDescriptor file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}

    std::size_t read(std::span<char> buffer) override
    {
        for (;;) {
            const ssize_t got = ::read(file_.get(), buffer.data(), buffer.size());
            if (got >= 0) {
                return static_cast<std::size_t>(got);
            }
            if (errno != EINTR) {
                throw BackendError(fmt::format("store: read {}: {}", path_, error_text(errno)));
            }
        }
    }

  private:
    FileDescriptor file_;
    std::string path_;
};

class FileStore final : public MessageStore {
  public:
    FileStore(std::string folder, const FileStoreLimits& limits)
        : folder_(std::move(folder)), reserve_(limits.reserve_space), buffers_(limits.buffer_memory)
    {
    }

    std::unique_ptr<MessageWriter> create(const HeldId& id) override;

    std::unique_ptr<MessageReader> open(const HeldId& id) override
    {
        const std::string path = path_of(id);
        FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
        if (file) {
            return std::make_unique<FileReader>(std::move(file), path);
        }
        if (errno == ENOENT) {
            return nullptr;
        }
        throw failed("open", path, errno);
    }

    bool remove(const HeldId& id) override
    {
        const std::string path = path_of(id);
        if (unlink(path.c_str()) != 0) {
            if (errno == ENOENT) {
                return false;
            }
            throw failed("delete", path, errno);
        }
        sync_day(day_folder(id));
        return true;
    }

    std::vector<HeldId> remove_all(std::span<const HeldId> ids) override
    {
        std::vector<HeldId> left;
        std::set<std::string> folders;
        for (const HeldId& id : ids) {
            const std::string path = path_of(id);
            if (unlink(path.c_str()) == 0) {
                folders.insert(day_folder(id));
            } else if (errno != ENOENT) {
                left.push_back(id);
            }
        }
        for (const std::string& folder : folders) {
            sync_day(folder);
            drop_if_empty(folder);
        }
        return left;
    }

    void list(Time since, const std::function<bool(const HeldId&)>& visit) override
    {
        list_files(since, visit, message_in);
    }

    bool is_empty() override
    {
        bool none = true;
        each_day(Time{}, [&](const std::string& day) {
            each_entry(day, [&](const std::filesystem::path& path) {
                none = HeldId::parse(message_in(path.filename().string())).empty();
                return none;
            });
            return none;
        });
        return none;
    }

    void list_unfinished(Time since, const std::function<bool(const HeldId&)>& visit) override
    {
        list_files(since, visit, [](const std::string& name) {
            return name.starts_with(kTemporary) ? name.substr(kTemporary.size()) : std::string();
        });
    }

    void remove_unfinished(const HeldId& id) override
    {
        const std::string path = temporary_of(id);
        if (unlink(path.c_str()) != 0 && errno != ENOENT) {
            throw failed("delete", path, errno);
        }
    }

    void check() override
    {
        struct stat status {};
        if (stat(folder_.c_str(), &status) != 0) {
            throw failed("folder", folder_, errno);
        }
        if (!S_ISDIR(status.st_mode)) {
            throw failed("folder", folder_, ENOTDIR);
        }
        if (faccessat(AT_FDCWD, folder_.c_str(), R_OK | W_OK | X_OK, AT_EACCESS) != 0) {
            throw failed("folder", folder_, errno);
        }
    }

    std::string folder() const override { return folder_; }

    std::string lock_file() const override { return folder_ + "/.lock"; }

    std::string day_folder(const HeldId& id) const
    {
        const auto day = std::chrono::floor<std::chrono::days>(id.time());
        const std::chrono::year_month_day date(day);
        return fmt::format("{}/{:04}/{:02}/{:02}", folder_, static_cast<int>(date.year()),
                           static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
    }

    std::string path_of(const HeldId& id) const
    {
        if (id.empty()) {
            throw std::logic_error("store: an empty id");
        }
        return fmt::format("{}/{}{}", day_folder(id), id.str(), kSuffix);
    }

    /// Where a message is written when the file system knows no files without a name.
    std::string temporary_of(const HeldId& id) const
    {
        return fmt::format("{}/{}{}", day_folder(id), kTemporary, id.str());
    }

    /// Makes the day's folder durable. The last one made is remembered.
    void make_day_folder(const std::string& path)
    {
        if (*known_folder_.lock() == path) {
            return;
        }
        std::string parent = folder_;
        std::string_view rest = std::string_view(path).substr(folder_.size() + 1);
        while (!rest.empty()) {
            const auto end = rest.find('/');
            const std::string child = parent + "/" + std::string(rest.substr(0, end));
            if (mkdir(child.c_str(), 0700) != 0 && errno != EEXIST) {
                throw failed("mkdir", child, errno);
            }
            sync_folder(parent);
            parent = child;
            rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
        }
        *known_folder_.lock() = path;
    }

    /// A day that is over leaves no empty folders behind. One in which a message may still arrive stays.
    void drop_if_empty(const std::string& day)
    {
        const auto now =
            std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
        for (const Time time : {now, Time(now - std::chrono::days(1)), Time(now + std::chrono::days(1))}) {
            if (day_folder(HeldId(time, std::string(10, '\0'))) == day) {
                return;
            }
        }
        if (*known_folder_.lock() == day) {
            forget_day_folder();
        }
        for (std::string folder = day; folder != folder_ && rmdir(folder.c_str()) == 0;) {
            folder = std::filesystem::path(folder).parent_path().string();
        }
    }

    BufferMemory& buffers() { return buffers_; }

    /// Of a day's folder. The last one is remembered: nearly all messages are for the same.
    std::shared_ptr<FolderSync> sync_of(const std::string& folder)
    {
        auto last = last_sync_.lock();
        if (*last == nullptr || (*last)->folder() != folder) {
            *last = std::make_shared<FolderSync>(folder);
        }
        return *last;
    }

    /// Where messages are written at this moment their writers hear of a failure, too.
    void sync_day(const std::string& folder)
    {
        const std::shared_ptr<FolderSync> last = *last_sync_.lock();
        if (last != nullptr && last->folder() == folder) {
            last->sync();
        } else {
            sync_folder(folder);
        }
    }

    /// A folder was deleted under us: look again next time.
    void forget_day_folder() { known_folder_.lock()->clear(); }

    static BackendError failed(std::string_view what, const std::string& path, int error_number)
    {
        return BackendError(fmt::format("store: {} {}: {}", what, path, error_text(error_number)));
    }

  private:
    /// What may be the id of the message in a file of this name.
    static std::string message_in(const std::string& name)
    {
        const std::filesystem::path path(name);
        return path.extension() == kSuffix ? path.stem().string() : std::string();
    }

    /// In no order, until `visit` returns false.
    template <typename Visit>
    static void each_entry(const std::string& folder, Visit visit)
    {
        std::error_code error;
        for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
             entry.increment(error)) {
            if (!visit(entry->path())) {
                return;
            }
        }
        // A file where a folder should be is not ours; a folder that went away has nothing to list.
        if (error && error != std::errc::not_a_directory && error != std::errc::no_such_file_or_directory) {
            throw failed("list", folder, error.value());
        }
    }

    /// With `digits`: only names of that many digits; what else lies there (lost+found) is not ours.
    static std::vector<std::string> sorted_entries(const std::string& folder, std::size_t digits = 0)
    {
        std::vector<std::string> entries;
        each_entry(folder, [&](const std::filesystem::path& path) {
            const std::string name = path.filename().string();
            if (digits == 0 ||
                (name.size() == digits && name.find_first_not_of("0123456789") == std::string::npos)) {
                entries.push_back(path.string());
            }
            return true;
        });
        std::ranges::sort(entries);
        return entries;
    }

    /// Files of which `id_in` makes an id of their names, oldest first.
    template <typename IdIn>
    void list_files(Time since, const std::function<bool(const HeldId&)>& visit, IdIn id_in) const
    {
        each_day(since, [&](const std::string& day) {
            for (const std::string& file : sorted_entries(day)) {
                const HeldId id = HeldId::parse(id_in(std::filesystem::path(file).filename().string()));
                if (!id.empty() && id.time() >= since && !visit(id)) {
                    return false;
                }
            }
            return true;
        });
    }

    /// The folders of the days from `since` on, oldest first, until `visit` returns false.
    template <typename Visit>
    void each_day(Time since, Visit visit) const
    {
        const std::string first = day_folder(HeldId(since, std::string(10, '\0')));
        const auto is_earlier = [&](const std::string& folder) {
            return folder.compare(std::string_view(first).substr(0, folder.size())) < 0;
        };
        for (const std::string& year : sorted_entries(folder_, 4)) {
            if (is_earlier(year)) {
                continue;
            }
            for (const std::string& month : sorted_entries(year, 2)) {
                if (is_earlier(month)) {
                    continue;
                }
                for (const std::string& day : sorted_entries(month, 2)) {
                    if (!is_earlier(day) && !visit(day)) {
                        return;
                    }
                }
            }
        }
    }

    std::string folder_;
    std::uint64_t reserve_; ///< bytes
    BufferMemory buffers_;
    Guarded<std::shared_ptr<FolderSync>> last_sync_;
    Guarded<std::string> known_folder_;
};

/// Small messages stay in memory until commit(), as long as the store has some; others go to the file as they
/// come.
class FileWriter final : public MessageWriter {
  public:
    FileWriter(FileStore& store, HeldId id)
        : store_(store), id_(std::move(id)), folder_(store_.day_folder(id_))
    {
    }
    FileWriter(const FileWriter&) = delete;
    FileWriter& operator=(const FileWriter&) = delete;
    ~FileWriter() override
    {
        drop_buffer();
        drop_temporary();
    }

    void write(std::string_view bytes) override
    {
        if (!file_ && fits_buffer(bytes.size())) {
            buffer_.append(bytes);
            return;
        }
        flush();
        put(bytes);
    }

    void commit() override
    {
        flush();
        if (fsync(file_.get()) != 0) {
            throw FileStore::failed("fsync", shown(), errno);
        }
        const std::string path = store_.path_of(id_);
        const std::shared_ptr<FolderSync> folder = store_.sync_of(folder_);
        const std::uint64_t failures = folder->failures();
        link_to(path);
        drop_temporary();
        file_.close();
        try {
            folder->sync(failures);
        } catch (const BackendError& error) {
            unlink(path.c_str());
            throw BackendError(fmt::format("store: {}", error.what()));
        }
    }

  private:
    /// Doubles the buffer when that is what it takes.
    bool fits_buffer(std::size_t more)
    {
        const std::size_t size = buffer_.size() + more;
        if (size <= taken_) {
            return true;
        }
        if (size > kBuffer) {
            return false;
        }
        const std::size_t wanted = std::min(std::max({size, 2 * taken_, kFirstBuffer}), kBuffer);
        if (!store_.buffers().take(wanted - taken_)) {
            return false;
        }
        taken_ = wanted;
        buffer_.reserve(wanted);
        return true;
    }

    void drop_buffer()
    {
        store_.buffers().give_back(std::exchange(taken_, 0));
        std::string().swap(buffer_);
    }

    void flush()
    {
        put(buffer_);
        drop_buffer();
    }

    void put(std::string_view bytes)
    {
        open_file();
        if (const int error_number = write_all(file_.get(), bytes); error_number != 0) {
            throw FileStore::failed("write", shown(), error_number);
        }
    }

    void open_file()
    {
        if (file_) {
            return;
        }
        store_.make_day_folder(folder_);
        if (const int error_number = try_open(); error_number != ENOENT) {
            fail_unless_open(error_number);
            return;
        }
        // The folder was deleted under us: once more from the top.
        store_.forget_day_folder();
        store_.make_day_folder(folder_);
        fail_unless_open(try_open());
    }

    int try_open()
    {
        file_ = FileDescriptor(::open(folder_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
        if (!file_ && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
            temporary_ = store_.temporary_of(id_);
            file_ = FileDescriptor(::open(temporary_.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600));
        }
        return file_ ? 0 : errno;
    }

    void fail_unless_open(int error_number)
    {
        if (!file_) {
            temporary_.clear();
            throw FileStore::failed("open a file in", folder_, error_number);
        }
    }

    void link_to(const std::string& path)
    {
        int result = 0;
        if (temporary_.empty()) {
            const std::string self = fmt::format("/proc/self/fd/{}", file_.get());
            result = linkat(AT_FDCWD, self.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW);
        } else {
            result = link(temporary_.c_str(), path.c_str());
        }
        if (result != 0) {
            const int error_number = errno;
            store_.forget_day_folder();
            throw FileStore::failed("link", path, error_number);
        }
    }

    void drop_temporary()
    {
        if (!temporary_.empty()) {
            unlink(temporary_.c_str());
            temporary_.clear();
        }
    }

    std::string shown() const { return temporary_.empty() ? "a file in " + folder_ : temporary_; }

    FileStore& store_;
    HeldId id_;
    std::string folder_;
    std::string buffer_;
    std::size_t taken_ = 0; ///< of the store's memory
    std::string temporary_;
    FileDescriptor file_;
};

std::unique_ptr<MessageWriter> FileStore::create(const HeldId& id)
{
    expect_room(folder_, reserve_);
    return std::make_unique<FileWriter>(*this, id);
}

} // namespace

std::span<const Option> file_store_options()
{
    return kOptions;
}

std::unique_ptr<MessageStore> make_file_store(std::string folder, const FileStoreLimits& limits)
{
    return std::make_unique<FileStore>(std::move(folder), limits);
}

std::unique_ptr<MessageStore> open_file_store(const Section& section)
{
    return make_file_store(
        section.path("quarantine_directory"),
        {.reserve_space = section.size("reserve_space"), .buffer_memory = section.size("buffer_memory")});
}

} // namespace qm::store
