#include "preview/preview.h"

#include <exception>

#include <unistd.h>

#include "preview/sentences.h"
#include "preview/workers.h"
#include "quarantine/error.h"

namespace qm::preview {
namespace {

/// Of this process. Never destroyed: a thread may still ask while the program ends; workers end when nobody
/// is at the other end of their socket.
Workers& workers()
{
    static Workers& all = *new Workers;
    return all;
}

Request request_of(Task task, const PreviewOptions& options)
{
    return {.task = task,
            .max_text = options.max_text,
            .replacement_image = options.replacement_image,
            .wants_text = options.wants_text};
}

class BytesReader final : public MessageReader {
  public:
    explicit BytesReader(std::string_view bytes) : rest_(bytes) {}

    std::size_t read(std::span<char> buffer) override
    {
        const std::size_t count = rest_.copy(buffer.data(), buffer.size());
        rest_.remove_prefix(count);
        return count;
    }

  private:
    std::string_view rest_;
};

} // namespace

Preview preview(MessageReader* message, const PreviewOptions& options)
{
    if (message == nullptr) {
        return sentence(kGone);
    }
    try {
        return workers().ask(request_of(Task::message, options), *message, options.max_message,
                             options.about);
    } catch (const BackendError&) {
        return sentence(kUnreadable);
    } catch (const std::exception&) {
        return sentence(kUnsafe);
    }
}

std::string sanitized(std::string_view html, const PreviewOptions& options)
{
    BytesReader reader(html);
    try {
        return workers().ask(request_of(Task::html, options), reader, options.max_message).html;
    } catch (const std::exception&) {
        return html_sentence(kUnsafe);
    }
}

Counts counts()
{
    return workers().counts();
}

std::string missing_program()
{
    std::string program = worker_program();
    return access(program.c_str(), X_OK) == 0 ? std::string() : program;
}

} // namespace qm::preview
