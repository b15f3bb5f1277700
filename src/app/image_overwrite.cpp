#include "image_overwrite.hpp"

#include "falconer/falco/image_vector.hpp"
#include "falconer/read_file.hpp"
#include "object_files.hpp"

#include <cstdlib>

namespace falconer::app {

void apply_environment(falco::operator_settings& into, std::vector<std::string>& problems) {
    const char* const file = std::getenv("IMAGEVECTOR_OVERWRITE");
    if (file == nullptr || *file == '\0') return;
    const auto complain = [&](const std::string& what) {
        problems.push_back("IMAGEVECTOR_OVERWRITE: " + what);
    };
    const auto text = read_file(file);
    if (!text) return complain(std::string(file) + ": " + text.error().detail);
    const auto vector = parse_yaml(*text);
    if (!vector) return complain(std::string(file) + ": " + vector.error().detail);
    field_problems wrong;
    const auto     before = into.warnings.size();
    falco::overwrite_images(into, *vector, wrong);
    for (const auto& each : wrong) complain(located(file, each));
    for (auto at = before; at < into.warnings.size(); ++at)
        into.warnings[at] = "IMAGEVECTOR_OVERWRITE: " + into.warnings[at];
}

}  // namespace falconer::app
