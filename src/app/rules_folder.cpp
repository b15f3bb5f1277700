#include "rules_folder.hpp"

#include "falconer/falco/semver.hpp"
#include "object_files.hpp"

namespace falconer::app {

std::filesystem::path built_in_rules() {
    const std::filesystem::path folder = "/usr/share/falconer/rules";  // Dockerfile
    std::error_code             wrong;
    return std::filesystem::is_directory(folder, wrong) ? folder : std::filesystem::path{};
}

rules_folder read_rules_folder(const std::filesystem::path& folder) {
    namespace fs = std::filesystem;
    rules_folder    read;
    std::error_code wrong;
    for (auto at = fs::directory_iterator(folder, wrong); !wrong && at != end(at);
         at.increment(wrong)) {
        const auto& version = *at;
        const auto  name    = version.path().filename().string();
        // A link that leads nowhere, or round in circles, is no folder.
        std::error_code not_there;
        if (!version.is_directory(not_there) || !falco::semver::parse(name)) continue;
        auto& set = read.catalogue[name];
        for (const char* standard :
             {"falco-rules", "falco-incubating-rules", "falco-sandbox-rules"}) {
            const std::string file(falco::standard_rule_file(standard));
            const auto        path = version.path() / file;
            if (std::error_code absent; !fs::exists(path, absent)) continue;
            auto text = read_text_file(path.string());
            if (text)
                set.emplace(file, std::move(*text));
            else
                read.problems.push_back(text.error().detail);
        }
    }
    if (wrong) read.problems.push_back(folder.string() + ": " + wrong.message());
    return read;
}

}  // namespace falconer::app
