// A preview worker that has been taken over: it does what the message says.
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <unistd.h>

#include "preview/render.h"
#include "preview/sandbox.h"
#include "preview/worker.h"

namespace {

using qm::preview::Preview;

volatile std::sig_atomic_t keeps_on = 1;

void crash()
{
    volatile int* volatile nowhere = nullptr;
    *nowhere = 1;
}

void spin()
{
    while (keeps_on != 0) {
    }
}

/// Deeper than any stack.
int down(int depth) // NOLINT(misc-no-recursion)
{
    volatile char room[4096] = {};
    return keeps_on == 0 ? depth : room[0] + down(depth + 1) + 1;
}

/// For something that never comes.
void wait()
{
    char byte = 0;
    while (read(STDIN_FILENO, &byte, 1) == 1) {
    }
}

/// An answer that never ends, a byte at a time.
void trickle()
{
    const char byte = 1;
    timespec now{};
    qm::preview::FrameWriter size;
    size.number(1U << 20U, 4);
    const std::string length = size.take();
    static_cast<void>(write(STDIN_FILENO, length.data(), length.size()));
    while (write(STDIN_FILENO, &byte, 1) == 1) {
        clock_gettime(CLOCK_REALTIME, &now);
    }
}

/// The answer to a question that nobody has asked yet.
void babble()
{
    Preview lie;
    lie.html = "<p>Somebody else's mail</p>";
    std::string answer = qm::preview::written(lie);
    qm::preview::FrameWriter size;
    size.number(answer.size(), 4);
    answer.insert(0, size.take());
    static_cast<void>(write(STDIN_FILENO, answer.data(), answer.size()));
}

void eat()
{
    for (;;) {
        auto* const block = static_cast<char*>(std::malloc(1U << 20U));
        if (block == nullptr) {
            std::abort();
        }
        std::fill_n(block, 1U << 20U, 'x');
    }
}

void run_own_code()
{
    void* const memory =
        mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        std::abort();
    }
}

const std::map<std::string, void (*)()> kDeeds = {
    {"crash", crash},
    {"abort", [] { std::abort(); }},
    {"exit", [] { _exit(0); }},
    {"spin", spin},
    {"sleep", [] { std::this_thread::sleep_for(std::chrono::minutes(5)); }},
    {"wait", wait},
    {"trickle", trickle},
    {"babble", babble},
    {"eat", eat},
    {"recurse", [] { keeps_on = down(0); }},
    {"socket", [] { socket(AF_INET, SOCK_STREAM, 0); }},
    {"unix", [] { socket(AF_UNIX, SOCK_STREAM, 0); }},
    {"exec", [] { execl("/bin/true", "true", nullptr); }},
    {"fork", [] { static_cast<void>(fork()); }},
    {"thread", [] { std::thread([] {}).join(); }},
    {"kill", [] { kill(getppid(), SIGTERM); }},
    {"trace", [] { ptrace(PTRACE_ATTACH, getppid(), nullptr, nullptr); }},
    {"code", run_own_code},
};

/// "-1", or what it got.
std::string opened(const char* path, int flags)
{
    return std::to_string(::open(path, flags, 0600));
}

int asked = 0; ///< of this process

Preview misbehave(const qm::preview::Request& request, std::string_view message, bool cut)
{
    const std::string deed(message);
    ++asked;
    if (deed == "surroundings") {
        std::size_t variables = 0;
        while (environ[variables] != nullptr) {
            ++variables;
        }
        Preview answer;
        answer.html = std::to_string(variables);
        for (const int descriptor : {2, 3, 4, 5}) {
            answer.html += " " + std::to_string(write(descriptor, "x", 1));
        }
        return answer;
    }
    if (deed == "how often") {
        Preview answer;
        answer.html = std::to_string(asked);
        return answer;
    }
    if (const auto found = kDeeds.find(deed); found != kDeeds.end()) {
        found->second();
        Preview survived;
        survived.html = "survived: " + deed;
        return survived;
    }
    if (deed == "open" || deed == "write") {
        Preview result;
        result.html = deed == "open" ? opened("/etc/passwd", O_RDONLY)
                                     : opened("/tmp/qm-preview-was-here", O_WRONLY | O_CREAT);
        return result;
    }
    Preview lie = qm::preview::rendered(request, message, cut);
    if (deed == "lie") {
        lie.html = "<script>alert(1)</script>";
    } else if (deed == "line") {
        lie.subject = "a\r\nBcc: b@example.org";
        lie.from = "\x1B[2J";
        lie.charset = "a\nb";
        lie.attachments.push_back({.name = "x\r\ny", .type = "a\nb", .size = 1});
        lie.text = "\xFF\xFE";
    } else if (deed == "path") {
        lie.attachments.push_back({.name = "../../etc/passwd", .type = "text/plain", .size = 1});
    } else if (deed == "flood") {
        lie.html = std::string(64U << 20U, 'x');
    }
    return lie;
}

} // namespace

int main()
{
    try {
        qm::preview::prepare_rendering();
        qm::preview::become_nobody();
        return qm::preview::serve(misbehave, {.processor = std::chrono::seconds(1)});
    } catch (const std::exception& error) {
        std::fprintf(stderr, "misbehaving_worker: %s\n", error.what());
        return 1;
    }
}
