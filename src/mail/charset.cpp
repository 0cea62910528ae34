#include "mail/charset.h"

#include <iconv.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/text.h"

namespace qm::mail {
namespace {

constexpr std::size_t kMaxName = 40;

constexpr std::array kCharsets = {
    Charset{"utf-8|utf8|unicode-1-1-utf-8|unicode11utf8|unicode20utf8|x-unicode20utf8|x-unicode-2-0-utf-8|"
            "cp65001",
            "UTF-8"},
    Charset{"windows-1252|cp1252|x-cp1252|ansi|us-ascii|ascii|ansi_x3.4-1968|iso646-us|iso-8859-1|"
            "iso8859-1|iso8859_1|iso88591|iso_8859-1|iso_8859-1:1987|iso-8859-1-windows-3.1-latin-1|latin1|"
            "latin-1|l1|cp819|ibm819|csisolatin1|iso-ir-100",
            "CP1252"},
    Charset{"iso-8859-2|iso8859-2|iso8859_2|iso88592|iso_8859-2|iso_8859-2:1987|latin2|l2|csisolatin2|"
            "iso-ir-101",
            "ISO-8859-2"},
    Charset{"iso-8859-3|iso8859-3|iso8859_3|iso88593|iso_8859-3|iso_8859-3:1988|latin3|l3|csisolatin3|"
            "iso-ir-109",
            "ISO-8859-3"},
    Charset{"iso-8859-4|iso8859-4|iso8859_4|iso88594|iso_8859-4|iso_8859-4:1988|latin4|l4|csisolatin4|"
            "iso-ir-110",
            "ISO-8859-4"},
    Charset{"iso-8859-5|iso8859-5|iso8859_5|iso88595|iso_8859-5|iso_8859-5:1988|cyrillic|csisolatincyrillic|"
            "iso-ir-144",
            "ISO-8859-5"},
    Charset{"iso-8859-6|iso8859-6|iso8859_6|iso88596|iso_8859-6|iso_8859-6:1987|iso-8859-6-i|iso-8859-6-e|"
            "csiso88596e|csiso88596i|arabic|asmo-708|ecma-114|csisolatinarabic|iso-ir-127",
            "ISO-8859-6"},
    Charset{"iso-8859-7|iso8859-7|iso8859_7|iso88597|iso_8859-7|iso_8859-7:1987|greek|greek8|elot_928|"
            "ecma-118|sun_eu_greek|csisolatingreek|iso-ir-126",
            "ISO-8859-7"},
    Charset{"iso-8859-8|iso8859-8|iso8859_8|iso88598|iso_8859-8|iso_8859-8:1988|iso-8859-8-i|iso-8859-8-e|"
            "csiso88598e|csiso88598i|hebrew|logical|visual|csisolatinhebrew|iso-ir-138",
            "ISO-8859-8"},
    Charset{"iso-8859-10|iso8859-10|iso8859_10|iso885910|iso_8859-10|latin6|l6|csisolatin6|iso-ir-157",
            "ISO-8859-10"},
    Charset{"iso-8859-13|iso8859-13|iso8859_13|iso885913|iso_8859-13", "ISO-8859-13"},
    Charset{"iso-8859-14|iso8859-14|iso8859_14|iso885914|iso_8859-14", "ISO-8859-14"},
    Charset{"iso-8859-15|iso8859-15|iso8859_15|iso885915|iso_8859-15|latin9|latin-9|l9|csisolatin9",
            "ISO-8859-15"},
    Charset{"iso-8859-16|iso8859-16|iso8859_16|iso885916|iso_8859-16", "ISO-8859-16"},
    Charset{"windows-1250|cp1250|x-cp1250|windows1250", "CP1250"},
    Charset{"windows-1251|cp1251|x-cp1251|win-1251|windows1251", "CP1251"},
    Charset{"windows-1253|cp1253|x-cp1253|windows1253", "CP1253"},
    Charset{"windows-1254|cp1254|x-cp1254|windows1254|iso-8859-9|iso8859-9|iso8859_9|iso88599|iso_8859-9|"
            "iso_8859-9:1989|latin5|l5|csisolatin5|iso-ir-148",
            "CP1254"},
    Charset{"windows-1255|cp1255|x-cp1255|windows1255", "CP1255"},
    Charset{"windows-1256|cp1256|x-cp1256|windows1256", "CP1256"},
    Charset{"windows-1257|cp1257|x-cp1257|windows1257", "CP1257"},
    Charset{"windows-1258|cp1258|x-cp1258|windows1258", "CP1258"},
    Charset{"windows-874|cp874|dos-874|iso-8859-11|iso8859-11|iso8859_11|iso885911|tis-620|tis620", "CP874"},
    Charset{"koi8-r|koi8r|koi8_r|koi8|koi|cskoi8r", "KOI8-R"},
    Charset{"koi8-u|koi8u|koi8-ru", "KOI8-U"},
    Charset{"cp866|ibm866|866|csibm866", "CP866"},
    Charset{"cp437|ibm437|437", "IBM437"},
    Charset{"cp850|ibm850|850", "IBM850"},
    Charset{"cp852|ibm852|852", "IBM852"},
    Charset{"macintosh|mac|x-mac-roman|macroman|csmacintosh", "MACINTOSH"},
    Charset{"x-mac-cyrillic|mac-cyrillic|maccyrillic|x-mac-ukrainian", "MAC-CYRILLIC"},
    Charset{"viscii", "VISCII"},
    Charset{"gb18030|gb2312|gb_2312-80|gb_2312|gb2312-80|csgb2312|csiso58gb231280|iso-ir-58|gbk|x-gbk|cp936|"
            "ms936|windows-936|euc-cn|chinese",
            "GB18030"},
    Charset{"big5|big-5|cn-big5|x-x-big5|csbig5|cp950|ms950|windows-950", "CP950"},
    Charset{"big5-hkscs|big5hkscs", "BIG5-HKSCS"},
    Charset{"euc-tw", "EUC-TW"},
    Charset{"shift_jis|shift-jis|sjis|x-sjis|ms_kanji|csshiftjis|windows-31j|cswindows31j|cp932|ms932",
            "CP932"},
    Charset{"euc-jp|x-euc-jp|eucjp|cseucpkdfmtjapanese", "EUC-JP-MS"},
    Charset{"iso-2022-jp|iso-2022-jp-1|iso-2022-jp-2|csiso2022jp|iso-2022-jp-ms|cp50220|cp50221",
            "ISO-2022-JP-2"},
    Charset{"euc-kr|euckr|cseuckr|ks_c_5601-1987|ks_c_5601-1989|csksc56011987|ksc5601|ksc_5601|iso-ir-149|"
            "korean|uhc|cp949|ms949|windows-949|x-windows-949",
            "CP949"},
    Charset{"iso-2022-kr|csiso2022kr", "ISO-2022-KR"},
    Charset{"johab", "JOHAB"},
    Charset{"utf-7|utf7|unicode-1-1-utf-7|x-unicode-2-0-utf-7", "UTF-7"},
    Charset{"utf-16|utf16|unicode|csunicode|unicodefeff|iso-10646-ucs-2|ucs-2", "UTF-16", 2},
    Charset{"utf-16le", "UTF-16LE", 2},
    Charset{"utf-16be|unicodefffe", "UTF-16BE", 2},
    Charset{"utf-32|utf32|ucs-4", "UTF-32", 4},
    Charset{"utf-32le", "UTF-32LE", 4},
    Charset{"utf-32be", "UTF-32BE", 4},
};

struct Spelling {
    std::string_view name;
    const Charset* charset;
};

const std::vector<Spelling>& spellings()
{
    static const std::vector<Spelling> sorted = [] {
        std::vector<Spelling> all;
        for (const Charset& charset : kCharsets) {
            for (const std::string_view name : text::split(charset.names, '|')) {
                all.push_back({name, &charset});
            }
        }
        std::ranges::sort(all, {}, &Spelling::name);
        return all;
    }();
    return sorted;
}

struct CloseConverter {
    void operator()(iconv_t converter) const noexcept { iconv_close(converter); }
};
using Converter = std::unique_ptr<std::remove_pointer_t<iconv_t>, CloseConverter>;

Converter open_converter(const char* name)
{
    const iconv_t opened = iconv_open("UTF-8", name);
    // iconv_open says (iconv_t)-1 when there is none.
    if (reinterpret_cast<std::intptr_t>(opened) == -1) { // NOLINT(performance-no-int-to-ptr)
        return nullptr;
    }
    return Converter(opened);
}

/// The thread's converter in its initial state. Opening one costs far more than a header is long, and a
/// header may name another charset in every word, so each is opened once.
iconv_t converter_of(const Charset& charset)
{
    thread_local std::array<Converter, kCharsets.size()> opened;
    Converter& converter = opened.at(static_cast<std::size_t>(&charset - kCharsets.data()));
    if (!converter) {
        converter = open_converter(charset.converter);
    }
    if (converter) {
        iconv(converter.get(), nullptr, nullptr, nullptr, nullptr);
    }
    return converter.get();
}

/// Collects what a converter writes.
class Output {
  public:
    /// Converts as much as possible; the error number iconv ended with, 0 at the end of the input.
    int convert(iconv_t converter, char** from, std::size_t* left)
    {
        for (;;) {
            char* to = buffer_.data();
            std::size_t room = buffer_.size();
            errno = 0;
            const bool failed = iconv(converter, from, left, &to, &room) == static_cast<std::size_t>(-1);
            const int error = failed ? errno : 0;
            text_.append(buffer_.data(), buffer_.size() - room);
            if (error != E2BIG || room == buffer_.size()) {
                return error;
            }
        }
    }
    void unreadable() { text::append_utf8(text_, 0xFFFD); }
    std::string take() { return std::move(text_); }

