# qm::options carries the warnings, the hardening and the sanitizers of every target of ours.
add_library(qm_options INTERFACE)
add_library(qm::options ALIAS qm_options)

target_compile_options(qm_options INTERFACE
    -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Woverloaded-virtual
    $<$<BOOL:${QM_WERROR}>:-Werror>
    -fstack-protector-strong)
target_include_directories(qm_options INTERFACE ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/src)
target_compile_definitions(qm_options INTERFACE $<$<CONFIG:RelWithDebInfo,Release>:_FORTIFY_SOURCE=2> QM_VERSION="${PROJECT_VERSION}")
target_link_options(qm_options INTERFACE -Wl,-z,relro,-z,now,--as-needed)

if(QM_SANITIZE)
    target_compile_definitions(qm_options INTERFACE QM_SANITIZED)
    target_compile_options(qm_options INTERFACE -fsanitize=${QM_SANITIZE} -fno-omit-frame-pointer)
    target_link_options(qm_options INTERFACE -fsanitize=${QM_SANITIZE})
    if(QM_SANITIZE MATCHES "undefined")
        target_compile_options(qm_options INTERFACE -fno-sanitize-recover=undefined)
    endif()
endif()

find_package(Threads REQUIRED)
target_link_libraries(qm_options INTERFACE Threads::Threads)
