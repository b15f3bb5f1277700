// What the validating review has against a config.
#pragma once

#include "review_case.hpp"

#include <string>
#include <vector>

namespace falconer::falco {

struct review_findings {
    field_problems           problems{};  // none: let it pass
    std::vector<std::string> warnings{};
};

/// `decoded`: of `path`. What could not be read is among the problems, beside whatever is wrong
/// with the rest.
review_findings check_review(
    const decoded_config& decoded, const review_case& is, const reviewed_entry& entry
);

}  // namespace falconer::falco
