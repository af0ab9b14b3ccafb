# SPDX-License-Identifier: Apache-2.0
# How a BPF program becomes an object and a skeleton.
find_program(WARRANT_BPF_CLANG NAMES clang-14 clang REQUIRED
             DOC "clang with the BPF target")
# Debian keeps bpftool in /usr/sbin, which is not on every user's PATH.
find_program(WARRANT_BPFTOOL NAMES bpftool PATHS /usr/sbin /sbin REQUIRED
             DOC "bpftool, for linking objects and generating skeletons")

set(WARRANT_BPF_FLAGS
  -target bpf -mcpu=v3 -O2 -g -std=gnu11
  # BPF_PROG names every argument of a hook, also those that a program has no use for.
  -Wall -Wextra -Wtype-limits -Wno-unused-parameter -Werror
  -D__TARGET_ARCH_x86
  # For BPF, clang has no multiarch directory of its own, and <linux/types.h> needs <asm/types.h>.
  -I/usr/include/${CMAKE_LIBRARY_ARCHITECTURE})

# warrant_bpf_object(NAME SOURCE [INCLUDES DIRS...] [SYSTEM_INCLUDES DIRS...] [DEPENDS FILES...])
# builds NAME.bpf.o and NAME.skel.h (in the current binary folder) from SOURCE, and defines
#   NAME_bpf         interface target: include "NAME.skel.h", linked with libbpf;
#   NAME_BPF_OBJECT  in the caller's scope and as target property WARRANT_BPF_OBJECT: path of the object.
# SYSTEM_INCLUDES is for generated kernel headers, which do not survive our warnings.
function(warrant_bpf_object name source)
  cmake_parse_arguments(ARG "" "" "INCLUDES;SYSTEM_INCLUDES;DEPENDS" ${ARGN})
  get_filename_component(source "${source}" ABSOLUTE)
  set(compiled ${CMAKE_CURRENT_BINARY_DIR}/${name}.compiled.o)
  set(object ${CMAKE_CURRENT_BINARY_DIR}/${name}.bpf.o)
  set(skeleton ${CMAKE_CURRENT_BINARY_DIR}/${name}.skel.h)
  list(TRANSFORM ARG_INCLUDES PREPEND -I)
  list(TRANSFORM ARG_SYSTEM_INCLUDES PREPEND -isystem)

  add_custom_command(OUTPUT ${compiled}
    COMMAND ${WARRANT_BPF_CLANG} ${WARRANT_BPF_FLAGS} -I${CMAKE_SOURCE_DIR}
            ${ARG_INCLUDES} ${ARG_SYSTEM_INCLUDES}
            -MD -MF ${compiled}.d -MT ${compiled} -c ${source} -o ${compiled}
    DEPENDS ${source} ${ARG_DEPENDS}
    DEPFILE ${compiled}.d
    COMMENT "Compiling ${name}.bpf.o" VERBATIM)
  # The linking step keeps BTF and leaves DWARF behind: the object is embedded in a program.
  add_custom_command(OUTPUT ${object}
    COMMAND ${WARRANT_BPFTOOL} gen object ${object} ${compiled}
    DEPENDS ${compiled} VERBATIM)
  add_custom_command(OUTPUT ${skeleton}
    COMMAND ${WARRANT_BPFTOOL} gen skeleton ${object} name ${name} > ${skeleton}.new
    COMMAND ${CMAKE_COMMAND} -E rename ${skeleton}.new ${skeleton}
    DEPENDS ${object} VERBATIM)

  add_custom_target(${name}_bpf_files ALL DEPENDS ${object} ${skeleton})
  add_dependencies(generated ${name}_bpf_files)
  add_library(${name}_bpf INTERFACE)
  add_dependencies(${name}_bpf ${name}_bpf_files)
  target_include_directories(${name}_bpf SYSTEM INTERFACE ${CMAKE_CURRENT_BINARY_DIR})
  target_link_libraries(${name}_bpf INTERFACE PkgConfig::LIBBPF)
  set_target_properties(${name}_bpf PROPERTIES WARRANT_BPF_OBJECT ${object})
  set(${name}_BPF_OBJECT ${object} PARENT_SCOPE)
endfunction()
