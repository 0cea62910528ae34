// Owns the handle of a C library from the line that makes it.
#pragma once

#include <memory>

namespace qm {

template <auto free_function>
struct CFree {
    template <typename T>
    void operator()(T* handle) const noexcept
    {
        static_cast<void>(free_function(handle));
    }
};

/// `using RegexCode = CPtr<pcre2_code, pcre2_code_free>;`
template <typename T, auto free_function>
using CPtr = std::unique_ptr<T, CFree<free_function>>;

} // namespace qm
