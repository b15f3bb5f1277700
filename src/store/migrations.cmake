# Turns migrations/NNNN_name.sql into a table of C++: embed_migrations(OUTPUT.cpp)
function(embed_migrations output)
    file(GLOB files CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/migrations/*.sql)
    list(SORT files)
    set(rows "")
    foreach(file IN LISTS files)
        set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
        get_filename_component(name ${file} NAME_WE)
        string(REGEX MATCH "^0*([1-9][0-9]*)_(.*)$" _ ${name})
        set(number ${CMAKE_MATCH_1})
        set(title ${CMAKE_MATCH_2})
        file(READ ${file} sql)
        string(APPEND rows "    {${number}, \"${title}\", R\"~~~(${sql})~~~\"},\n")
    endforeach()
    file(CONFIGURE OUTPUT ${output} @ONLY CONTENT
"// Made from migrations/*.sql at configure time.
#include \"migrations.hpp\"

namespace falconer::store {
namespace {

constexpr migration all[] = {
@rows@};

}  // namespace

std::span<const migration> known_migrations() { return all; }

}  // namespace falconer::store
")
endfunction()
