// What the daemon and a preview worker say to each other: requests and answers, as bytes on a socket.
//
// A request is its options and the message in pieces; an answer is a Preview, or a fragment of HTML in
// Preview::html. Numbers are little-endian, a string is its length in 4 bytes and its bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "preview/preview.h"

namespace qm::preview {

/// Appends values to bytes.
class FrameWriter {
  public:
    void number(std::uint64_t value, std::size_t bytes);
    void string(std::string_view value);
    std::string take() { return std::move(bytes_); }

  private:
    std::string bytes_;
};

/// Takes values from bytes that may say anything. After the first that does not fit, is_good() is false and
/// every value is empty.
class FrameReader {
  public:
    explicit FrameReader(std::string_view bytes) : rest_(bytes) {}

    std::uint64_t number(std::size_t bytes);
    std::string string();
    /// Everything fitted so far.
    bool is_good() const { return is_good_; }
    bool at_end() const { return is_good_ && rest_.empty(); }

  private:
    std::string_view rest_;
    bool is_good_ = true;
};

/// Of this format; the first byte of requests and answers. A program that was replaced while the daemon ran
/// may speak another one.
inline constexpr std::uint8_t kVersion = 2;

enum class Task : std::uint8_t { message = 1, html = 2 };

/// The head of a request. Behind it come pieces: their length in 4 bytes, then their bytes; a length of 0
/// ends the message, kCutHere ends it although it goes on, kForget says that it could not be read to its end.
struct Request {
    Task task = Task::message;
    std::uint64_t max_text = 0;
    std::string replacement_image;
    bool wants_text = true;
};
inline constexpr std::uint32_t kCutHere = 0xFFFFFFFFU;
inline constexpr std::uint32_t kForget = 0xFFFFFFFEU;
/// Of a request, without its pieces; the length comes first, in 4 bytes, as it does with an answer.
inline constexpr std::size_t kMaxHead = 64U << 10U;

std::string written(const Request& request);
std::optional<Request> read_request(std::string_view bytes);

std::string written(const Preview& preview);
/// Nothing when these bytes are none.
std::optional<Preview> read_preview(std::string_view bytes);

} // namespace qm::preview
