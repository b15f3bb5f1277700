# Turns migrations/NNNN_name.sql and grants.sql into C++: embed_migrations(OUTPUT.cpp)
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
    set(grants ${CMAKE_CURRENT_SOURCE_DIR}/grants.sql)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${grants})
    file(READ ${grants} grants_sql)
    file(CONFIGURE OUTPUT ${output} @ONLY CONTENT
"// Made from migrations/*.sql and grants.sql at configure time.
#include \"migrations.hpp\"

namespace falconer::store {
namespace {

constexpr migration all[] = {
@rows@};

constexpr char grants[] = R\"~~~(@grants_sql@)~~~\";

}  // namespace

std::span<const migration> known_migrations() { return all; }
std::string_view           grants_script() { return grants; }

}  // namespace falconer::store
")
endfunction()
