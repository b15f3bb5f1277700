#include "versions.hpp"

#include "falconer/spelling.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace falconer::falco::rules {
namespace {

constexpr std::string_view                container_plugin = "container";
constexpr std::array<std::string_view, 3> plugin_keys{"name", "version", "alternatives"};

/// 15 is 0.15.0.
std::optional<semver> engine_version(const std::string& text) {
    const bool whole = !text.empty() && text.size() < 6 &&
                       text.find_first_not_of("0123456789") == std::string::npos;
    return semver::parse(whole ? "0." + std::to_string(std::stoi(text)) + ".0" : text);
}

/// Of one plug-in: whether Falco would load it; why not.
struct requirement {
    bool        readable = true;
    bool        met      = false;
    std::string why{};
    bool        perhaps = false;  // it may be newer than what is there
};

class plugin_checker {
public:
    plugin_checker(const loaded_file& file, const falco_release& release, problem_list& problems)
        : file_(file), release_(release), problems_(problems) {}

    void check(const node& entry) {
        std::vector<requirement> all;
        std::vector<std::string> names;
        const auto               add = [&](const node& one) {
            expect_keys(one, &one == &entry);
            auto       is       = read(one, names);
            const bool readable = is.readable;
            if (readable) all.push_back(std::move(is));
            return readable;
        };
        if (!add(entry)) return;
        if (const auto* more = entry.find("alternatives")) {
            if (!more->is->is_list())
                return error(more->at, "'alternatives' is a list, not " + kind_of(*more->is));
            for (const auto& each : more->is->items)
                if (!add(*each)) return;
        }
        const auto met = std::ranges::find(all, true, &requirement::met);
        if (met == all.end())
            error(entry.at, all.front().why);
        else if (met->perhaps)
            problems_.warning({&file_, entry.at}, met->why);
    }

private:
    void error(const place& at, std::string text) {
        problems_.error({&file_, at}, std::move(text));
    }

    /// An alternative has none of its own.
    void expect_keys(const node& entry, bool may_have_alternatives) {
        const auto known = std::span(plugin_keys).first(may_have_alternatives ? 3 : 2);
        for (const auto& [key, key_at, is] : entry.entries)
            if (std::ranges::find(known, key) == known.end())
                problems_.warning(
                    {&file_, key_at}, "a required plug-in has no key '" + in_one_line(key) + "'" +
                                          did_you_mean(key, known)
                );
    }

    requirement read(const node& entry, std::vector<std::string>& names) {
        requirement unreadable{.readable = false};
        if (!entry.is_map()) {
            error(entry.at, "a required plug-in is a mapping, not " + kind_of(entry));
            return unreadable;
        }
        for (const char* key : {"name", "version"}) {
            const auto* is = entry.find(key);
            if (is == nullptr || !is->is->is_scalar() || is->is->text.empty()) {
                error(entry.at, "a required plug-in has no '" + std::string(key) + "'");
                return unreadable;
            }
        }
        const auto& name   = entry.find("name")->is->text;
        const auto& wanted = *entry.find("version")->is;
        const auto  number = semver::parse(wanted.text);
        if (!number) {
            error(wanted.at, "'" + in_one_line(wanted.text) + "' is no version, such as 0.4.0");
            return unreadable;
        }
        if (std::ranges::find(names, name) != names.end()) {
            error(entry.at, "the plug-in '" + in_one_line(name) + "' is its own alternative");
            return unreadable;
        }
        names.push_back(name);
        if (const auto* loaded = release_.find_plugin(name)) return judged(*loaded, wanted.text);
        if (name != container_plugin || !release_.container)
            return {
                .why = "Falco " + release_.version + " does not come with the plug-in '" +
                       in_one_line(name) + "', and it is not chosen"
            };
        // All versions up to now are 0.x; another first number is another interface.
        if (*number >= *semver::parse("1.0.0"))
            return {
                .why = "Falco " + release_.version +
                       " comes with an older plug-in 'container' than " + wanted.text
            };
        return {
            .met = true,
            .why = "the plug-in 'container' of Falco " + release_.version + " may be older than " +
                   wanted.text,
            .perhaps = *number > semver::parse(*release_.container)
        };
    }

    /// As Falco has it: the same interface, which the first number counts, and not older.
    static requirement judged(const loaded_plugin& is, const std::string& wanted) {
        const auto first = [](std::string_view version) {
            return version.substr(0, version.find('.'));
        };
        const auto have = semver::parse(is.version);
        if (have && first(is.version) == first(wanted) && *have >= *semver::parse(wanted))
            return {.met = true};
        return {
            .why = "it needs the plug-in '" + in_one_line(is.name) + "' " + in_one_line(wanted) +
                   ", and " + in_one_line(is.version) + " is loaded"
        };
    }

    const loaded_file&   file_;
    const falco_release& release_;
    problem_list&        problems_;
};

}  // namespace

void check_engine_version(
    const loaded_file& file, const node_entry& required, const falco_release& release,
    problem_list& problems
) {
    const where at{&file, required.is->at};
    const auto number = required.is->is_scalar() ? engine_version(required.is->text) : std::nullopt;
    if (!number) {
        problems.error(
            at, kind_of(*required.is) + " is no version of Falco's rule engine, such as 0.57.0"
        );
        return;
    }
    if (*number <= *semver::parse(release.engine)) return;
    const auto needs = "it needs rule engine " + required.is->text;
    if (release.unknown)
        problems.warning(
            at, needs + ", and what Falco " + release.version + " has is not known here"
        );
    else
        problems.error(at, needs + ", Falco " + release.version + " has " + release.engine);
}

void check_plugin_versions(
    const loaded_file& file, const node_entry& required, const falco_release& release,
    problem_list& problems
) {
    if (!required.is->is_list()) {
        problems.error(
            {&file, required.is->at},
            "'required_plugin_versions' is a list, not " + kind_of(*required.is)
        );
        return;
    }
    plugin_checker checker(file, release, problems);
    for (const auto& each : required.is->items) checker.check(*each);
}

}  // namespace falconer::falco::rules
