// quarantinectl preview: needs no configuration, no user, no catalog.
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/file.h"
#include "base/text.h"
#include "ctl/exit_code.h"
#include "ctl/json_of.h"
#include "ctl/read_bytes.h"
#include "ctl/table.h"
#include "ctl/verbs.h"
#include "quarantine/error.h"
#include "quarantine/reading.h"

namespace qm::ctl {
namespace {

/// What is read of the input. A preview stops long before.
constexpr std::size_t kMostInput = 256U << 20U;

/// An open input, read from its beginning. A file, a pipe, a terminal.
class InputReader final : public MessageReader {
  public:
    explicit InputReader(const std::string& name) : name_(name)
    {
        if (name == "-") {
            return;
        }
        file_ = FileDescriptor(::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
        if (!file_) {
            const std::string what = fmt::format("{}: {}", harmless_line(name), error_text(errno));
            if (errno == EACCES) {
                throw NoPermission(what);
            }
            throw UsageError(what);
        }
        struct stat status {};
        if (fstat(file_.get(), &status) == 0 && S_ISDIR(status.st_mode)) {
            throw UsageError(fmt::format("{}: {}", harmless_line(name), error_text(EISDIR)));
        }
    }

    std::size_t read(std::span<char> buffer) override
    {
        for (;;) {
            const ssize_t got = ::read(file_ ? file_.get() : STDIN_FILENO, buffer.data(), buffer.size());
            if (got >= 0) {
                return static_cast<std::size_t>(got);
            }
            if (errno != EINTR) {
                throw BackendError(fmt::format("{}: {}", harmless_line(name_), error_text(errno)));
            }
        }
    }

  private:
    std::string name_;
    FileDescriptor file_;
};

Json json_of(const preview::Preview& preview)
{
    Json filenames = Json::array();
    Json attachments = Json::array();
    for (const auto& attachment : preview.attachments) {
        filenames.push_back(attachment.name);
        attachments.push_back(
            {{"name", attachment.name}, {"type", attachment.type}, {"size", attachment.size}});
    }
    return {{"subject", preview.subject},
            {"from", preview.from},
            {"text", preview.text},
            {"html", preview.html},
            {"charset", preview.charset},
            {"filenames", std::move(filenames)},
            {"attachments", std::move(attachments)}};
}

void print(Output& output, const preview::Preview& preview)
{
    Table table;
    table.row({"From:", text::one_line(preview.from)});
    table.row({"Subject:", text::one_line(preview.subject)});
    for (const auto& attachment : preview.attachments) {
        table.row({"Attachment:",
                   fmt::format("{} ({}, {})", text::one_line(attachment.name, 200),
                               text::one_line(attachment.type, 100), text::human_size(attachment.size))});
    }
    output.write(table.str());
    output.line("");
    output.write(harmless_lines(preview.text));
    if (!preview.text.ends_with('\n')) {
        output.line("");
    }
}

void print_fragment(Output& output, const std::string& html)
{
    if (output.wants_json()) {
        output.json({{"html", html}});
        return;
    }
    // A file or a program gets it unchanged; a terminal would obey what a browser does not.
    output.write(output.is_terminal() ? harmless_lines(html) : html);
    if (!html.ends_with('\n')) {
        output.line("");
    }
}

} // namespace

int run_preview(Context& context)
{
    InputReader input(context.arguments().input);
    if (context.arguments().html) {
        print_fragment(context.output(), preview::sanitized(read_all(input, kMostInput), {}));
        return kDone;
    }
    const preview::Preview preview = preview::preview(&input, {});
    if (context.output().wants_json()) {
        context.output().json(json_of(preview));
    } else {
        print(context.output(), preview);
    }
    return kDone;
}

} // namespace qm::ctl
