#include "falcoctl_check.hpp"

#include "falconer/spelling.hpp"
#include "http_texts.hpp"
#include "kube_names.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

namespace falconer::falco {
namespace {

using texts = std::vector<std::string>;

std::string at(const std::string& path, std::size_t i) {
    return path + '[' + std::to_string(i) + ']';
}

class checker {
public:
    checker(const std::string& path, field_problems& problems) : path_(path), problems_(problems) {}

    /// Falcoctl ends with an error where it has nothing to install, and Falco waits for it.
    /// Source: falcosecurity/falcoctl, cmd/artifact/install/install.go.
    void check_install(const texts& refs) {
        if (refs.empty())
            complain(
                "install.refs",
                "is needed: Falco starts with what is installed, and without any rules sees "
                "nothing; name at least one artifact, such as falco-rules:5, or use resources: "
                "gardener"
            );
    }

    /// Source: falcosecurity/falcoctl, pkg/oci/types.go.
    void check_types(const texts& allowed) {
        constexpr std::array<std::string_view, 3> types{"rulesfile", "plugin", "asset"};
        for (std::size_t i = 0; i < allowed.size(); ++i)
            if (std::ranges::find(types, allowed[i]) == types.end())
                complain(
                    at("allowedTypes", i),
                    "there are no artifacts of type " + described(value(allowed[i])) +
                        did_you_mean(allowed[i], types) + "; there are: rulesfile, plugin, asset"
                );
    }

    /// An index that cannot be fetched keeps Falco from starting. Source: falcosecurity/falcoctl,
    /// pkg/index/fetch/fetch.go; a file would have to be in falcoctl's own container.
    void check_indexes(const std::vector<falcoctl_index>& all) {
        std::set<std::string_view> names;
        for (std::size_t i = 0; i < all.size(); ++i) {
            const auto  field = at("indexes", i);
            const auto& name  = all[i].name;
            const auto& url   = all[i].url;
            // What is empty has been said by whoever read it.
            if (!name.empty() && !is_data_key(name))
                complain(
                    field + ".name",
                    "a file is named after it: letters, digits, '-', '_' and '.', found " +
                        described(value(name))
                );
            else if (!name.empty() && !names.insert(name).second)
                complain(field + ".name", described(value(name)) + " is there twice");
            if (url.empty()) continue;
            const bool bucket = url.starts_with("gs://") || url.starts_with("s3://");
            const auto wrong =
                bucket ? problem_of_text(url) : problem_of_address(url, address_place::config);
            if (!wrong.empty()) complain(field + ".url", wrong + found_unless_secret(url));
        }
    }

    void check_references(const std::string& field, const texts& all) {
        for (std::size_t i = 0; i < all.size(); ++i)
            if (all[i].empty() || all[i].find(' ') != std::string::npos ||
                !problem_of_text(all[i]).empty())
                complain(
                    at(field, i),
                    "expected an artifact such as falco-rules:5 or "
                    "ghcr.io/falcosecurity/rules/falco-rules:5, found " +
                        described(value(all[i]))
                );
    }

private:
    void complain(const std::string& field, std::string what) {
        problems_.push_back({path_ + '.' + field, std::move(what)});
    }

    const std::string& path_;
    field_problems&    problems_;
};

}  // namespace

void check_falcoctl(
    const falcoctl_options& wanted, const std::string& path, field_problems& problems
) {
    const texts none{};
    const auto  install = wanted.install.value_or(falcoctl_install{}).refs.value_or(none);
    const auto  follow  = wanted.follow.value_or(falcoctl_follow{}).refs.value_or(none);
    checker     check(path, problems);
    check.check_install(install);
    check.check_types(wanted.allowed_types.value_or(none));
    check.check_indexes(wanted.indexes.value_or(std::vector<falcoctl_index>{}));
    check.check_references("install.refs", install);
    check.check_references("follow.refs", follow);
}

}  // namespace falconer::falco
