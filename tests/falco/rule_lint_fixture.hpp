// A small set of rules, and what is said of a file behind it.
#pragma once

#include "falconer/falco/rule_lint.hpp"

#include <string>
#include <vector>

namespace falconer::falco {

inline const rule_file standard{"falco_rules.yaml", R"(
- list: shell_binaries
  items: [bash, sh]
- macro: never_true
  condition: (evt.num=0)
- macro: spawned_process
  condition: (evt.type in (execve, execveat))
- macro: container
  condition: (container.id != host)
- rule: Shell in container
  desc: A shell.
  condition: spawned_process and container and proc.name in (shell_binaries)
  output: A shell (command=%proc.cmdline)
  priority: NOTICE
)"};

inline std::vector<std::string> lint(const std::string& text, const lint_options& options = {}) {
    std::vector<std::string> texts;
    for (const auto& each : lint_rules(std::vector{standard, {"mine.yaml", text}}, 1, options))
        texts.push_back(each.text());
    return texts;
}

/// A rule with this condition.
inline std::string rule(const std::string& condition, const std::string& more = "") {
    return "- rule: Mine\n  desc: d\n  condition: " + condition +
           "\n  output: o\n  priority: INFO\n" + more;
}

}  // namespace falconer::falco
