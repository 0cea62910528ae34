#include "preview/worker.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <optional>
#include <string>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "preview/render.h"

namespace qm::preview {
namespace {

constexpr int kSocket = STDIN_FILENO;

/// False: the other end is closed.
bool read_exactly(char* to, std::size_t count)
{
    while (count > 0) {
        const ssize_t got = ::read(kSocket, to, count);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return false;
        }
        to += got;
        count -= static_cast<std::size_t>(got);
    }
    return true;
}

std::optional<std::uint32_t> read_length()
{
    std::array<char, 4> bytes{};
    if (!read_exactly(bytes.data(), bytes.size())) {
        return std::nullopt;
    }
    return static_cast<std::uint32_t>(FrameReader({bytes.data(), bytes.size()}).number(4));
}

/// How the message ended: 0, kCutHere, kForget. Nothing: the other end is closed.
std::optional<std::uint32_t> read_message(std::string& message)
{
    for (;;) {
        const auto length = read_length();
        if (!length || *length == 0 || *length == kCutHere || *length == kForget) {
            return length;
        }
        const std::size_t before = message.size();
        message.resize(before + *length);
        if (!read_exactly(message.data() + before, *length)) {
            return std::nullopt;
        }
    }
}

/// The life of a child; its exit code.
int serve_one(const Render& render, const Confinement& confinement, pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::close(kReports); // so that its end is that of the parent
    if (getppid() != parent) {
        return kNobodyThere;
    }
    try {
        confine(confinement);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "quarantine-preview: %s\n", error.what());
        return EX_OSERR;
    }
    return answer_one(render);
}

} // namespace

int answer_one(const Render& render)
{
    const auto length = read_length();
    if (!length || *length > kMaxHead) {
        return length ? EX_PROTOCOL : kNobodyThere;
    }
    std::string head(*length, '\0');
    if (!read_exactly(head.data(), head.size())) {
        return kNobodyThere;
    }
    const auto request = read_request(head);
    if (!request) {
        return EX_PROTOCOL;
    }
    std::string message;
    const auto end = read_message(message);
    if (!end) {
        return kNobodyThere;
    }
    if (*end == kForget) {
        return EX_OK;
    }
    const std::string answer = written(render(*request, message, *end == kCutHere));
    FrameWriter size;
    size.number(answer.size(), 4);
    const bool told = write_all(kSocket, size.take()) == 0 && write_all(kSocket, answer) == 0;
    return told ? EX_OK : kNobodyThere;
}

int serve(const Render& render, const Confinement& confinement)
{
    try {
        prepare_confinement();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "quarantine-preview: %s\n", error.what());
        return EX_OSERR;
    }
    for (;;) {
        const pid_t parent = getpid();
        const pid_t child = fork();
        if (child < 0) {
            return EX_OSERR;
        }
        if (child == 0) {
            _exit(serve_one(render, confinement, parent));
        }
        int status = 0;
        while (waitpid(child, &status, 0) < 0) {
            if (errno != EINTR) {
                return EX_OSERR;
            }
        }
        if (WIFEXITED(status) && WEXITSTATUS(status) == kNobodyThere) {
            return EX_OK;
        }
        FrameWriter report;
        report.number(static_cast<std::uint32_t>(status), 4);
        if (write_all(kReports, report.take()) != 0) {
            return EX_OK;
        }
    }
}

Preview rendered(const Request& request, std::string_view message, bool cut)
{
    PreviewOptions options;
    options.max_text = request.max_text;
    options.replacement_image = request.replacement_image;
    options.wants_text = request.wants_text;
    if (request.task == Task::message) {
        return render(message, cut, options);
    }
    Preview preview;
    preview.html = render_html(message, options);
    return preview;
}

} // namespace qm::preview
