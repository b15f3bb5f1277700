# What every target shares, and the functions that make a room, its tests and its fuzz targets.

find_program(CCACHE ccache)
if(CCACHE)
    # pch_defines, time_macros: what ccache wants before it touches precompiled headers.
    set(CMAKE_CXX_COMPILER_LAUNCHER
        ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
        CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE})
endif()

find_program(MOLD mold)

add_library(house INTERFACE)
target_compile_options(house INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Werror)
target_compile_definitions(house INTERFACE
    ASIO_STANDALONE ASIO_SEPARATE_COMPILATION ASIO_NO_DEPRECATED SPDLOG_COMPILED_LIB SPDLOG_FMT_EXTERNAL)
# Asio takes std::aligned_alloc only where a header of libstdc++ came before its own: without
# precompiled headers one file would allocate with it and another free with operator delete.
target_compile_definitions(house INTERFACE ASIO_DISABLE_STD_ALIGNED_ALLOC)
target_include_directories(house INTERFACE ${CMAKE_SOURCE_DIR}/include)
if(MOLD)
    target_link_options(house INTERFACE -fuse-ld=mold)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # Asio 1.22.1 does not recognise Clang's coroutines with libstdc++; GCC needs neither line.
    target_compile_definitions(house INTERFACE ASIO_HAS_CO_AWAIT ASIO_HAS_STD_COROUTINE)
    # libstdc++ 12's stable_sort calls its own get_temporary_buffer, which is deprecated. GCC, which knows
    # its headers, still reports what we call ourselves.
    target_compile_options(house INTERFACE -Wno-deprecated-declarations)
else()
    # GCC 12 inlines a coroutine frame's operator new and not its delete, and then suspects a mismatch.
    target_compile_options(house INTERFACE -Wno-mismatched-new-delete)
    # GCC 12's optimiser invents sizes in std::string (its bugs 105329 and 105651); -O3 shows them.
    target_compile_options(house INTERFACE -Wno-restrict -Wno-stringop-overflow -Wno-stringop-overread
        $<$<CONFIG:Release>:-Wno-array-bounds>)
    if(FALCONER_PCH)
        target_compile_options(house INTERFACE -fpch-preprocess)  # for ccache
    endif()
endif()
if(FALCONER_SANITIZE)
    # Asio recycles coroutine frames; with that, a use after free would look like a use.
    target_compile_definitions(house INTERFACE ASIO_DISABLE_AWAITABLE_FRAME_RECYCLING)
    target_compile_options(house INTERFACE
        -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(house INTERFACE -fsanitize=address,undefined)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        # With sanitizers GCC 12 no longer sees that a variant's index guards its value.
        target_compile_options(house INTERFACE -Wno-maybe-uninitialized)
    endif()
endif()
if(FALCONER_FUZZ)
    target_compile_options(house INTERFACE -fsanitize=fuzzer-no-link)
endif()

# Asio's own code, compiled once; its headers, precompiled once.
add_library(asio_impl STATIC ${CMAKE_SOURCE_DIR}/src/net/asio_impl.cpp)
target_link_libraries(asio_impl PUBLIC house OpenSSL::SSL Threads::Threads spdlog::spdlog)
if(FALCONER_PCH)
    target_precompile_headers(asio_impl PUBLIC ${CMAKE_SOURCE_DIR}/src/pch.hpp)
endif()

function(_falconer_common name)
    target_link_libraries(${name} PRIVATE asio_impl)
    if(FALCONER_PCH)
        target_precompile_headers(${name} REUSE_FROM asio_impl)
    endif()
endfunction()

# The tests' own code, with GoogleTest in its precompiled header. With sanitizers it is not optimised: four fifths of the
# time went there, and it is not what is tested.
if(FALCONER_TESTS)
    add_library(test_pch STATIC ${CMAKE_SOURCE_DIR}/tests/support/pch.cpp)
    target_link_libraries(test_pch PRIVATE asio_impl GTest::gmock GTest::gtest)
    if(FALCONER_SANITIZE)
        target_compile_options(test_pch PRIVATE -O0)
    endif()
    if(FALCONER_PCH)
        target_precompile_headers(test_pch PRIVATE <gmock/gmock.h> <gtest/gtest.h>)
    endif()
endif()
function(_falconer_test name)
    target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests ${CMAKE_SOURCE_DIR}/src)
    target_link_libraries(${name} PRIVATE asio_impl GTest::gmock GTest::gtest)  # the precompiled header's definitions
    if(FALCONER_SANITIZE)
        target_compile_options(${name} PRIVATE -O0)
    endif()
    if(FALCONER_PCH)
        target_precompile_headers(${name} REUSE_FROM test_pch)
    endif()
