// Titles that the owner of a receiver words: text with fields in it, and nothing that is carried
// out.
#pragma once

#include "falconer/alerts/notification.hpp"
#include "falconer/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace falconer::alerts {

/// "{{level}} in {{labels.cluster}}: {{title}}". The fields: title, level, state, project,
/// receiver, count (of alerts), rule, summary, runbook (of the newest alert), labels.NAME (that all
/// its alerts share). What a field holds is put in as it is: braces in it are text. Plain text
/// comes out.
class message_template {
public:
    /// Errors: malformed: a field that there is not, braces that are not closed, too long.
    static result<message_template> parse(std::string_view text);

    std::string filled(const notification& what) const;

private:
    struct part {
        bool        field = false;
        std::string text{};  // or the field's name
    };
    std::vector<part> parts_{};
};

inline constexpr std::size_t longest_template = 512;  // bytes

}  // namespace falconer::alerts
