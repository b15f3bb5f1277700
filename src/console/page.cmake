# Puts files into the program: build_in(OUTPUT.cpp). The page as web/dist has it (nothing, where it was not built), gzip beside what shrinks,
# and the API's document. The assembler reads the files (.incbin): the compiler would take minutes over their bytes.
find_program(GZIP gzip REQUIRED)

function(build_in output)
    file(GLOB_RECURSE page CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR}/web/dist ${CMAKE_SOURCE_DIR}/web/dist/*)
    list(SORT page)
    set(zipped_in ${CMAKE_CURRENT_BINARY_DIR}/zipped)
    set(assembler "")
    set(rows "")
    set(declared "")
    set(files "")
    set(number 0)
    foreach(file IN LISTS page ITEMS openapi.yaml)
        set(path "/${file}")
        set(from ${CMAKE_SOURCE_DIR}/web/dist/${file})
        if(file STREQUAL "openapi.yaml")
            set(path ${file})
            set(from ${CMAKE_CURRENT_SOURCE_DIR}/${file})
        endif()
        _build_in_one(plain_${number} ${from})
        set(zipped "{}")
        if(file MATCHES "\\.(js|css|svg|json|webmanifest)$")
            set(to ${zipped_in}/${number}.gz)
            file(MAKE_DIRECTORY ${zipped_in})
            add_custom_command(OUTPUT ${to} DEPENDS ${from} COMMAND ${GZIP} -9 -n -c ${from} > ${to} VERBATIM)
            _build_in_one(zipped_${number} ${to})
            set(zipped "{begin_zipped_${number}, static_cast<std::size_t>(end_zipped_${number} - begin_zipped_${number})}")
        endif()
        string(APPEND rows "        {\"${path}\", {begin_plain_${number}, static_cast<std::size_t>(end_plain_${number} - begin_plain_${number})}, ${zipped}},\n")
        math(EXPR number "${number} + 1")
    endforeach()
    file(CONFIGURE OUTPUT ${output} @ONLY CONTENT
"// Made by page.cmake from web/dist and openapi.yaml.
#include \"documents.hpp\"

#include <cstddef>

asm(\".section .rodata\\n\"
@assembler@    \".text\\n\");
extern \"C\" {
@declared@}

namespace falconer::console {

const built_in* built_in_file(std::string_view path) noexcept {
    static const built_in all[] = {
@rows@    };
    for (const auto& each : all)
        if (each.path == path) return &each;
    return nullptr;
}

}  // namespace falconer::console
")
    set_source_files_properties(${output} PROPERTIES OBJECT_DEPENDS "${files}" SKIP_PRECOMPILE_HEADERS ON)
endfunction()

macro(_build_in_one name from)
    string(APPEND assembler "    \".global begin_${name}\\nbegin_${name}: .incbin \\\"${from}\\\"\\n.global end_${name}\\nend_${name}: .byte 0\\n\"\n")
    string(APPEND declared "extern const char begin_${name}[], end_${name}[];\n")
    list(APPEND files ${from})
endmacro()