endfunction()

# room(NAME SOURCES … LINKS rooms… USES libraries…): LINKS are arrows of the house and become
# visible to whoever links the room; USES are libraries that nobody else sees.
function(room name)
    cmake_parse_arguments(arg "" "" "SOURCES;LINKS;USES" ${ARGN})
    add_library(${name} STATIC ${arg_SOURCES})
    target_include_directories(${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
    target_link_libraries(${name} PUBLIC ${arg_LINKS} PRIVATE ${arg_USES})
    _falconer_common(${name})
endfunction()

# room_test(NAME SOURCES … LINKS … [LABELS …] [POSTGRES]): one binary; each case is a ctest of its
# own. POSTGRES: the cases need the shared private PostgreSQL (tests/support/postgres.sh).
function(room_test name)
    cmake_parse_arguments(arg "POSTGRES" "TIMEOUT" "SOURCES;LINKS;USES;LABELS" ${ARGN})
    add_executable(${name} ${arg_SOURCES})
    target_link_libraries(${name} PRIVATE ${arg_LINKS} ${arg_USES} GTest::gmock GTest::gtest_main)
    _falconer_test(${name})
    if(NOT arg_TIMEOUT)
        set(arg_TIMEOUT 600)  # for what hangs; a busy machine takes its time
    endif()
    set(properties TIMEOUT ${arg_TIMEOUT})
    if(arg_LABELS)
        list(APPEND properties LABELS "${arg_LABELS}")
    endif()
    if(arg_POSTGRES)
        list(APPEND properties FIXTURES_REQUIRED postgres ENVIRONMENT "FALCONER_TEST_PG=${CMAKE_BINARY_DIR}/postgres.env")
    endif()
    include(GoogleTest)
    gtest_discover_tests(${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
        DISCOVERY_TIMEOUT 60 PROPERTIES ${properties})
endfunction()

# fuzz_target(NAME LINKS …), of NAME_fuzz.cpp. FALCONER_FUZZ: the libFuzzer binary NAME_fuzz; `fuzz_targets` builds them all.
# Else: NAME_replay, which enters it with every seed and every input that once failed, and a ctest of it.
function(fuzz_target name)
    cmake_parse_arguments(arg "" "" "LINKS;USES" ${ARGN})
    if(FALCONER_FUZZ)
        set(target ${name}_fuzz)
        add_executable(${target} ${name}_fuzz.cpp)
        target_link_options(${target} PRIVATE -fsanitize=fuzzer)
        if(NOT TARGET fuzz_targets)
            add_custom_target(fuzz_targets)
        endif()
        add_dependencies(fuzz_targets ${target})
    else()
        set(target ${name}_replay)
        add_executable(${target} ${name}_fuzz.cpp replay.cpp)
        add_test(NAME fuzz.${name}
            COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/replay.sh ${name} $<TARGET_FILE:${target}> WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
        set_tests_properties(fuzz.${name} PROPERTIES TIMEOUT 600)
    endif()
    target_link_libraries(${target} PRIVATE ${arg_LINKS} ${arg_USES})
    _falconer_test(${target})
endfunction()
