# Turns files under config/ into C++: `std::string_view FUNCTION(std::string_view path) noexcept`, as HEADER declares it.
#   embed_files(OUTPUT.cpp HEADER NAMESPACE FUNCTION GLOB…)
function(embed_files output header namespace function)
    set(rows "")
    foreach(pattern IN LISTS ARGN)
        file(GLOB_RECURSE files CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR}/config ${CMAKE_SOURCE_DIR}/config/${pattern})
        list(SORT files)
        foreach(file IN LISTS files)
            set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/config/${file})
            file(READ ${CMAKE_SOURCE_DIR}/config/${file} text)
            string(APPEND rows "    {\"${file}\", R\"~~~(${text})~~~\"},\n")
        endforeach()
    endforeach()
    file(CONFIGURE OUTPUT ${output} @ONLY CONTENT
"// Made from files under config/ at configure time.
#include \"@header@\"

#include <string_view>
#include <utility>

namespace @namespace@ {
namespace {

constexpr std::pair<std::string_view, std::string_view> all[] = {
@rows@};

}  // namespace

std::string_view @function@(std::string_view path) noexcept {
    for (const auto& [name, text] : all)
        if (name == path) return text;
    return {};
}

}  // namespace @namespace@
")
endfunction()
