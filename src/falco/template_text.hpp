// <<.Variables>> in what operators write. Variables only, blanks allowed; put in before anything is
// serialised.
#pragma once

#include "falconer/result.hpp"
#include "falconer/value.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace falconer::falco {

using variables = std::function<result<std::string>(std::string_view name)>;

/// In every text within `of`. Errors: malformed, for what is no variable; what `is` answers.
result<value> expand(const value& of, const variables& is);
/// Whether any text within `of` names the variable.
bool mentions(const value& of, std::string_view name);

}  // namespace falconer::falco
