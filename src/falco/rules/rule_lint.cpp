#include "falconer/falco/rule_lint.hpp"

#include "digest.hpp"
#include "falco_release.hpp"
#include "recent.hpp"
#include "rule_checks.hpp"
#include "rule_reader.hpp"

#include <algorithm>
#include <utility>

namespace falconer::falco {
namespace {

using namespace rules;

// A verdict without complaints takes some 300 bytes: room for more different sets of files than a
// landscape has shoots, and for the trees of some ten versions' standard files with the users' own.
constexpr std::size_t most_result_bytes = 4U << 20;
constexpr std::size_t most_tree_bytes   = 32U << 20;

/// A file's tree does not depend on the others; the standard ones are everybody's, and asked for so
/// often that no crowd of users' files drives them out.
yaml_file tree_of(const rule_file& file) {
    static recent<yaml_file> trees(most_tree_bytes);
    auto                     key = sha256_hex(file.text);
    if (const auto* known = trees.find(key)) return *known;
    auto       made  = read_rule_yaml(file.text);
    const auto bytes = bytes_of(made);
    return trees.keep(std::move(key), std::move(made), bytes);
}

std::size_t bytes_of(const std::vector<rule_problem>& problems) {
    std::size_t bytes = problems.size() * sizeof(rule_problem);
    for (const auto& each : problems) bytes += each.file.capacity() + each.message.capacity();
    return bytes;
}

/// The heartbeat tells that Falco runs, and watches for nothing.
bool is_heartbeat(const rule_definition& is) {
    return is.at.file != nullptr && is.at.file->text.name() == heartbeat_file;
}

/// Told at the user's last file, which had the last word.
void check_that_something_is_watched_for(
    const rule_book& book, const lint_options& options, problem_list& problems
) {
    if (options.others_unseen || book.files.empty() || !book.files.back()->users) return;
    const where at{book.files.back().get(), {}};
    std::size_t rules = 0, enabled = 0;
    for (const auto& [name, rule] : book.rules) {
        if (is_heartbeat(rule)) continue;
        ++rules;
        if (rule.enabled) ++enabled;
    }
    if (rules == 0 && options.complete)
        problems.error(at, "there is no rule in any of the files: Falco would see nothing");
    else if (rules > 0 && enabled == 0)
        problems.warning(at, "every rule is disabled: Falco would see nothing");
}

std::vector<rule_problem> lint(
    std::span<const rule_file> loaded, std::size_t first_of_the_users, const lint_options& options,
    const falco_release& release
) {
    problem_list problems;
    rule_book    book;
    book.others_unseen = options.others_unseen;
    for (std::size_t i = 0; i < loaded.size(); ++i) {
        book.files.push_back(std::make_unique<loaded_file>(
            loaded_file{source_text(loaded[i].name, loaded[i].text), i, i >= first_of_the_users}
        ));
        const auto& file = *book.files.back();
        const auto  tree = tree_of(loaded[i]);
        if (tree.wrong)
            problems.error({&file, tree.wrong_at}, *tree.wrong);
        else
            read_rules(file, tree.documents, release, book, problems);
    }
    check_rules(book, release, problems);
    // What cannot be read may well be the rules.
    if (!problems.any_error()) check_that_something_is_watched_for(book, options, problems);
    return std::move(problems).done();
}

}  // namespace

std::string rule_problem::text() const {
    return file + ':' + std::to_string(line) + ':' + std::to_string(column) +
           (is == rule_severity::error ? ": error: " : ": warning: ") + message;
}

bool refused(std::span<const rule_problem> problems) noexcept {
    return std::ranges::any_of(problems, [](const rule_problem& each) {
        return each.is == rule_severity::error;
    });
}

void read_ahead(const rule_file& file) {
    static_cast<void>(tree_of(file));
}

std::vector<rule_problem> lint_rules(
    std::span<const rule_file> loaded, std::size_t first_of_the_users, const lint_options& options
) {
    static recent<std::vector<rule_problem>> results(most_result_bytes);
    auto                                     release = find_release(options.falco_version);
    if (!release)
        return {
            {.message = "'" + options.falco_version + "' is no version of Falco, such as 0.43.0"}
        };
    release->plugins = options.plugins;
    std::string all  = options.falco_version + '\n' + std::to_string(first_of_the_users) +
                      (options.others_unseen ? "+" : "") + (options.complete ? "!" : "");
    for (const auto& each : options.plugins)
        all += '\n' + each.name + '@' + each.version + '=' + each.source;
    for (const auto& file : loaded) all += '\n' + file.name + '\n' + sha256_hex(file.text);
    auto key = sha256_hex(all);
    if (const auto* known = results.find(key)) return *known;
    auto       found = lint(loaded, first_of_the_users, options, *release);
    const auto bytes = bytes_of(found);
    return results.keep(std::move(key), std::move(found), bytes);
}

}  // namespace falconer::falco