  private:
    std::array<char, 1024> buffer_{};
    std::string text_;
};

} // namespace

const Charset* find_charset(std::string_view name)
{
    if (name.empty() || name.size() > kMaxName) {
        return nullptr;
    }
    const std::string lower = text::to_lower(name);
    const auto found = std::ranges::lower_bound(spellings(), std::string_view(lower), {}, &Spelling::name);
    return found != spellings().end() && found->name == lower ? found->charset : nullptr;
}

bool is_utf7(const Charset* charset)
{
    return charset != nullptr && charset->names.starts_with("utf-7|");
}

void open_charsets()
{
    for (const Charset& charset : kCharsets) {
        converter_of(charset);
    }
    // GMime opens them by the name that the mail says. What is open somewhere is not loaded again.
    static std::vector<Converter> kept;
    for (const Spelling& spelling : spellings()) {
        kept.push_back(open_converter(std::string(spelling.name).c_str()));
    }
}

std::optional<std::string> to_utf8(const Charset& charset, std::string_view bytes)
{
    if (&charset == kCharsets.data()) {
        return text::to_valid_utf8(bytes);
    }
    const iconv_t converter = converter_of(charset);
    if (converter == nullptr) {
        return std::nullopt;
    }
    Output output;
    // iconv does not write to its input, its signature is older than const.
    char* from = const_cast<char*>(bytes.data()); // NOLINT(cppcoreguidelines-pro-type-const-cast)
    std::size_t left = bytes.size();
    while (left > 0) {
        const int error = output.convert(converter, &from, &left);
        if (error == 0) {
            break;
        }
        if (error == EINVAL) { // what is left is the beginning of one character
            output.unreadable();
            break;
        }
        const std::size_t skipped = std::min<std::size_t>(left, charset.unit);
        output.unreadable();
        from += skipped;
        left -= skipped;
    }
    // Some converters hold the last character back in case a combining one follows.
    output.convert(converter, nullptr, nullptr);
    return text::to_valid_utf8(output.take());
}

} // namespace qm::mail
