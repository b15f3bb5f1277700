// New rules need no release: versions that profiles name and that we do not have are pulled while
// we run, and kept on disk.
#pragma once

#include "falconer/falco/rule_files.hpp"
#include "falconer/metrics.hpp"
#include "falconer/time_source.hpp"
#include "oci/rules_shelf.hpp"
#include "oci/rules_source.hpp"

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace falconer::app {

struct rules_feed_options {
    oci::rules_source_options      source{.from = ""};  // from empty: there is no feed
    std::filesystem::path          cache{};
    std::vector<std::string>       artifacts = oci::rules_wish{}.artifacts;
    std::vector<oci::artifact_pin> pins{};
    std::chrono::seconds           every{3600};      // at the latest, what is missing is asked for
    std::chrono::seconds           first_pause{15};  // … after the first failure, then twice that

    friend bool operator==(const rules_feed_options&, const rules_feed_options&) = default;
};

/// Files are small and written only when a version is new: that much happens on the loop.
///
/// Lifetime : run() in a scope that is stopped before destruction.
/// Threading: the loop thread only.
class rules_feed {
public:
    /// Made anew for each round, so that it sees credentials and certificates that have changed.
    using source_maker = std::function<result<std::unique_ptr<oci::rules_source>>()>;
    struct neighbours {
        /// Versions that somebody needs and that come from nowhere else.
        std::function<std::set<std::string>()> wanted;
        /// Rules that were not known before, or not all of them.
        std::function<void(const std::string& version, const falco::rule_set& files)> gained;
        std::function<double()> chance;  // evenly from 0 to 1
    };

    rules_feed(
        time_source& time, metrics_registry& metrics, rules_feed_options opt, source_maker source,
        neighbours around
    );

    /// What is on disk, verified; what is damaged or not what it is pinned to is left out, and
    /// pulled again when it is wanted.
    falco::rule_catalogue cached();

    /// Somebody may want something else now.
    void       look() noexcept { bell_->ring(); }
    task<void> run();

private:
    struct attempt {
        steady_time          due{};
        std::chrono::seconds pause{0};
        std::string          said{};  // why not; said once
        bool                 whole = false;
    };

    oci::rules_wish wish_for(const std::string& version) const;
    task<void>      round();
    task<void>      pull(oci::rules_source& from, std::string version);
    void            failed(const std::string& version, const failure& why);
    void            succeeded(const std::string& version, oci::shelved_rules got);
    steady_time     next(const std::set<std::string>& wanted) const;

    time_source&                   time_;
    rules_feed_options             opt_;
    source_maker                   source_;
    neighbours                     around_;
    oci::rules_shelf               shelf_;
    counter&                       pulled_;
    counter&                       failures_;
    gauge&                         missing_;
    std::map<std::string, attempt> tried_{};
    std::set<std::string>          known_{};  // versions whose rules somebody has been given
    std::unique_ptr<bell>          bell_;
};

}  // namespace falconer::app
