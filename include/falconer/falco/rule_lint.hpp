// Whether Falco accepts rule files, and what in them costs or never happens: found before they are
// delivered.
#pragma once

#include "falconer/falco/rule_files.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace falconer::falco {

enum class rule_severity : std::uint8_t {
    error,    // Falco refuses the file, and with it starts no more
    warning,  // it loads, but hardly does what somebody wanted
};

struct rule_problem {
    rule_severity is = rule_severity::error;
    std::string   file{};
    int           line = 1, column = 1;
    std::string   message{};
    /// A warning: Falco does not look at the rule, for want of a plug-in.
    bool skipped = false;

    /// "custom.yaml:12:5: error: there is no macro 'containr'; did you mean 'container'?"
    std::string text() const;

    friend bool operator==(const rule_problem&, const rule_problem&) = default;
};

/// A plug-in that Falco loads, besides the one that knows containers.
struct loaded_plugin {
    std::string name{};     // "json"
    std::string version{};  // SemVer
    std::string source{};   // of the events that it brings, "k8s_audit"; mostly empty

    friend bool operator==(const loaded_plugin&, const loaded_plugin&) = default;
};

struct lint_options {
    std::string falco_version{};  // empty: the newest that is known
    /// Files that nobody can see are loaded as well: what is not there may be in them.
    bool others_unseen = false;
    /// Falco loads these and, unless others are unseen, no more: without any rule it would run in
    /// vain, which is an error then.
    bool                       complete = false;
    std::vector<loaded_plugin> plugins{};
};

/// All problems, in the order of files and lines: of the files from `first_of_the_users` on
/// everything, of those before them only errors. `loaded`: in Falco's order. Results and what was
/// read of the files are kept by digests of all contents, the most recent 4 MiB and 32 MiB: to ask
/// again costs little, and what has changed is a new question. Source:
/// https://falco.org/docs/concepts/rules/
std::vector<rule_problem> lint_rules(
    std::span<const rule_file> loaded, std::size_t first_of_the_users, const lint_options& options
);

/// What everybody's files are loaded behind is read before anybody asks: the first one does not
/// wait for it.
void read_ahead(const rule_file& file);

/// Whether there is an error among them.
bool refused(std::span<const rule_problem> problems) noexcept;

}  // namespace falconer::falco
