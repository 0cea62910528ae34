// quarantinectl cat
#include <array>

#include <fmt/format.h>

#include "ctl/exit_code.h"
#include "ctl/id_argument.h"
#include "ctl/json_of.h"
#include "ctl/read_bytes.h"
#include "ctl/verbs.h"

namespace qm::ctl {
namespace {

/// Of a header block; the longest that a mail server hands over is far below.
constexpr std::size_t kMostHeaders = 16U << 20U;

void check_forms(const Arguments& arguments, const Output& output)
{
    if (static_cast<int>(arguments.headers) + static_cast<int>(arguments.text) +
            static_cast<int>(arguments.eml) >
        1) {
        throw UsageError("--text, --headers and --eml exclude each other");
    }
    if (arguments.eml && output.wants_json()) {
        throw UsageError("--eml has no --json");
    }
    if (arguments.eml && output.is_terminal()) {
        throw UsageError(
            "--eml are the raw bytes and may do anything to a terminal: redirect them into a file");
    }
}

std::unique_ptr<MessageReader> open_bytes(Context& context, Desk& desk, const HeldMail& mail, Tally& tally)
{
    auto reader = desk.open(mail);
    if (!reader) {
        tally.failed();
        context.output().problem(fmt::format("{}: its bytes are not kept{}", mail.id.str(),
                                             mail.stored || mail.gone ? " any more" : ""));
    }
    return reader;
}

void print_headers(Output& output, const HeldMail& mail, MessageReader& reader)
{
    mail::Headers headers;
    mail::parse_headers(read_head(reader, kMostHeaders), headers);
    if (!output.wants_json()) {
        output.write(harmless_lines(headers.block()));
        return;
    }
    Json list = Json::array();
    for (std::size_t i = 0; i < headers.size(); ++i) {
        list.push_back({{"name", headers[i].name}, {"value", headers[i].value}});
    }
    output.json({{"id", mail.id.str()}, {"headers", std::move(list)}});
}

void print_text(Output& output, const HeldMail& mail, const preview::Preview& preview)
{
    if (output.wants_json()) {
        output.json({{"id", mail.id.str()}, {"text", preview.text}});
        return;
    }
    output.write(harmless_lines(preview.text));
    if (!preview.text.ends_with('\n')) {
        output.line("");
    }
}

void copy_bytes(Output& output, MessageReader& reader)
{
    std::array<char, 65536> buffer{};
    for (std::size_t got = reader.read(buffer); got > 0; got = reader.read(buffer)) {
        output.write(std::string_view(buffer.data(), got));
    }
}

} // namespace

int run_cat(Context& context)
{
    const Arguments& arguments = context.arguments();
    Output& output = context.output();
    check_forms(arguments, output);
    Tally tally;
    Desk& desk = context.desk(OpenDesk::Mode::read);
    const auto mail = find_named(context, desk, arguments.ids.front(), tally);
    if (!mail) {
        return tally.exit_code();
    }
    const auto reader = open_bytes(context, desk, *mail, tally);
    if (!reader) {
        return tally.exit_code();
    }
    if (arguments.eml) {
        copy_bytes(output, *reader);
    } else if (arguments.headers) {
        print_headers(output, *mail, *reader);
    } else {
        print_text(output, *mail, desk.preview(*mail));
    }
    return kDone;
}

} // namespace qm::ctl
