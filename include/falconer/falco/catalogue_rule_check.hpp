// The rules of a review, read behind the standard files that their Falco loads before them.
#pragma once

#include "falconer/falco/review.hpp"
#include "falconer/falco/rule_files.hpp"

#include <memory>
#include <utility>

namespace falconer::falco {

/// Where the standard files of a version are not at hand, only what is wrong whatever they hold is
/// told.
class catalogue_rule_check final : public rule_check {
public:
    /// Errors of a file beyond that many are counted.
    static constexpr std::size_t most_told = 5;

    catalogue_rule_check() = default;
    explicit catalogue_rule_check(rule_catalogue standard)
        : standard_(std::make_shared<rule_catalogue>(std::move(standard))) {}

    /// From now on behind these; never null.
    void read_behind(std::shared_ptr<const rule_catalogue> standard) noexcept {
        standard_ = std::move(standard);
    }

    /// Some 10 ms for each standard file: before reviews are taken, so that none waits for it.
    void read_ahead() const;

    std::vector<std::vector<std::string>> problems_of(const rules_in_use& rules) const override;
    std::vector<std::vector<std::string>> skipped_in(const rules_in_use& rules) const override;

private:
    /// Those of the custom files that `told` picks.
    std::vector<std::vector<std::string>> told_of(
        const rules_in_use& rules, bool (*told)(const rule_problem&)
    ) const;

    std::shared_ptr<const rule_catalogue> standard_ = std::make_shared<rule_catalogue>();
};

}  // namespace falconer::falco
