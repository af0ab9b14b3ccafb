# SPDX-License-Identifier: Apache-2.0
# One interface target carries what every C++ target is compiled with.
add_library(warrant_options INTERFACE)
target_compile_options(warrant_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Werror
  -fno-omit-frame-pointer)

# Optimizing, gcc 12 takes the short buffer of a moved std::string for out of bounds (its bug 105329
# and kin). clang and gcc 13 keep these warnings.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(warrant_options INTERFACE
    $<$<COMPILE_LANGUAGE:CXX>:-Wno-array-bounds -Wno-restrict -Wno-stringop-overflow -Wno-stringop-overread>)
endif()

if(WARRANT_SANITIZE)
  target_compile_options(warrant_options INTERFACE -fsanitize=address,undefined
                         -fno-sanitize-recover=all)
  # A hundred programs are linked with the sanitizers' runtime: GNU ld takes five times as long.
  target_link_options(warrant_options INTERFACE -fsanitize=address,undefined -fuse-ld=lld)
  # What all tests call: compiling it takes longer then, running them less.
  set(WARRANT_PRODUCT_OPTIONS -O1)
endif()

if(WARRANT_FUZZ)
  target_compile_options(warrant_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

if(CMAKE_BUILD_TYPE STREQUAL "Release" OR CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
  target_compile_options(warrant_options INTERFACE
    -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection -fcf-protection -fPIE)
  target_link_options(warrant_options INTERFACE -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)
  set(CMAKE_POSITION_INDEPENDENT_CODE ON)
  set(CMAKE_CXX_FLAGS_RELEASE "-O2")
  set(CMAKE_C_FLAGS_RELEASE "-O2")
  # Guests emulate their processor: what runs in them should not be slow. -O2 takes longer to build,
  # and so does -g, by half: -g1 is what a stack trace needs.
  set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -g1")
  set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O1 -g1")
endif()

# warrant_library(NAME SOURCES... [LINK LIBS...])
function(warrant_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC ${ARG_LINK} PRIVATE warrant_options)
  warrant_precompile(${name})
endfunction()

# The first caller parses cmake/precompiled.h, the others share what came of it, and must be compiled alike.
function(warrant_precompile name)
  target_compile_options(${name} PRIVATE ${WARRANT_PRODUCT_OPTIONS})
  if(name STREQUAL warrant_artifacts)
    target_precompile_headers(${name} PRIVATE ${CMAKE_SOURCE_DIR}/cmake/precompiled.h)
  else()
    target_precompile_headers(${name} REUSE_FROM warrant_artifacts)
  endif()
endfunction()
