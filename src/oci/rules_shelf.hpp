// Pulled rules on disk: a folder for each version, taken whole or not at all.
#pragma once

#include "rules_source.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace falconer::oci {

/// The files are verified against their sources.json whenever they are read, so nothing needs to be
/// forced to the disk: what a power cut has left half is pulled again.
class rules_shelf {
public:
    explicit rules_shelf(std::filesystem::path folder) : folder_(std::move(folder)) {}

    enum class state {
        none,
        whole,
        damaged,  // the files are others than the record says, or it cannot be read
        foreign,  // nothing that we have put there: it has no record, or another version's
    };
    struct found {
        state        is = state::none;
        pulled_rules rules{};  // files: only of a whole one
        std::string  why{};    // damaged or foreign
    };
    found look(const std::string& version) const;

    /// Of which there is something, ours or not.
    std::vector<std::string> versions() const;

    /// In the place of what is there, in one step. Errors: unavailable; conflict, when what is
    /// there is not ours.
    result<void> put(const pulled_rules& rules) const;

    std::filesystem::path folder_of(const std::string& version) const { return folder_ / version; }

private:
    std::filesystem::path folder_;
};

struct shelved_rules {
    pulled_rules           rules{};
    bool                   fetched = false;  // false: all was there already
    std::optional<failure> unwritten{};      // they are here, but not on the shelf
};

/// What is on the shelf already, or else pulls it there. An artifact that was pulled before stays
/// pinned to what it was, unless the wish pins it; one that was absent is asked for again.
/// Errors: as pull_rules(); conflict. The shelf is as it was.
task<result<shelved_rules>> pull_to_shelf(rules_source& from, rules_shelf shelf, rules_wish wish);

/// Whether nothing of it is other than the wish's pins say.
bool meets_pins(const sources_record& record, const rules_wish& wish);

/// Whether what is on the shelf is all of the wish.
bool satisfies(const sources_record& record, const rules_wish& wish);

}  // namespace falconer::oci
