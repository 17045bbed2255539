# How this project declares its targets: one library a folder, warnings as errors, hidden visibility.
include(GNUInstallDirs)
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

add_library(mychat_flags INTERFACE)
target_compile_features(mychat_flags INTERFACE cxx_std_20 c_std_99)
target_compile_options(mychat_flags INTERFACE
  $<$<BOOL:${MYCHAT_WARNINGS}>:-Wall -Wextra -Wconversion -Wshadow -Werror>
  -fstack-protector-strong -fno-omit-frame-pointer
  $<$<CONFIG:Release,MinSizeRel>:-ffunction-sections -fdata-sections>
  # GCC 12 at -O3 takes "text" + std::string for an overlapping copy (GCC bug 105651), and the alternatives of a variant
  # that it does not hold for uninitialised (GCC bug 80635).
  $<$<AND:$<CONFIG:Release>,$<CXX_COMPILER_ID:GNU>>:-Wno-restrict;-Wno-maybe-uninitialized>
  $<$<CONFIG:Release,RelWithDebInfo>:-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2>)
if(MYCHAT_SANITIZE)
  target_compile_options(mychat_flags INTERFACE -fsanitize=${MYCHAT_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(mychat_flags INTERFACE -fsanitize=${MYCHAT_SANITIZE})
  # GCC says itself that the sanitizers' instrumentation makes it see uninitialised values where there are none.
  target_compile_options(mychat_flags INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
endif()
if(MYCHAT_COVERAGE)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "MYCHAT_COVERAGE is clang's")
  endif()
  # Counters are added up atomically: tests that share work out to threads lose none.
  target_compile_options(mychat_flags INTERFACE -fprofile-instr-generate -fcoverage-mapping -fprofile-update=atomic)
  target_link_options(mychat_flags INTERFACE -fprofile-instr-generate)
endif()
if(MYCHAT_BUILD_FUZZERS)
  target_compile_options(mychat_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

function(_mychat_properties name)
  set_target_properties(${name} PROPERTIES
    POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET hidden C_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON CXX_EXTENSIONS OFF C_EXTENSIONS OFF CXX_STANDARD 20 CXX_STANDARD_REQUIRED ON)
endfunction()

# mychat_library(NAME SOURCES ... DEPS ...): a folder's internal static library. Its headers are included from the
# root of the sources ("crypto/aead.h").
function(mychat_library name)
  cmake_parse_arguments(A "" "" "SOURCES;DEPS" ${ARGN})
  add_library(${name} STATIC ${A_SOURCES})
  _mychat_properties(${name})
  target_include_directories(${name} PUBLIC
    $<BUILD_INTERFACE:${MyChat_SOURCE_DIR}/src> $<BUILD_INTERFACE:${MyChat_SOURCE_DIR}/include>)
  target_link_libraries(${name} PRIVATE $<BUILD_INTERFACE:mychat_flags> PUBLIC ${A_DEPS})
endfunction()

# mychat_executable(NAME SOURCES ... DEPS ...)
function(mychat_executable name)
  cmake_parse_arguments(A "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${A_SOURCES})
  _mychat_properties(${name})
  target_link_libraries(${name} PRIVATE mychat_flags ${A_DEPS})
endfunction()

# mychat_test(NAME SOURCES ... DEPS ... [LABELS ...] [TIMEOUT s] [COST s]): a GoogleTest program, one ctest
# entry. COST is about how long it takes where that is long: what begins last shall not be what takes longest.
function(mychat_test name)
  cmake_parse_arguments(A "" "TIMEOUT;COST" "SOURCES;DEPS;LABELS" ${ARGN})
  mychat_executable(${name} SOURCES ${A_SOURCES} DEPS ${A_DEPS} GTest::gtest GTest::gmock GTest::gtest_main)
  _mychat_register_test(${name} "${A_TIMEOUT}" "${A_COST}" "${A_LABELS}")
endfunction()

# mychat_c_test(NAME SOURCES ... DEPS ...): a CMocka program over the C ABI.
function(mychat_c_test name)
  cmake_parse_arguments(A "" "TIMEOUT;COST" "SOURCES;DEPS;LABELS" ${ARGN})
  mychat_executable(${name} SOURCES ${A_SOURCES} DEPS ${A_DEPS} PkgConfig::CMOCKA)
  _mychat_register_test(${name} "${A_TIMEOUT}" "${A_COST}" "${A_LABELS}")
endfunction()

function(_mychat_register_test name timeout cost labels)
  target_compile_definitions(${name} PRIVATE MYCHAT_TEST_SOURCE_DIR="${MyChat_SOURCE_DIR}"
    MYCHAT_TEST_BINARY_DIR="${MyChat_BINARY_DIR}")
  add_test(NAME ${name} COMMAND ${name})
  if(NOT timeout)
    set(timeout 120)
  endif()
  if(NOT cost)
    set(cost 0)
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${timeout} COST ${cost} LABELS "${labels}"
    ENVIRONMENT "MYCHAT_VECTORS_DIR=${MYCHAT_VECTORS_DIR}")
endfunction()

# mychat_fuzzer(NAME SOURCES ... DEPS ...): a libFuzzer target, built by the `fuzz` preset only.
function(mychat_fuzzer name)
  cmake_parse_arguments(A "" "" "SOURCES;DEPS" ${ARGN})
  mychat_executable(${name} SOURCES ${A_SOURCES} DEPS ${A_DEPS})
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  set_property(GLOBAL APPEND PROPERTY MYCHAT_FUZZERS ${name})
endfunction()
