# SPDX-License-Identifier: Apache-2.0
# warrant_embed(TARGET SOURCE FILE...): a C++ source with the files' texts, as
# `std::string_view warrant::embedded::<name>`, dots and dashes of the name as underscores.
function(warrant_embed target source)
  set(text "// Made by cmake/WarrantEmbed.cmake.\n#include <string_view>\n\nnamespace warrant::embedded {\n")
  foreach(file ${ARGN})
    get_filename_component(name ${file} NAME)
    string(REGEX REPLACE "[.-]" "_" name ${name})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${file})
    # As bytes: no delimiter of a literal, and no semicolon or bracket that CMake minds, can be in
    # the way.
    file(READ ${file} hex HEX)
    string(LENGTH "${hex}" length)
    math(EXPR length "${length} / 2")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" bytes "${hex}")
    # One line of source per 64 bytes.
    string(REGEX REPLACE "(................................................................................................................................................................................................................................................................)" "\\1\"\n    \"" bytes "${bytes}")
    string(APPEND text "extern const std::string_view ${name};\nconst std::string_view ${name}{\n    \"${bytes}\", ${length}};\n")
  endforeach()
  string(APPEND text "} // namespace warrant::embedded\n")
  file(CONFIGURE OUTPUT ${source} CONTENT "${text}" @ONLY)
  target_sources(${target} PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/${source})
endfunction()
