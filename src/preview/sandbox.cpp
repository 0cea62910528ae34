#include "preview/sandbox.h"

#include <seccomp.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <string>
#include <vector>

#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/c_ptr.h"
#include "base/file.h"

namespace qm::preview {
namespace {

constexpr uid_t kNobody = 65534;

[[noreturn]] void fail(const std::string& what, int error = errno)
{
    throw std::runtime_error(what + ": " + error_text(error));
}

void drop_user()
{
    if (geteuid() != 0) {
        return;
    }
    if (setgroups(0, nullptr) != 0 || setresgid(kNobody, kNobody, kNobody) != 0 ||
        setresuid(kNobody, kNobody, kNobody) != 0) {
        fail("cannot become nobody");
    }
}

void limit(int resource, rlim_t value, const char* name)
{
    const rlimit both{.rlim_cur = value, .rlim_max = value};
    if (setrlimit(static_cast<__rlimit_resource>(resource), &both) != 0) {
        fail(std::string("cannot limit ") + name);
    }
}

#ifndef QM_SANITIZED

/// Only descriptor 0 stays, and 2 until the walls stand; what is written to 1 goes nowhere.
void close_others()
{
    FileDescriptor nowhere(::open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!nowhere || dup2(nowhere.get(), STDOUT_FILENO) < 0) {
        fail("cannot use /dev/null");
    }
    nowhere.close();
    if (close_range(STDERR_FILENO + 1, ~0U, 0) != 0) {
        fail("cannot close descriptors");
    }
}

/// Calls that may be made whatever their arguments are.
constexpr std::array kHarmless = {
    SCMP_SYS(read),          SCMP_SYS(write),           SCMP_SYS(close),     SCMP_SYS(brk),
    SCMP_SYS(munmap),        SCMP_SYS(mremap),          SCMP_SYS(madvise),   SCMP_SYS(futex),
    SCMP_SYS(clock_gettime), SCMP_SYS(restart_syscall), SCMP_SYS(getrandom), SCMP_SYS(exit),
    SCMP_SYS(exit_group),
};

/// Calls that libraries make to look whether there is a file, a charset for example: there is none.
constexpr std::array kRefused = {
    SCMP_SYS(openat), SCMP_SYS(open),  SCMP_SYS(newfstatat), SCMP_SYS(stat),
    SCMP_SYS(lstat),  SCMP_SYS(statx), SCMP_SYS(access),     SCMP_SYS(faccessat),
};

class Filter {
  public:
    Filter() : context_(seccomp_init(SCMP_ACT_KILL_PROCESS))
    {
        if (!context_) {
            throw std::bad_alloc();
        }
    }

    void allow(int call) { check(seccomp_rule_add_array(context_.get(), SCMP_ACT_ALLOW, call, 0, nullptr)); }
    void refuse(int call)
    {
        check(seccomp_rule_add_array(context_.get(), SCMP_ACT_ERRNO(EACCES), call, 0, nullptr));
    }
    /// Only while these bits of an argument are not set.
    void allow_without(int call, unsigned argument, scmp_datum_t bits)
    {
        const scmp_arg_cmp none{.arg = argument, .op = SCMP_CMP_MASKED_EQ, .datum_a = bits, .datum_b = 0};
        check(seccomp_rule_add_array(context_.get(), SCMP_ACT_ALLOW, call, 1, &none));
    }
    /// Memory that belongs to no file, and that is not run.
    void allow_anonymous_memory()
    {
        const std::array both = {
            scmp_arg_cmp{.arg = 2, .op = SCMP_CMP_MASKED_EQ, .datum_a = PROT_EXEC, .datum_b = 0},
            scmp_arg_cmp{
                .arg = 3, .op = SCMP_CMP_MASKED_EQ, .datum_a = MAP_ANONYMOUS, .datum_b = MAP_ANONYMOUS}};
        check(
            seccomp_rule_add_array(context_.get(), SCMP_ACT_ALLOW, SCMP_SYS(mmap), both.size(), both.data()));
    }
    /// As the kernel takes it.
    std::vector<sock_filter> compiled() const
    {
        std::array<int, 2> ends{};
        if (pipe2(ends.data(), O_CLOEXEC) != 0) {
            fail("cannot open a pipe");
        }
        FileDescriptor out(ends[0]);
        FileDescriptor in(ends[1]);
        check(seccomp_export_bpf(context_.get(), in.get())); // a few hundred bytes: they fit the pipe
        in.close();
        std::vector<sock_filter> program(BPF_MAXINSNS);
        const ssize_t bytes = read(out.get(), program.data(), program.size() * sizeof(sock_filter));
        if (bytes <= 0 || static_cast<std::size_t>(bytes) % sizeof(sock_filter) != 0) {
            fail("cannot read the system call filter");
        }
        program.resize(static_cast<std::size_t>(bytes) / sizeof(sock_filter));
        return program;
    }

  private:
    static void check(int result)
    {
        if (result != 0) {
            fail("cannot set the system call filter", -result);
        }
    }
    CPtr<void, seccomp_release> context_;
};

std::vector<sock_filter> make_filter()
{
    Filter filter;
    for (const int call : kHarmless) {
        filter.allow(call);
    }
    for (const int call : kRefused) {
        filter.refuse(call);
    }
    filter.allow_without(SCMP_SYS(mprotect), 2, PROT_EXEC);
    filter.allow_anonymous_memory();
    return filter.compiled();
}

/// Making it takes longer than reading most messages.
const std::vector<sock_filter>& filter_program()
{
    static const std::vector<sock_filter> program = make_filter();
    return program;
}

void filter_calls()
{
    std::vector<sock_filter> program = filter_program();
    const sock_fprog all{.len = static_cast<unsigned short>(program.size()), .filter = program.data()};
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &all) != 0) {
        fail("cannot set the system call filter");
    }
}

#endif

} // namespace

void prepare_confinement()
{
#ifndef QM_SANITIZED
    filter_program();
#endif
}

void become_nobody()
{
    if (chdir("/") != 0) {
        fail("cannot go to /");
    }
    drop_user();
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        fail("cannot give up privileges");
    }
}

void confine(const Confinement& confinement)
{
    limit(RLIMIT_CPU, static_cast<rlim_t>(confinement.processor.count()), "processor time");
#ifndef QM_SANITIZED
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
        fail("cannot hide memory");
    }
    close_others();
    limit(RLIMIT_AS, confinement.memory, "memory");
    limit(RLIMIT_CORE, 0, "core files");
    limit(RLIMIT_FSIZE, 0, "files");
    limit(RLIMIT_NOFILE, 0, "descriptors");
    limit(RLIMIT_NPROC, 0, "processes");
    filter_calls();
    ::close(STDERR_FILENO);
#endif
}

} // namespace qm::preview
