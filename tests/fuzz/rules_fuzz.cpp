// Fuzzes rule files: whatever a ConfigMap holds, it is judged, quickly and with places that exist.
#include "falco/rules/condition.hpp"
#include "falconer/falco/rule_lint.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace falconer;

void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "broken: %s\n", what);
    std::abort();
}

const std::string base =
    "- macro: spawned_process\n  condition: evt.type in (execve, execveat)\n"
    "- list: shell_binaries\n  items: [bash, sh]\n"
    "- rule: Terminal shell in container\n  desc: d\n  condition: spawned_process and proc.name in "
    "(shell_binaries)\n  output: o %proc.name\n  priority: NOTICE\n";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    const auto        lines = std::ranges::count(text, '\n') + 2;

    const auto parsed = falco::rules::parse_condition(text);
    if (parsed.wrong) {
        require(parsed.wrong->at <= text.size(), "an error is in the text");
        require(!parsed.wrong->what.empty(), "an error says what");
    }

    const std::vector<falco::rule_file> files{{"base.yaml", base}, {"mine.yaml", text}};
    const auto                          found = falco::lint_rules(files, 1, {});
    for (const auto& each : found) {
        require(each.line >= 1 && each.line <= lines, "a problem is in a line");
        require(each.column >= 1, "a problem is in a column");
        require(each.message.find('\n') == each.message.npos, "a problem is one line");
        require(each.message.size() < 2'000, "a problem is short");
        require(
            each.file == "mine.yaml" || each.is == falco::rule_severity::error,
            "only the user is warned"
        );
    }
    require(found == falco::lint_rules(files, 1, {}), "twice the same");
    return 0;
}
